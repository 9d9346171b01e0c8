"""What a run does with an input, in view of what earlier runs did with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from i2l_batch.committed import CommittedDocument
from i2l_batch.errors import UsageError
from i2l_batch.extract.files import file_sha256
from i2l_batch.records import Problem, Source
from i2l_batch.resume import decide, decide_all


@pytest.mark.parametrize("status", ["ok", "failed"])
@pytest.mark.parametrize("retry", [False, True])
def test_what_is_done_with_an_input_that_is_known(tmp_path: Path, status: str, retry: bool) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"content")
    source = Source(path=str(path), name="a.pdf", num_bytes=7, media="pdf")

    def earlier(sha256: str | None, num_bytes: int = 7) -> CommittedDocument:
        return CommittedDocument(
            source_sha256=sha256,
            num_bytes=num_bytes,
            formulas=0,
            status=status,  # pyright: ignore[reportArgumentType]
            attempts=1,
        )

    same = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    known = "retry" if retry and status == "failed" else "skip"
    assert decide(source, None, retry).action == "transcribe"
    assert decide(source, earlier(same), retry).action == known
    assert decide(source, earlier(same), retry).attempts == 1
    assert decide(source, earlier(None), retry).action == known
    assert decide(source, earlier("0" * 64), retry).action == "redo"
    assert decide(source, earlier(same, 8), retry).action == "redo"
    assert decide(source, earlier("0" * 64), retry).attempts == 0


def test_decisions_come_in_order_and_are_told(tmp_path: Path) -> None:
    """More files than are read between two looks; each is decided as it would be alone."""
    sources, committed = list[Source | Problem](), dict[str, CommittedDocument]()
    for number in range(150):
        path = tmp_path / f"{number}.pdf"
        path.write_bytes(b"content")
        source = Source(path=str(path), name=path.name, num_bytes=7, media="pdf")
        if number % 3:
            sha256 = file_sha256(str(path)) if number % 3 == 1 else "0" * 64
            committed[path.name] = CommittedDocument(
                source_sha256=sha256, num_bytes=7, formulas=1, status="ok", attempts=1
            )
        sources.append(source)
    sources[0] = Problem(path="/no", name="no", num_bytes=0, error_type="unreadable", message="no")
    told = list[tuple[int, int]]()
    found = decide_all(sources, committed, False, tmp_path, lambda *seen: told.append(seen))
    actions = [decision.action if decision else None for decision in found]
    assert actions == [None, "skip", "redo", *["transcribe", "skip", "redo"] * 49]
    assert told[-1] == (150, 150)
    assert len(told) > 1


def test_a_file_does_not_replace_another_of_its_name(tmp_path: Path) -> None:
    old, new = tmp_path / "2020" / "001.pdf", tmp_path / "2021" / "001.pdf"
    for path in (old, new):
        path.parent.mkdir()
        path.write_bytes(path.parent.name.encode() * 9)
    source = Source(path=str(new), name="001.pdf", num_bytes=36, media="pdf")
    earlier = CommittedDocument(
        path=str(old), source_sha256=file_sha256(str(old)), num_bytes=36, formulas=1, status="ok",
        attempts=1,
    )  # fmt: skip

    def action() -> str:
        (found,) = decide_all([source], {"001.pdf": earlier}, False, Path("out"))
        assert found is not None
        return found.action

    with pytest.raises(UsageError) as caught:
        action()
    assert str(caught.value) == (
        f"001.pdf is already in out, from {old}: name the folder above both, or another -o"
    )
    old.unlink()  # it was moved, and then changed
    assert action() == "redo"
    old.symlink_to(new)
    assert action() == "redo"
    new.write_bytes(b"2020" * 9)  # it was copied
    old.unlink()
    old.write_bytes(new.read_bytes())
    assert action() == "skip"
