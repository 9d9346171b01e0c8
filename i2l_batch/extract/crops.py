"""Cutting formulas out of a rendered page: 8-bit grey PNGs with nothing else in them.

In: a PyMuPDF page, a box in points, and the boxes of what must not show. Out: the box of the real
ink, and the picture with a white margin around it. Knows nothing of how formulas are found.
"""

from __future__ import annotations

import io

import numpy as np
import pymupdf
from numpy.typing import NDArray
from PIL import Image

from i2l_batch.extract.glyphs import Rect

SEARCH = 3.0
"""Points around a box in which ink still counts as its own (slanted and overhanging glyphs)."""
MARGIN = 2.0
"""Points of background around the ink of a crop."""
_INK = 40
"""Grey levels that ink differs from the background; anti-aliased edges lie below."""


class PageCamera:
    """One page, drawn once into a display list, of which any part can be rendered."""

    def __init__(self, page: pymupdf.Page, dpi: int) -> None:
        # Annotations stay out: the coloured frames of links would look like ink.
        self._list = page.get_displaylist(annots=False)
        self._rect: pymupdf.Rect = page.rect
        self._zoom = dpi / 72

    def cut(self, box: Rect, own: list[Rect], foreign: list[Rect]) -> tuple[Rect, bytes] | None:
        """Ink box (points) and PNG of what stands in `box`; null where nothing is to be seen.

        Args:
            box: Points on the page.
            own: Boxes of the formula's glyphs, which are never painted over.
            foreign: Boxes of other glyphs, which are painted over where they intrude.
        """
        x0, y0, x1, y1 = box
        clip = pymupdf.Rect(x0 - SEARCH, y0 - SEARCH, x1 + SEARCH, y1 + SEARCH)
        grey, x, y = self._render(clip & self._rect)
        if grey.size == 0:
            return None
        background = int(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
        clean = grey.copy()
        for other in foreign:
            clean[self._window(other, x, y, 0.4)] = background
        for glyph in own:
            window = self._window(glyph, x, y, 0.6)
            clean[window] = grey[window]
        ink = np.abs(clean.astype(np.int16) - background) > _INK
        rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
        if len(rows) == 0:
            return None
        top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
        pad = round(MARGIN * self._zoom)
        framed = np.pad(clean[top:bottom, left:right], pad, constant_values=background)
        # The faint edges of anti-aliased glyphs lie outside of the ink box: take them back.
        _copy_frame(clean, framed, top - pad, left - pad)
        edges = (x + left, y + top, x + right, y + bottom)
        x0, y0, x1, y1 = (float(edge / self._zoom) for edge in edges)
        return (x0, y0, x1, y1), encode_png(framed)

    def whole(self) -> bytes:
        """PNG of the whole page."""
        return encode_png(self._render(self._rect)[0])

    def _render(self, clip: pymupdf.Rect) -> tuple[NDArray[np.uint8], int, int]:
        """Grey pixels (H, W) of a part of the page, and the pixel coordinates of its corner."""
        matrix = pymupdf.Matrix(self._zoom, self._zoom)
        pixmap = self._list.get_pixmap(matrix=matrix, colorspace=pymupdf.csGRAY, clip=clip)
        # A copy: the pixmap frees its samples when it goes, views of them or not.
        rows = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.stride)
        return rows[:, : pixmap.width], pixmap.x, pixmap.y

    def _window(self, box: Rect, x: int, y: int, grow: float) -> tuple[slice, slice]:
        """Index of the pixels that `box`, grown by `grow` points, covers."""
        zoom = self._zoom
        left, top = int((box[0] - grow) * zoom) - x, int((box[1] - grow) * zoom) - y
        right, bottom = int((box[2] + grow) * zoom) + 1 - x, int((box[3] + grow) * zoom) + 1 - y
        return slice(max(0, top), max(0, bottom)), slice(max(0, left), max(0, right))


def _copy_frame(source: NDArray[np.uint8], target: NDArray[np.uint8], top: int, left: int) -> None:
    """Fill `target` with the part of `source` that starts at (top, left), where there is one."""
    y0, x0 = max(0, top), max(0, left)
    y1 = min(source.shape[0], top + target.shape[0])
    x1 = min(source.shape[1], left + target.shape[1])
    target[y0 - top : y1 - top, x0 - left : x1 - left] = source[y0:y1, x0:x1]


def encode_png(grey: NDArray[np.uint8]) -> bytes:
    """An 8-bit grey picture (H, W) as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, format="png", compress_level=3)
    return buffer.getvalue()
