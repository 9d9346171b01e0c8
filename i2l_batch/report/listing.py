"""The scripts that hold the formulas of a report.

In: rows, the worst first. Out, in the folder `data`:

    index-000.js    what is sorted and filtered by, of up to 10,000 formulas, as columns
    rows-00000.js   what else is shown of 10 formulas: picture, MathML, other transcriptions

Scripts and not JSON: a page that was opened from the disk may load the one and not the other. Each
is one call of a function of report.js. The first index holds all that the first view needs; rows
are loaded for what is in view. Pictures stand in them: as files of their own they made a report of
100,000 formulas that took minutes to write, to copy and to remove. Knows nothing of pages.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from i2l_batch.printable import printable
from i2l_batch.report.mathml import mathml
from i2l_batch.report.pictures import Pictures, png_size
from i2l_batch.report.selection import Row
from i2l_batch.report.text import script

PER_INDEX = 10_000
INDEX_BYTES = 2_000_000
"""LaTeX in an index file at most, so that a file stays under 5 MB whatever its formulas are."""
PER_FILE = 10
"""Rows of a rows file: few, as a view in another order than this needs another file for each."""
_COLUMNS = ("id", "confidence", "place", "paper", "page", "number", "flags", "latex")


class Listing:
    """Takes rows and writes the files; `end` writes what is left."""

    def __init__(self, folder: Path, pictures: Pictures) -> None:
        """Begin in a folder, which is made. pictures: of the rows, by their number."""
        folder.mkdir()
        self._folder = folder
        self._pictures = pictures
        self._known: set[int] = set()
        self.rows = 0
        self.indexes = 0
        self._begin_index()
        self._details: list[dict[str, Any]] = []

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows, in the order in which they are given."""
        for row in rows:
            if self._bytes >= INDEX_BYTES or self.rows - self._first == PER_INDEX:
                self._write_index()
            self._note(row)
            self._details.append(_detail(row, self._pictures.of(self.rows)))
            self.rows += 1
            if len(self._details) == PER_FILE:
                self._write_details()

    def end(self) -> None:
        """Write the last files."""
        if self._details:
            self._write_details()
        if self.rows > self._first:
            self._write_index()

    def _note(self, row: Row) -> None:
        values = (
            row.formula_id,
            _short(row.confidence, 6),
            row.place,
            row.paper,
            row.page,
            None if row.number is None else printable(row.number),
            [printable(flag) for flag in row.flags] or None,
            row.latex,
        )
        for name, value in zip(_COLUMNS, values, strict=True):
            self._columns[name].append(value)
        if row.paper not in self._known:
            self._known.add(row.paper)
            self._papers.append((row.paper, printable(row.source)))
            self._bytes += len(row.source)
        self._bytes += len(row.latex.encode())

    def _write_index(self) -> None:
        facts = {"first": self._first, "papers": self._papers, **self._columns}
        path = self._folder / f"index-{self.indexes:03d}.js"
        path.write_bytes(script("i2l.index", facts))
        self.indexes += 1
        self._begin_index()

    def _begin_index(self) -> None:
        self._first = self.rows
        self._bytes = 0
        self._papers: list[tuple[int, str]] = []
        self._columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}

    def _write_details(self) -> None:
        number = (self.rows - 1) // PER_FILE
        path = self._folder / f"rows-{number:05d}.js"
        path.write_bytes(script("i2l.rows", number, self._details))
        self._details = []


def _detail(row: Row, picture: bytes | None) -> dict[str, Any]:
    return {
        "math": mathml(row.latex) if row.latex.strip() else None,
        "valid": row.valid,
        "kind": printable(row.kind),
        "dpi": row.dpi,
        "crop": picture and [*(png_size(picture) or ()), base64.b64encode(picture).decode()],
        "others": [[other["latex"], _short(other["score"], 3)] for other in row.alternatives],
    }


def _short(number: float, digits: int) -> float | None:
    """Rounded; None for infinity, which JSON has not."""
    return round(number, digits) if math.isfinite(number) else None
