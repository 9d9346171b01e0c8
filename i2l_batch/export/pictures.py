"""The pictures of formulas as files: crops/<formula_id>.png.

In: names and pictures. Out: the files, and their paths for the rows of an export. Knows nothing of
the other columns, but that the first is the formula's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from i2l_batch.durable import temporary_name
from i2l_batch.errors import StoreError
from i2l_batch.tables import Rows

FOLDER = "crops"

_ID = re.compile(r"[0-9a-f]+(?:-[0-9]+)*")


class Pictures:
    """The folder of the pictures of one export."""

    def __init__(self, above: Path) -> None:
        """Make the folder `crops` in `above`, if it is not there."""
        self._folder = above / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)
        self.saved = 0
        """Pictures written."""

    def save(self, pictures: Iterable[tuple[str, bytes]]) -> None:
        """Write pictures (formula_id, PNG), each of them whole or not at all."""
        for formula_id, png in pictures:
            if not _ID.fullmatch(formula_id):  # results of somebody else, made to write elsewhere
                raise StoreError(f"{formula_id!a} is no formula_id: i2l did not make these results")
            name = f"{formula_id}.png"
            temporary = self._folder / temporary_name(name)
            temporary.write_bytes(png)
            temporary.replace(self._folder / name)
            self.saved += 1


def with_paths(rows: Rows, way_up: str = "") -> Rows:
    """The rows with the path of the picture in the last column, or null.

    In: rows that tell there whether there is one. way_up: from the file with the rows to the folder
    above the pictures, such as `../`.
    """
    for row in rows:
        yield *row[:-1], f"{way_up}{FOLDER}/{row[0]}.png" if row[-1] else None
