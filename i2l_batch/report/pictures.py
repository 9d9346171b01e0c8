"""The pictures of a report on their way from the order they are stored in to that of the rows.

In: pictures in any order, each with the number of its row. Out: the picture of a row. They wait in
a scratch file: DuckDB runs out of 512 MB when it sorts 100,000 of them with their rows. Knows
nothing of what they show.
"""

from __future__ import annotations

import struct
import tempfile
from array import array
from collections.abc import Iterable
from pathlib import Path

_HEADER = struct.Struct(">8s4x4sII")
_PNG = (b"\x89PNG\r\n\x1a\n", b"IHDR")


class Pictures:
    """Pictures by the number of their row. The file has no name and ends with the process."""

    def __init__(self, folder: Path, size: int) -> None:
        """folder: where there is room for them. size: number of rows."""
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._spans = array("Q", bytes(16 * size))

    def keep(self, pictures: Iterable[tuple[int, bytes]]) -> None:
        """Take them all. What is no PNG is left out: its row has no picture."""
        end = 0
        for row, png in pictures:
            if png_size(png):
                self._spans[2 * row], self._spans[2 * row + 1] = end, len(png)
                end += self._file.write(png)

    def of(self, row: int) -> bytes | None:
        """The PNG of a row; None if it has no picture."""
        start, length = self._spans[2 * row : 2 * row + 2]
        self._file.seek(start)
        return self._file.read(length) or None

    def close(self) -> None:
        """Give the room back."""
        self._file.close()


def png_size(png: bytes) -> tuple[int, int] | None:
    """Width and height in pixels, out of the header; None if it is no PNG."""
    if len(png) < _HEADER.size:
        return None
    signature, chunk, width, height = _HEADER.unpack_from(png)
    return (width, height) if (signature, chunk) == _PNG and width and height else None
