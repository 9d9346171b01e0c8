"""A paper that takes longer to read than the driver lives is read all the same, bit by bit."""

from __future__ import annotations

import gzip
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from i2l_batch.answer_lines import answer_in
from i2l_batch.batches import Key
from i2l_batch.committed import committed_documents
from i2l_batch.kept import KEPT_NAME
from i2l_batch.records import Transcript
from i2l_batch.results import open_results
from i2l_batch.stages import Piece
from tests.extract import pdfs
from tests.fake_readers import HashReader
from tests.faults import driver as program
from tests.formula_samples import files
from tests.processes import wait_until
from tests.runs import run

PAGES = 100
"""With a formula each, over which the driver's reader takes 15 seconds."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="drivers are told from others")


class SecondReader(HashReader):
    """Its answers can be told from those of the first."""

    def read(
        self, picks: list[tuple[int, int]], *chunks: list[Piece]
    ) -> tuple[list[Transcript], float]:
        answers, seconds = super().read(picks, *chunks)
        return [replace(answer, latex=f"second {answer.latex}") for answer in answers], seconds


def kept(output: Path) -> dict[Key, Transcript]:
    """What is kept for the next run; nothing while there is no file."""
    path = output / KEPT_NAME
    if not path.exists():
        return {}
    _, *lines = gzip.decompress(path.read_bytes()).decode().split("\n")
    return dict(map(answer_in, lines))


def formulas(output: Path) -> list[dict[str, Any]]:
    """All rows, with all columns."""
    return open_results(output).formulas().to_table().to_pylist()


def test_a_paper_is_read_over_several_deaths(
    tmp_path: Path, checkpoint: Path, cluster: str
) -> None:
    papers, output = tmp_path / "papers", tmp_path / "out"
    papers.mkdir()
    pdfs.paper(papers / "long.pdf", pages=PAGES, first=1000)
    before = kept(output)
    for number in (signal.SIGKILL, signal.SIGKILL, signal.SIGINT):
        with program.start(papers, output, checkpoint, cluster) as driver:
            wait_until(lambda: len(kept(output)) > len(before))  # noqa: B023
            driver.send_signal(number)
            assert driver.communicate(timeout=60) == (None, "")
        after = kept(output)
        assert before.items() <= after.items()
        before = after
    assert 0 < len(before) < PAGES
    account, _ = run([papers], output, checkpoint, reader=SecondReader)
    assert account.taken_over == len(before)
    assert open_results(output).runs()[-1]["counts"]["taken_over"] == len(before)
    found = formulas(output)
    second = [row for row in found if row["latex"].startswith("second ")]
    assert len(second) == PAGES - len(before)
    run([papers], tmp_path / "quiet", checkpoint)
    for row in second:
        row["latex"] = row["latex"].removeprefix("second ")
    assert found == formulas(tmp_path / "quiet")
    assert KEPT_NAME not in files(output)
    assert [document.attempts for document in committed_documents(output).values()] == [1]
