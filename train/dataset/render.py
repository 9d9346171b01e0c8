"""Rendering: formulas to pictures with the place of every token, many formulas a TeX run.

In: token lists and a font. Out: per formula a grey picture and token boxes, or the reason why not.
An error that TeX reports rejects its formula, since TeX "recovers" and ships a wrong picture; a
formula that ends or hangs the run is found by halving, and its neighbours are set without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from i2l_batch.train.dataset.allowed import objection
from i2l_batch.train.dataset.marking import mark
from i2l_batch.train.dataset.tex import TIME_LIMIT, typeset

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
    """(T, 4) int16: x0 y0 x1 y1 of each token's ink in pixels; all zero where it draws nothing."""


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
        marked: whether boxes are wanted; without, they are all zero.
        faulty: whether a formula that TeX complains about counts with what was drawn of it.
        time_limit: seconds for a TeX run, besides what its number of formulas takes.

    Raises:
        RenderError: pdflatex is not installed.
    """
    results: list[Rendering | str] = ["the TeX run ended early or took too long"] * len(formulas)
    pending: list[int] = []
    for i, tokens in enumerate(formulas):
        reason = objection(tokens)
        if reason is None:
            pending.append(i)
        else:
            results[i] = reason
    groups = [pending] if pending else []
    while groups:
        indices = groups.pop()
        marks = [mark(formulas[i], switches=marked) for i in indices]
        sheet = typeset([latex for latex, _ in marks], font, time_limit, points)
        if sheet.pdf is not None:
            for page, k in enumerate(sheet.formulas):
                i = indices[k]
                error = None if faulty else sheet.errors.get(k)
                results[i] = error or _draw(sheet.pdf, page, marks[k][1], dpis[i])
        shipped = set(sheet.formulas)
        groups += _again([i for k, i in enumerate(indices) if k not in shipped], len(indices))
    return results


def _again(left: list[int], tried: int) -> list[list[int]]:
    """Groups to try once more: what a broken run left; in halves when it left everything."""
    if len(left) < tried:
        return [left] if left else []
    half = len(left) // 2
    return [left[:half], left[half:]] if half else []


def _draw(pdf: Any, page: int, marks: Sequence[int], dpi: float) -> Rendering | str:
    """Picture and token boxes of one page."""
    import pymupdf

    display = pdf[page].get_displaylist()
    if max(display.rect.width, display.rect.height) * dpi / 72 > MAX_PIXELS:
        return f"is larger than {MAX_PIXELS} pixels"
    matrix = pymupdf.Matrix(dpi / 72, dpi / 72)
    pixels = _array(display.get_pixmap(matrix=matrix, colorspace=pymupdf.csGRAY, alpha=False))
    inked = np.argwhere(pixels < _INK)
    if not len(inked):
        return "draws nothing"
    (y0, x0), (y1, x1) = inked.min(0), inked.max(0) + 1
    if min(y0, x0) == 0 or y1 == pixels.shape[0] or x1 == pixels.shape[1]:
        return "draws outside of its box"
    # Without anti-aliasing every inked pixel has exactly the colour of its token.
    pymupdf.TOOLS.set_aa_level(0)
    try:
        sharp = display.get_pixmap(matrix=matrix, colorspace=pymupdf.csRGB, alpha=False)
    finally:
        pymupdf.TOOLS.set_aa_level(8)
    rgb = _array(sharp)[y0:y1, x0:x1].astype(int)
    code = (rgb[..., 0] << 6) | (rgb[..., 1] << 3) | rgb[..., 2]
    code[(rgb > 7).any(-1)] = 0
    return Rendering(pixels=pixels[y0:y1, x0:x1].copy(), boxes=_token_boxes(code, marks))


def _array(pixmap: Any) -> np.ndarray:
    """(H, W) or (H, W, 3) uint8."""
    rows = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.stride)
    pixels = rows[:, : pixmap.width * pixmap.n]
    return pixels if pixmap.n == 1 else pixels.reshape(pixmap.height, pixmap.width, pixmap.n)


def _token_boxes(code: np.ndarray, marks: Sequence[int]) -> np.ndarray:
    """Bounding box of each mark in a picture (H, W) of marks, as (T, 4) int16 by token."""
    ys, xs = np.nonzero(code)
    values = code[ys, xs]
    top = max(max(marks, default=0), int(values.max(initial=0))) + 1
    low = np.full((top, 2), 32767)
    high = np.zeros((top, 2), int)
    np.minimum.at(low, values, np.stack([xs, ys], 1))
    np.maximum.at(high, values, np.stack([xs, ys], 1) + 1)
    found = high[:, 0] > 0
    boxes = np.where(found[:, None], np.concatenate([low, high], 1), 0)
    boxes[0] = 0
    return boxes[np.asarray(marks, int)].astype(np.int16).reshape(-1, 4)
