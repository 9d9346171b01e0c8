"""Rendering: formulas to pictures with the place of every token, many formulas a TeX run.

In: token lists and a font. Out: per formula a grey picture and token boxes, or the reason why not.
An error that TeX reports rejects its formula, since TeX "recovers" and ships a wrong picture; a
formula that ends the run stands last in TeX's log, one that hangs it is found by halving; the
others are set again without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from i2l_batch.train.dataset.allowed import objection
from i2l_batch.train.dataset.marking import MAX_MARKS, mark, plain
from i2l_batch.train.dataset.tex import TIME_LIMIT, Sheet, typeset

MAX_PIXELS = 4000
"""Largest width or height of a picture; larger ones are rejected."""

_INK = 240
"""Grey levels below this are ink."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendering:
    """One formula as a picture."""

    pixels: np.ndarray
    """(H, W) uint8 grey, black on white, cut to the ink. Marks lighten black by up to 7 levels."""
    boxes: np.ndarray
    """(T, 4) int16: x0 y0 x1 y1 of each token's ink in pixels, all zero where it draws nothing;
    (0, 4) when no boxes are wanted."""


def render(
    formulas: Sequence[Sequence[str]],
    dpis: Sequence[float],
    *,
    font: str = "computer-modern",
    points: int = 10,
    marked: bool = True,
    faulty: bool = False,
    time_limit: float = TIME_LIMIT,
) -> list[Rendering | str]:
    """Render each formula at its resolution (dots per inch); a string says why one failed.

    Args:
        formulas: tokens of each.
        dpis: one a formula.
        font: a name out of `FONTS`.
        points: body size, 10, 11 or 12.
        marked: whether boxes are wanted.
        faulty: whether a formula that TeX complains about counts with what was drawn of it.
        time_limit: seconds for a TeX run, besides what its number of formulas takes.

    Raises:
        RenderError: pdflatex is not installed.
    """
    results: list[Rendering | str] = ["the TeX run ended early or took too long"] * len(formulas)
    texts: dict[int, tuple[str, list[int] | None]] = {}
    for i, tokens in enumerate(formulas):
        if reason := objection(tokens):
            results[i] = reason
        else:
            texts[i] = mark(tokens) if marked else (plain(tokens), None)
    groups = [list(texts)] if texts else []
    while groups:
        indices = groups.pop()
        sheet = typeset([texts[i][0] for i in indices], font, time_limit, points)
        for k, complaint in sheet.errors.items():
            results[indices[k]] = complaint
        for page, k in enumerate(sheet.formulas if sheet.pdf is not None else ()):
            i = indices[k]
            if faulty or k not in sheet.errors:
                results[i] = _draw(sheet.pdf, page, dpis[i], texts[i][1])
        groups += _again(indices, sheet)
    return results


def _again(indices: list[int], sheet: Sheet) -> list[list[int]]:
    """Groups to try once more: what a run that ended early left over."""
    shipped = set(sheet.formulas) if sheet.pdf is not None else set()
    left = [i for k, i in enumerate(indices) if k not in shipped]
    if len(left) < len(indices):
        return [left] if left else []
    if sheet.ended_in is None:  # it took too long, nobody knows where
        half = len(left) // 2
        return [left[:half], left[half:]] if half else []
    guilty = left.pop(sheet.ended_in)
    return [left, [guilty]] if left else []


def _draw(pdf: Any, page: int, dpi: float, marks: Sequence[int] | None) -> Rendering | str:
    """Picture of one page, and token boxes by their marks if there are any."""
    import pymupdf

    loaded = pdf[page]
    if max(loaded.rect.width, loaded.rect.height) * dpi / 72 > MAX_PIXELS:
        return f"is larger than {MAX_PIXELS} pixels"
    matrix = pymupdf.Matrix(dpi / 72, dpi / 72)
    # What is drawn twice is read once.
    page_or_list = loaded if marks is None else loaded.get_displaylist()
    grey = page_or_list.get_pixmap(matrix=matrix, colorspace=pymupdf.csGRAY, alpha=False)
    pixels = _array(grey)
    ys, xs = (np.flatnonzero(pixels.min(axis) < _INK) for axis in (1, 0))
    if not len(ys):
        return "draws nothing"
    (y0, y1), (x0, x1) = (ys[0], ys[-1] + 1), (xs[0], xs[-1] + 1)
    if min(y0, x0) == 0 or y1 == pixels.shape[0] or x1 == pixels.shape[1]:
        return "draws outside of its box"
    boxes = np.zeros((0, 4), np.int16)
    if marks is not None:
        ink = pymupdf.Rect(x0, y0, x1, y1) * ~matrix
        # Without anti-aliasing every inked pixel has exactly the colour of its token.
        pymupdf.TOOLS.set_aa_level(0)
        try:
            sharp = page_or_list.get_pixmap(
                matrix=matrix, colorspace=pymupdf.csRGB, alpha=False, clip=ink
            )
        finally:
            pymupdf.TOOLS.set_aa_level(8)
        boxes = _token_boxes(_array(sharp), marks)
    return Rendering(pixels=pixels[y0:y1, x0:x1].copy(), boxes=boxes)


def _array(pixmap: Any) -> np.ndarray:
    """(H, W) or (H, W, 3) uint8: a view, good for as long as the pixmap is there."""
    rows = np.frombuffer(pixmap.samples_mv, np.uint8).reshape(pixmap.height, pixmap.stride)
    pixels = rows[:, : pixmap.width * pixmap.n]
    return pixels if pixmap.n == 1 else pixels.reshape(pixmap.height, pixmap.width, pixmap.n)


def _token_boxes(rgb: np.ndarray, marks: Sequence[int]) -> np.ndarray:
    """Bounding box of each mark in a picture (H, W, 3) of marks, as (T, 4) int16 by token."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    inked = np.flatnonzero((red | green | blue) < 8)
    ys, xs = np.divmod(inked, rgb.shape[1])
    code = (red[ys, xs].astype(np.int32) << 6) | (green[ys, xs] << 3) | blue[ys, xs]
    boxes = np.zeros((MAX_MARKS + 1, 4), np.int16)
    # Of several pixels of one mark, the last one written stays: so write the wanted one last.
    boxes[code[::-1], 1] = ys[::-1]
    boxes[code, 3] = ys + 1
    across = np.argsort(xs.astype(np.int16), kind="stable")
    xs, code = xs[across], code[across]
    boxes[code[::-1], 0] = xs[::-1]
    boxes[code, 2] = xs + 1
    boxes[0] = 0
    return boxes[np.asarray(marks, np.intp)]
