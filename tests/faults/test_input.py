"""Papers that are changed, moved or deleted while a run works: each ends as rows of one state of
the file, or as a row that says why not, and the next run sees what is there then."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from i2l_batch.config import ExtractConfig
from i2l_batch.errors import SourceError
from i2l_batch.extract.files import file_sha256, unchanged
from i2l_batch.extract.pdf import extract_pdf
from tests.extract import pdfs
from tests.runs import direct_rows, documents, rows, run

pytestmark = pytest.mark.usefixtures("cluster")


def replace(path: Path, first: int) -> None:
    """Another paper of the same size in its place, which seems to be older."""
    size, seconds = path.stat().st_size, path.stat().st_mtime
    pdfs.paper(path, pages=4, first=first)
    assert path.stat().st_size == size
    os.utime(path, (seconds - 1000, seconds - 1000))


def test_between_its_listing_and_its_extraction(
    few: Path, tmp_path: Path, checkpoint: Path
) -> None:
    output, done = tmp_path / "out", list[bool]()

    def meddle(_: int) -> None:
        if not done:  # the first paper is being extracted
            done.append(True)
            replace(few / "2.pdf", first=60)
            pdfs.paper(few / "3.pdf", pages=2, first=70)
            (few / "4.pdf").rename(few / "8.pdf")
            (few / "5.pdf").unlink()

    account, _ = run([few], output, checkpoint, workers=1, meddle=meddle)
    assert (account.ok, account.failed, account.exit_code) == (4, 2, 1)
    found = documents(output)
    assert len(found) == 6
    for name in ("0.pdf", "1.pdf", "2.pdf", "3.pdf"):
        assert found[name]["source_sha256"] == file_sha256(str(few / name))
    for name in ("4.pdf", "5.pdf"):
        assert (found[name]["status"], found[name]["error_type"]) == ("failed", "unreadable")
        assert f"{few / name} cannot be read" in found[name]["error_message"]
    expected = direct_rows([few])
    moved = {name: row for name, row in expected.items() if name not in rows(output)}
    assert len(moved) == 4
    assert rows(output).items() <= expected.items()
    run([few], output, checkpoint)
    assert rows(output) == expected


@pytest.mark.parametrize("content", [b"no PDF at all", None])
def test_while_it_is_open(few: Path, content: bytes | None) -> None:
    """A good file that went at that moment was called corrupt."""
    path = few / "0.pdf"

    def extract() -> None:
        with unchanged(str(path)):
            path.unlink()
            if content:
                path.write_bytes(content)
            extract_pdf(str(path), ExtractConfig(), 1)

    with pytest.raises(SourceError, match="was changed, moved or deleted") as caught:
        extract()
    assert caught.value.error_type == "unreadable"


@pytest.mark.parametrize("deleted", [False, True])
def test_between_two_chunks_of_pages(
    few: Path, tmp_path: Path, checkpoint: Path, deleted: bool
) -> None:
    """A few crops lie extracted but unread at any time, so most pages come later."""
    path, output, done = pdfs.paper(few / "00.pdf", pages=20, first=100), tmp_path / "out", False
    other = pdfs.paper(tmp_path / "other.pdf", pages=19, first=200)

    def meddle(formulas: int) -> None:
        nonlocal done
        if formulas and not done:
            done = True
            path.unlink() if deleted else other.replace(path)

    account, _ = run(
        [path, few / "1.pdf"],
        output,
        checkpoint,
        extract=ExtractConfig(chunk_pages=1),
        meddle=meddle,
        batch_size=1,
    )
    assert (account.ok, account.partial) == (1, 1)
    row = documents(output)["00.pdf"]
    assert (row["status"], row["error_type"]) == ("partial", "unreadable")
    assert re.search("No such file|while it was read", row["error_message"])
    assert row["formulas"] >= 1
    if not deleted:
        run([path, few / "1.pdf"], output, checkpoint)
        assert rows(output) == direct_rows([path, few / "1.pdf"])
