"""Pictures as the model takes them: ink on an empty ground, cut to the ink, one text size.

In: a grey picture of one formula, black on white or the reverse. Out: uint8 ink (0 empty, 255
full). Knows nothing of files, PDFs or tensors.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from i2l_batch.ground import even_ground
from i2l_batch.picture_rows import RowBox, find_rows
from i2l_batch.text_size import estimate_em

EM_PIXELS = 16.0
"""Body size of the text that models read unless they say otherwise, in pixels: 10 pt at 116 dpi."""

EASY_EM = (12.0 / 14.0, 16.5 / 14.0)
"""Estimates of the body size, relative to the wanted one, within which a picture is left as it is:
the model learned these sizes too, resampling blurs, and an estimate is off by some percent."""

MARGIN = 4
"""Empty pixels around the ink."""

MAX_SIZE = (512, 1536)
"""Height and width that larger pictures are shrunk to: no formula in text size is larger."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture as the model takes it, and how it came about."""

    ink: np.ndarray
    """(h, w) uint8, `MARGIN` empty pixels around the ink."""
    sharp: np.ndarray
    """(H, W) uint8: the same ink in the given picture's own pixels, without a margin. Large, and
    needed only to find out where symbols are: (0, W) where it was left out."""
    flags: tuple[str, ...]
    """Out of `inverted`, `oversize`, `blank`, `rows`."""
    left: int
    """Column of the given picture at which the ink starts."""
    top: int
    """Row of the given picture at which the ink starts."""
    scale: float
    """Pixels of `ink` for one of the given picture."""
    rows: tuple[Prepared, ...] = ()
    """Of a formula of several rows each by itself, if they are to be read so."""

    def without_sharp(self) -> Prepared:
        """The same without `sharp`, for pictures that travel."""
        rows = tuple(row.without_sharp() for row in self.rows)
        return replace(self, sharp=self.sharp[:0], rows=rows)

    def to_given(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes (..., 4) x0 y0 x1 y1 in pixels of `ink`, as pixels of the given picture."""
        return (boxes - MARGIN) / self.scale + self._corner

    def from_given(self, boxes: np.ndarray) -> np.ndarray:
        """The reverse of `to_given`."""
        return (boxes - self._corner) * self.scale + MARGIN

    @property
    def _corner(self) -> np.ndarray:
        return np.array([self.left, self.top, self.left, self.top])


def png_size(png: bytes) -> tuple[int, int]:
    """Width and height of a picture, which is not decoded."""
    return Image.open(io.BytesIO(png)).size


def decode_png(png: bytes) -> np.ndarray:
    """(H, W) uint8 grey."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("L"))


def prepare(
    grey: np.ndarray,
    em: float | None,
    *,
    em_pixels: float = EM_PIXELS,
    max_size: tuple[int, int] = MAX_SIZE,
    by_rows: bool = False,
) -> Prepared:
    """Ink of a grey picture, cut out and scaled from a body size of `em` pixels to `em_pixels`.

    Args:
        grey: (H, W) uint8.
        em: body size in pixels; None to estimate it from the ink.
        em_pixels: the body size that the model reads.
        max_size: height and width, margin included, that the result is shrunk to.
        by_rows: also prepare each row of a formula of several rows.
    """
    flags: list[str] = []
    ink, box, inverted = find_ink(grey)
    if inverted:
        flags.append("inverted")
    if box is None:
        empty = np.zeros((2 * MARGIN + 8, 2 * MARGIN + 8), np.uint8)
        return Prepared(empty, empty, (*flags, "blank"), 0, 0, 1.0)
    ink = ink[box[1] : box[3], box[0] : box[2]]
    scale = em_pixels / em if em else _estimated_scale(ink, em_pixels)

    def fitted(part: RowBox, *noticed: str) -> Prepared:
        """A part of the ink as the model takes it."""
        sharp = ink[part.y0 : part.y1, part.x0 : part.x1]
        found, at, is_shrunk = _fitted(sharp, scale, max_size)
        if is_shrunk:
            noticed = (*noticed, "oversize")
        left, top = box[0] + part.x0, box[1] + part.y0
        return Prepared(found, sharp, (*flags, *noticed), left, top, at)

    boxes = find_rows(ink, em_pixels / scale) if by_rows else []
    if len(boxes) < 2:
        return fitted(RowBox(0, 0, *ink.shape[::-1]))
    rows = tuple(map(fitted, boxes))
    too_large = any("oversize" in row.flags for row in rows)
    noticed = (*flags, "rows", *["oversize"] * too_large)
    return replace(fitted(RowBox(0, 0, *ink.shape[::-1])), flags=noticed, rows=rows)


def _fitted(
    ink: np.ndarray, scale: float, max_size: tuple[int, int]
) -> tuple[np.ndarray, float, bool]:
    """Ink at a scale, or at `max_size` if that is smaller: with a margin, the scale, if it was."""
    limit = min((most - 2 * MARGIN) / size for most, size in zip(max_size, ink.shape, strict=True))
    is_shrunk = scale > limit
    scale = min(scale, limit)
    # Changes under 4 % only blur; but too large is too large.
    if abs(scale - 1) >= 0.04 or limit < 1:
        ink = rescale(ink, scale)
    else:
        scale = 1.0
    return np.pad(ink, MARGIN), scale, is_shrunk


def find_ink(grey: np.ndarray) -> tuple[np.ndarray, tuple[int, int, int, int] | None, bool]:
    """The ink (H, W) uint8 of a grey picture, its box x0 y0 x1 y1, and whether it was the lighter.

    The box is None for a picture without ink.
    """
    inverted = _is_dark(grey)
    ink = _stretch(even_ground(grey if inverted else 255 - grey))
    return ink, _ink_box(ink), inverted


def _estimated_scale(ink: np.ndarray, em_pixels: float) -> float:
    em = estimate_em(ink)
    return 1.0 if EASY_EM[0] <= em / em_pixels <= EASY_EM[1] else em_pixels / em


def rescale(ink: np.ndarray, scale: float) -> np.ndarray:
    """The picture (H, W) at another size."""
    height = max(1, round(ink.shape[0] * scale))
    width = max(1, round(ink.shape[1] * scale))
    method = Image.Resampling.BOX if scale <= 0.5 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(ink).resize((width, height), method))


def _is_dark(grey: np.ndarray) -> bool:
    """Whether the ground is dark: the border and the whole agree, or the border decides."""
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return float(np.median(border)) < 128 and float(np.median(grey)) < 128


def _stretch(ink: np.ndarray) -> np.ndarray:
    """Ink with its ground at 0 and its darkest marks at 255."""
    low = float(np.median(ink))
    marks = ink[ink > low + 16]  # not of all pixels: a formula may be a thousandth of its picture
    if not marks.size:
        return np.zeros_like(ink)
    high = float(np.quantile(marks, 0.99))
    if low < 1 and high > 239:
        return ink
    return np.clip((ink.astype(np.float32) - low) * (255 / (high - low)), 0, 255).astype(np.uint8)


def _ink_box(ink: np.ndarray) -> tuple[int, int, int, int] | None:
    """x0 y0 x1 y1 of the ink; None for an empty picture."""
    ys = np.flatnonzero((ink > 48).any(1))
    xs = np.flatnonzero((ink > 48).any(0))
    if not len(ys) or not len(xs):
        return None
    return int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1
