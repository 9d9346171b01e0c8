"""Every crop is in exactly one batch at a time, and a document ends once all of them are read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from i2l_batch.batches import Key
from i2l_batch.errors import SourceError
from i2l_batch.pool import MAX_DEATHS, Pool
from i2l_batch.records import Box, Crop, Source, unread
from i2l_batch.resume import Decision
from i2l_batch.stages import Chunk
from i2l_batch.tickets import OpenDocument, Ticket

READ = replace(unread("crashed"), flags=())
CROP = Crop(
    page=1,
    index=0,
    kind="display",
    number=None,
    box=Box(x0=0, y0=0, x1=9, y1=9),
    page_width=99,
    page_height=99,
    dpi=None,
    em=None,
    png=b"",
)


def document() -> OpenDocument:
    source = Source(path="/in/a.pdf", name="a.pdf", num_bytes=5, media="pdf")
    return OpenDocument(Decision(source=source, action="transcribe", attempts=0))


def key(width: int) -> Key:
    return Key(10, width, b"%d" % width)


def chunk(widths: tuple[int, ...] = (), sha256: str | None = "00", **values: Any) -> Chunk:
    """Of pictures that are so wide, and look different if they differ in width."""
    keys = tuple(map(key, widths))
    empty = {"next_page": None, "page_errors": (), "notes": (), "error": None, "seconds": 1.0}
    return Chunk(source_sha256=sha256, num_pages=9, keys=keys, **(empty | values))


def tickets(widths: list[int]) -> list[Ticket]:
    """Of a document with one chunk."""
    one, part = document(), chunk(tuple(widths))
    one.chunks.append(0)
    one.take(part)
    return one.tickets(part)


@given(
    st.lists(st.lists(st.integers(1, 90), max_size=9), max_size=6),
    st.integers(1, 8),
    st.randoms(use_true_random=False),
)
def test_every_crop_is_read_once_whatever_dies(
    chunks: list[list[int]], size: int, chance: Any
) -> None:
    one, pool, crashed = document(), Pool(), 0
    for number, widths in enumerate(chunks):
        one.chunks.append(f"reference {number}")
        part = chunk(tuple(widths))
        assert one.take(part)
        pool.add(one.tickets(part))
    one.extracted = True
    while pool:
        waiting, suspect = len(pool), pool.next_is_suspect
        batch = chance.choice([pool.take, lambda most: pool.take_largest(most, 10**9)])(size)
        assert batch.is_suspect == suspect
        assert 1 <= len(batch.tickets) <= size
        assert len(pool) == waiting - len(batch.tickets)
        picks, references = batch.arguments()
        assert len(references) == len(set(references))
        for ticket, (reference, crop) in zip(batch.tickets, picks, strict=True):
            assert references[reference] == f"reference {ticket.chunk}"
            assert crop == ticket.crop
            assert ticket.key == key(chunks[ticket.chunk][crop])
            assert not ticket.deaths or len(batch.tickets) == 1
        fate = chance.choice(["read", "read", "died", "innocent"])
        if fate == "innocent":
            pool.put_back(batch)
        elif fate == "died":
            for ticket in pool.put_back_alone(batch):
                assert ticket.deaths == MAX_DEATHS
                ticket.answer(unread("crashed"))
                crashed += 1
        else:
            for ticket in batch.tickets:
                assert (ticket.chunk, ticket.crop) not in one.transcripts
                ticket.answer(unread("crashed"))
        assert one.is_done == (len(one.transcripts) == sum(map(len, chunks)))
    assert one.is_done


@given(st.lists(st.integers(1, 90), min_size=1, max_size=60), st.integers(1, 20))
def test_no_crop_that_stays_is_nearer_than_one_that_is_taken(widths: list[int], size: int) -> None:
    pool, left = Pool(), tickets(widths)
    pool.add(left)
    while left:
        chosen = pool.take(size).tickets
        assert left[0] in chosen  # it waits longest
        assert len(chosen) == min(size, len(left))
        distance = {t.crop: abs(t.key.area - left[0].key.area) for t in left}
        left = [t for t in left if t not in chosen]
        assert all(distance[t.crop] <= distance[u.crop] for t in chosen for u in left)
        assert len(pool) == len(left)


@given(
    st.lists(st.integers(1, 90), min_size=1, max_size=60), st.integers(1, 20), st.integers(1, 9_000)
)
def test_the_largest_go_first_as_many_as_are_allowed(
    widths: list[int], size: int, area: int
) -> None:
    pool = Pool()
    pool.add(tickets(widths))
    left = sorted(10 * width for width in widths)
    while left:
        assert pool.area == sum(left)
        taken = [ticket.key.area for ticket in pool.take_largest(size, area).tickets]
        left, largest = left[: -len(taken)], left[-len(taken) :]
        assert taken == largest
        assert len(taken) == 1 or (len(taken) <= size and sum(taken) <= area)
        assert not left or len(taken) == size or sum(taken) + left[-1] > area
    assert (len(pool), pool.area) == (0, 0)


def test_a_batch_is_the_oldest_crop_and_those_nearest_in_area() -> None:
    pool = Pool()
    pool.add(tickets([50, 10, 52, 90, 49]))
    assert sorted(t.key.width for t in pool.take(3).tickets) == [49, 50, 52]
    assert [t.key.width for t in pool.take(3).tickets] == [10, 90]


@pytest.mark.parametrize(
    ("chunks", "status", "error_type", "formulas"),
    [
        ([chunk((1, 2))], "ok", None, 2),
        ([chunk()], "empty", None, 0),
        ([chunk(notes=("page 1 is a scan",))], "empty", None, 0),
        ([chunk((1,), page_errors=("page 2: bad",))], "partial", None, 1),
        ([chunk(error=SourceError("corrupt", "bad"), sha256=None)], "failed", "corrupt", 0),
        ([chunk(error=SourceError("corrupt", "bad"))], "failed", "corrupt", 0),
        ([chunk((1,)), chunk(error=SourceError("timeout", "long"))], "partial", "timeout", 1),
        ([chunk((1,)), chunk((5, 6), sha256="11")], "partial", "unreadable", 1),
    ],
)
def test_how_a_document_ends(
    chunks: list[Chunk], status: str, error_type: str | None, formulas: int
) -> None:
    one = document()
    for number, part in enumerate(chunks):
        one.chunks.append(number)
        if one.take(part):
            for crop in range(len(part.keys)):
                one.transcripts[number, crop] = READ
    one.extracted = True
    assert one.is_done
    row = one.document("run")
    assert (row.status, row.error_type, row.formulas) == (status, error_type, formulas)
    assert len(one.chunks) == (0 if status == "failed" else 1)  # of the chunks that count
    assert row.source_sha256 == chunks[0].source_sha256  # of failed ones, too
    assert row.path == "/in/a.pdf"


def test_a_formula_that_crashes_the_model_makes_its_document_partial() -> None:
    one = document()
    one.chunks.append(0)
    one.take(chunk((1, 2)))
    one.transcripts |= {(0, 0): READ, (0, 1): unread("crashed")}
    one.extracted = True
    row = one.document("run")
    assert (row.status, row.error_message) == ("partial", "1 of 2 formulas crash the model")


def read(sizes: list[int]) -> OpenDocument:
    """A document that is read: so many crops in each chunk, whose reference is their number."""
    one = document()
    for number, size in enumerate(sizes):
        one.chunks.append(size)
        one.take(chunk((9,) * size))
        one.transcripts |= {(number, crop): READ for crop in range(size)}
    one.extracted = True
    return one


def test_crops_are_fetched_in_order() -> None:
    pairs = list(read([2, 0, 3]).crops(lambda size: [CROP] * size))
    assert pairs == [(CROP, READ)] * 5


@pytest.mark.parametrize("change", [-1, 1])
def test_other_crops_than_those_that_were_read_are_refused(change: int) -> None:
    """What Ray extracts again after a machine died may end otherwise."""
    one = read([2, 3])
    with pytest.raises(SourceError, match=r"crops were read, \d are there now"):
        list(one.crops(lambda size: [CROP] * (size + change)))
    one.lose(SourceError("crashed", "gone"))
    row = one.document("run")
    assert one.is_done
    assert (row.status, row.error_type, row.formulas) == ("failed", "crashed", 0)
