"""Rendering: formulas to pictures with the place of every token, many formulas a TeX run.

In: token lists and a font. Out: per formula a grey picture and token boxes, or the reason why not.
An error that TeX reports rejects its formula, since TeX "recovers" and ships a wrong picture; a
formula that ends or hangs the run is the one at which it stopped: the others are set again without
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from i2l_batch.train.dataset.allowed import objection
from i2l_batch.train.dataset.marking import MAX_MARKS, mark, plain
from i2l_batch.train.dataset.raster import Page, PageError
from i2l_batch.train.dataset.tex import TIME_LIMIT, Sheet, typeset

MAX_PIXELS = 4000
"""Largest width or height of a picture; larger ones are rejected."""

MAX_RUN = 1000
"""Formulas that TeX is given at once: starting it takes as long as setting some hundreds, but one
that hangs costs the time limit of all."""

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
    left = list(texts)
    groups = [left[i : i + MAX_RUN] for i in range(0, len(left), MAX_RUN)]
    while groups:
        indices = groups.pop()
        sheet = typeset([texts[i][0] for i in indices], font, time_limit, points)
        for k, complaint in sheet.errors.items():
            results[indices[k]] = complaint
        for page, k in enumerate(sheet.formulas if sheet.pdf is not None else ()):
            i = indices[k]
            if faulty or k not in sheet.errors:
                try:
                    results[i] = _draw(sheet.pdf, page, dpis[i], texts[i][1])
                except PageError:
                    results[i] = "cannot be drawn"
        groups += _again(indices, sheet)
    return results


def _again(indices: list[int], sheet: Sheet) -> list[list[int]]:
    """Groups to try once more: what a run that ended early left over."""
    shipped = set(sheet.formulas) if sheet.pdf is not None else set()
    left = [i for k, i in enumerate(indices) if k not in shipped]
    if len(left) < len(indices):
        return [left] if left else []
    if sheet.ended_in is None:  # nothing is known of it
        half = len(left) // 2
        return [left[:half], left[half:]] if half else []
    if len(left) == 1:
        return []
    at = sheet.ended_in
    return [part for part in (left[:at], left[at : at + 1], left[at + 1 :]) if part]


def _draw(pdf: Any, number: int, dpi: float, marks: Sequence[int] | None) -> Rendering | str:
    """Picture of one page, and token boxes by their marks if there are any."""
    page = Page(pdf, number)
    if max(page.size()) * dpi / 72 > MAX_PIXELS:
        return f"is larger than {MAX_PIXELS} pixels"
    pixels = page.grey(dpi)
    ys, xs = (np.flatnonzero(pixels.min(axis) < _INK) for axis in (1, 0))
    if not len(ys):
        return "draws nothing"
    (y0, y1), (x0, x1) = (ys[0], ys[-1] + 1), (xs[0], xs[-1] + 1)
    if min(y0, x0) == 0 or y1 == pixels.shape[0] or x1 == pixels.shape[1]:
        return "draws outside of its box"
    boxes = np.zeros((0, 4), np.int16)
    if marks is not None:
        boxes = _token_boxes(page.colours(dpi), marks)
        # What is sharp may reach a pixel farther than what is smooth.
        inside = np.clip(boxes, (x0, y0, x0, y0), (x1, y1, x1, y1)) - (x0, y0, x0, y0)
        boxes = np.where(boxes.any(1, keepdims=True), inside, 0).astype(np.int16)
    return Rendering(pixels=pixels[y0:y1, x0:x1].copy(), boxes=boxes)


def _token_boxes(colours: np.ndarray, marks: Sequence[int]) -> np.ndarray:
    """Bounding box of each mark, by token: (T, 4) int16.

    Args:
        colours: (H, W) uint32, as `Page.colours` has them; nothing is drawn on the border.
        marks: of each token.
    """
    # Of a run of one colour, which the border keeps within its row, the two ends are enough.
    flat = colours.ravel()
    ends = np.flatnonzero(flat[1:] != flat[:-1])
    starts = np.concatenate([[0], ends[:-1] + 1])
    drawn = flat[ends] != 0
    starts, ends, colour = starts[drawn], ends[drawn], flat[ends][drawn]
    code = ((colour & 7) << 6 | (colour >> 8 & 7) << 3 | (colour >> 16 & 7)).astype(np.intp)
    code[(colour & 0xF8F8F8) != 0] = 0

    boxes = np.zeros((4, MAX_MARKS + 1), np.int16)
    ys, left = np.divmod(starts, colours.shape[1])
    # Of several runs of one mark, what is written last stays: so write the wanted one last.
    boxes[1][code[::-1]] = ys[::-1]
    boxes[3][code] = ys + 1
    boxes[0][code] = np.iinfo(np.int16).max
    np.minimum.at(boxes[0], code, left.astype(np.int16))
    np.maximum.at(boxes[2], code, (left + ends - starts + 1).astype(np.int16))
    boxes[:, 0] = 0
    return boxes.T[np.asarray(marks, np.intp)]
