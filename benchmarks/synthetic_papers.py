"""PDFs with formulas on their text layer, as many as are wanted.

In: a number and a seed. Out: files, the same ones for the same seed.
"""

from __future__ import annotations

import random
from pathlib import Path

import pymupdf

from tests.extract import pdfs


def make_papers(folder: Path, count: int, seed: int = 1) -> None:
    """PDFs of one or two pages with one to three formulas each, no two formulas alike."""
    chance = random.Random(seed)
    folder.mkdir(parents=True)
    for number in range(count):
        with pymupdf.open() as document:
            for _ in range(chance.randint(1, 2)):
                _page(document, chance.randint(1, 3), chance)
            document.save(folder / f"{number:06d}.pdf")


def make_book(path: Path, pages: int, seed: int = 1) -> None:
    """One PDF of so many pages, each with a formula."""
    chance = random.Random(seed)
    path.parent.mkdir(parents=True)
    with pymupdf.open() as document:
        for _ in range(pages):
            _page(document, 1, chance)
        document.save(path)


def _page(document: pymupdf.Document, formulas: int, chance: random.Random) -> None:
    page = document.new_page()
    y = pdfs.prose(page, 100)
    for number in range(1, formulas + 1):
        below = str(chance.randrange(10**8, 10**9))
        pdfs.formula(page, 200, y + 22, f"({number})", below=below)
        y = pdfs.prose(page, y + 48)
