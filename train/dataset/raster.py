"""Pages of a PDF as pixels, with MuPDF's own functions: PyMuPDF's cost twice as much a page.

In: a PDF. Out: grey pictures, and which mark each pixel was drawn in. Knows nothing of formulas.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np


@cache
def _mupdf() -> Any:
    import pymupdf
    import pymupdf.mupdf as functions

    pymupdf.TOOLS.mupdf_display_errors(False)
    return functions


class PageError(Exception):
    """MuPDF cannot read the document or draw the page."""


@contextmanager
def _drawing() -> Iterator[Any]:
    """MuPDF's functions, whose errors become PageError."""
    mupdf = _mupdf()
    try:
        yield mupdf
    except mupdf.FzErrorBase as error:
        raise PageError(str(error)) from error


def open_pdf(path: Path) -> Any:
    """A document. The file is open from now on, and may be removed.

    Raises:
        PageError: it cannot be read.
    """
    with _drawing() as mupdf:
        return mupdf.fz_open_document(str(path))


def count_pages(pdf: Any) -> int:
    """How many pages a document has; PageError when it cannot be read."""
    with _drawing() as mupdf:
        return mupdf.fz_count_pages(pdf)


class Page:
    """One page, read once however often it is drawn. What cannot be drawn raises PageError."""

    def __init__(self, pdf: Any, number: int) -> None:
        with _drawing() as mupdf:
            self._page = mupdf.fz_load_page(pdf, number)

    def size(self) -> tuple[float, float]:
        """Width and height in PDF points."""
        with _drawing() as mupdf:
            rect = mupdf.fz_bound_page(self._page)
        return rect.x1 - rect.x0, rect.y1 - rect.y0

    def grey(self, dpi: float) -> np.ndarray:
        """(H, W) uint8, black on white."""
        with _drawing() as mupdf:
            colours = mupdf.FzColorspace(mupdf.FzColorspace.Fixed_GRAY)
            pixmap = mupdf.fz_new_pixmap_from_page(self._page, _scale(dpi), colours, 0)
        rows = _samples(pixmap).reshape(pixmap.h(), pixmap.stride())
        return rows[:, : pixmap.w()].copy()

    def colours(self, dpi: float) -> np.ndarray:
        """(H, W) uint32 without anti-aliasing: 0 where nothing is drawn, elsewhere the colour that
        was drawn last, red in the lowest byte, green and blue above it, 255 in the highest."""
        with _drawing() as mupdf:
            colours = mupdf.FzColorspace(mupdf.FzColorspace.Fixed_RGB)
            mupdf.fz_set_aa_level(0)
            try:
                pixmap = mupdf.fz_new_pixmap_from_page(self._page, _scale(dpi), colours, 1)
            finally:
                mupdf.fz_set_aa_level(8)
        return _samples(pixmap).view("<u4").reshape(pixmap.h(), pixmap.w()).copy()


def _scale(dpi: float) -> Any:
    return _mupdf().FzMatrix(dpi / 72, 0, 0, dpi / 72, 0, 0)


def _samples(pixmap: Any) -> np.ndarray:
    """The bytes of a pixmap: a view, good for as long as the pixmap is there."""
    return np.frombuffer(_mupdf().fz_pixmap_samples_memoryview(pixmap), np.uint8)
