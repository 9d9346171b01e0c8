"""Papers for runs that are disturbed, and the rows of one that is not."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.extract import pdfs
from tests.faults.plugs import SEED
from tests.runs import Rows, direct_rows

PAPERS = 25


@pytest.fixture(scope="session")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    for number in range(PAPERS):
        # No two formulas look the same, or they would be read only once.
        pdfs.paper(folder / f"{number:02d}.pdf", pages=1 + number % 2, first=10 + 2 * number)
    return folder


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """Papers to do something to, of many pages: while one is extracted, the next can change."""
    folder = tmp_path / "few"
    folder.mkdir()
    for number in range(6):
        pdfs.paper(folder / f"{number}.pdf", pages=4, first=10 + 4 * number)
    return folder


@pytest.fixture(scope="session")
def undisturbed(papers: Path) -> Rows:
    return direct_rows([papers])


@pytest.fixture
def chance() -> random.Random:
    """The source of all random choices; what pytest shows of a failed test tells how to have them
    again."""
    print(f"choices of I2L_FAULT_SEED={SEED}")
    return random.Random(SEED)
