"""What was read of papers that are not committed comes back in the next run, exactly; or does not
count."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from i2l_batch.answer_lines import answer_in, line_of
from i2l_batch.batches import ON_CPU, Key
from i2l_batch.errors import StoreError
from i2l_batch.kept import KEPT_NAME
from i2l_batch.pace import CALL_SECONDS, Pace
from i2l_batch.records import Box, Candidate, Symbol, Transcript, unread
from i2l_batch.results import open_results
from i2l_batch.store import Store
from i2l_batch.tickets import Ticket
from i2l_batch.unfinished import Unfinished
from tests.formula_samples import MODEL, SETTINGS, add, files, open_store
from tests.full_disk import room_for
from tests.test_tickets import READ, key, tickets

finite = st.floats(allow_nan=False, allow_infinity=False)
boxes = st.builds(Box, x0=finite, y0=finite, x1=finite, y1=finite)
symbols = st.builds(Symbol, token=st.text(), box=st.none() | boxes, weight=st.none() | finite)
answers = st.builds(
    Transcript,
    latex=st.text(),
    confidence=finite,
    score=finite,
    lowest=finite,
    num_tokens=st.integers(0, 300),
    stop=st.sampled_from(["eos", "length"]),
    valid=st.booleans(),
    flags=st.lists(st.text()).map(tuple),
    alternatives=st.lists(st.builds(Candidate, latex=st.text(), score=finite)).map(tuple),
    symbols=st.none() | st.lists(symbols).map(tuple),
)
keys = st.builds(Key, st.integers(0), st.integers(0), st.binary())


@given(keys, answers)
def test_a_line_is_exactly_the_answer(key: Key, answer: Transcript) -> None:
    line = line_of(key, answer)
    assert "\n" not in line
    assert answer_in(line) == (key, answer)


def read(unfinished: Unfinished, widths: Iterable[int]) -> list[Ticket]:
    """A document whose pictures are so wide has been read."""
    found = tickets(list(widths))
    for ticket in found:
        ticket.answer(READ)
    unfinished.note(found)
    return found


def left(folder: Path, widths: Iterable[int] = (1, 2, 3)) -> bytes:
    """The file that a run leaves which dies over a paper: its content."""
    store = open_store(folder)
    unfinished = Unfinished(store)
    read(unfinished, widths)
    unfinished.save()
    store.close(status="failed", counts={}, timings={})
    return (folder / KEPT_NAME).read_bytes()


def found(store: Store, widths: Iterable[int] = (1, 2, 3)) -> list[int]:
    """Widths of the pictures that an earlier run has read."""
    unfinished = Unfinished(store)
    known = {width: unfinished.find(key(width)) for width in widths}
    assert set(known.values()) <= {READ, None}
    return [width for width, answer in known.items() if answer]


def test_the_next_run_finds_what_was_read(tmp_path: Path) -> None:
    left(tmp_path)
    with open_store(tmp_path) as store:
        unfinished = Unfinished(store)
        assert unfinished.find(key(2)) == READ
        assert unfinished.find(key(2)) is None  # it is told once
        assert unfinished.find(key(9)) is None
        assert unfinished.taken_over == 1
    assert files(tmp_path) == {f"runs/{run['run']}.json" for run in open_results(tmp_path).runs()}


def test_what_nobody_has_asked_for_yet_is_left_to_the_run_after_it(tmp_path: Path) -> None:
    """It is killed before it comes to the pages that the first one has read."""
    left(tmp_path)
    left(tmp_path, [7])
    store = open_store(tmp_path)
    assert found(store, [1, 2, 3, 7, 8]) == [1, 2, 3, 7]
    store.close(status="finished", counts={}, timings={})


def test_answers_of_committed_papers_go(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        unfinished = Unfinished(store, pause=0.0)
        read(unfinished, [1])
        unfinished.save_if_due()
        add(store, "a.pdf")
        unfinished.end("a.pdf")
        unfinished.save_if_due()
        assert KEPT_NAME in files(tmp_path)  # it could be killed before the commit
        store.flush()
        unfinished.save()
        assert KEPT_NAME not in files(tmp_path)


def test_short_papers_cost_no_file(tmp_path: Path) -> None:
    with open_store(tmp_path, part_seconds=0.0) as store:
        unfinished = Unfinished(store)
        for width in range(20):
            read(unfinished, [width])
            add(store, "a.pdf", version=str(width))
            unfinished.end("a.pdf")
            unfinished.save_if_due()
        unfinished.save()
        assert KEPT_NAME not in files(tmp_path)


def test_what_could_not_be_read_is_tried_again(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        unfinished = Unfinished(store)
        (ticket,) = tickets([5])
        ticket.answer(unread("out_of_memory"))
        unfinished.note([ticket])
        unfinished.save()
        assert KEPT_NAME not in files(tmp_path)


def test_a_damaged_file_does_not_count(tmp_path: Path) -> None:
    """Cut anywhere, or with any wrong bit; unless it says the same all the same."""
    whole = left(tmp_path, range(4))
    cut = [whole[:size] for size in range(len(whole))]
    cut += [whole + b"x", b"\0" * len(whole), gzip.compress(b"[]"), gzip.compress(b"\xff")]
    wrong = [whole[:i] + bytes([whole[i] ^ 16]) + whole[i + 1 :] for i in range(len(whole))]
    store = open_store(tmp_path)
    told = []
    for content in cut + wrong:
        (tmp_path / KEPT_NAME).write_bytes(content)
        told.append(found(store, range(4)))
    assert not any(told[: len(cut)])
    assert [all_of_it for all_of_it in told if all_of_it] == [[0, 1, 2, 3]] * sum(map(bool, told))
    assert sum(map(bool, told)) < 8  # of the header, such as its time, and what fills the last byte
    store.close(status="finished", counts={}, timings={})
    assert KEPT_NAME not in files(tmp_path)


def test_lines_of_another_state_of_the_code_do_not_count(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.kept.write(['[1, 2, "00", {"flags": [], "alternatives": [], "symbols": null}]'])
        assert found(store) == []


def test_answers_of_other_settings_or_models_do_not_count(tmp_path: Path) -> None:
    for options in (
        {"settings": SETTINGS | {"beam_size": 2}},
        {"model": MODEL | {"sha256": "cd" * 32}},
        {"overwrite": True},
    ):
        left(tmp_path)
        with open_store(tmp_path, **options) as store:
            assert found(store) == []
        assert KEPT_NAME not in files(tmp_path)
    left(tmp_path)
    with open_store(tmp_path) as store:
        assert found(store) == [1, 2, 3]


def test_a_full_disk_ends_the_run_as_a_commit_does(tmp_path: Path) -> None:
    left(tmp_path)
    with open_store(tmp_path) as store:
        unfinished = Unfinished(store)
        read(unfinished, range(5000))
        with room_for(5000), pytest.raises(StoreError, match=r"unfinished.*make room or choose"):
            unfinished.save()
        assert found(store) == [1, 2, 3]  # what was there is whole
        unfinished.save()  # there is room again
        assert found(store, range(5000)) == list(range(5000))


def test_a_half_written_file_is_removed(tmp_path: Path) -> None:
    left(tmp_path)
    (tmp_path / f".{KEPT_NAME}.tmp").write_bytes(b"half")
    with open_store(tmp_path) as store:
        assert not (tmp_path / f".{KEPT_NAME}.tmp").exists()
        assert found(store) == [1, 2, 3]


def test_writing_takes_a_bounded_share_of_the_time(tmp_path: Path) -> None:
    """The longer it takes, the longer the pause; so it needs no bound on the answers."""
    with open_store(tmp_path) as store:
        unfinished = Unfinished(store, pause=0.0)
        read(unfinished, range(4_000))
        began = time.monotonic()
        unfinished.save_if_due()
        took, first = time.monotonic() - began, (tmp_path / KEPT_NAME).stat().st_ino
        read(unfinished, [4_000])
        while time.monotonic() - began < 20 * took:  # in a hundredth it would be a share of 5 %
            unfinished.save_if_due()
            assert (tmp_path / KEPT_NAME).stat().st_ino == first
            time.sleep(took)


def test_the_next_run_knows_whether_the_last_one_ended_in_order(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        assert not store.kept.follows_a_death
    store = open_store(tmp_path)
    assert not store.kept.follows_a_death
    store.close(status="failed", counts={}, timings={})
    with open_store(tmp_path) as store:
        assert store.kept.follows_a_death


def test_calls_keep_within_their_time() -> None:
    """On machines that take so many seconds for a crop, with so many readers at once."""
    for each in (0.001, 0.1, 0.5, 9.0):
        for readers in (1, 10):
            pace, sizes = Pace(ON_CPU, readers, careful=True), []
            for _ in range(40):
                sizes.append(pace.call(10_000))
                for _ in range(readers):
                    pace.note(sizes[-1], each * sizes[-1])
            assert all(each * size <= 2 * CALL_SECONDS or size == 1 for size in sizes[1:])
            assert all(each * size >= CALL_SECONDS / 4 or size == 64 for size in sizes[20:])
    calm = Pace(ON_CPU, 2, careful=False)
    calm.note(64, 1e9)
    calm.note(2, 0.1)
    assert calm.call(10_000) == calm.most == 64


def test_few_crops_are_shared_among_the_readers() -> None:
    pace = Pace(ON_CPU, 3, careful=False)
    assert [pace.call(n) for n in (1, 48, 60, 384, 600)] == [8, 8, 10, 64, 64]
