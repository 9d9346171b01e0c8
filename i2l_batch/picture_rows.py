"""The rows of a formula of several rows, as an `aligned` sets them.

In: ink, the size of its text. Out: the box of each row. Rows are told by the empty bands between
them; what a bracket, a brace or a fraction bar holds together is one row. Knows no models.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

GAP = 0.24
"""Body sizes that are empty between two rows, at least: TeX leaves three points (its `jot`) even
where they are tall, a quarter of 12 pt."""

LOW, LOW_GAP = 0.8, 0.36
"""Parts that are no taller need more: they may be limits, which have up to 0.3 between them and
their sum. Rows as low have more."""

LEAST = 0.5
"""Height of a row, at least: lower are limits, bars and relations, which belong to a neighbour."""

_BAR = 0.2
"""Body sizes within which a fraction bar is the outermost ink of its part. And so far what stands
above or below it may reach beyond its ends."""

_DARK = 48
"""Ink of a pixel from which on it is no dust."""


class RowBox(NamedTuple):
    """Where a row is, in pixels."""

    x0: int
    y0: int
    x1: int
    y1: int


def find_rows(ink: np.ndarray, em: float) -> list[RowBox]:
    """The rows of a formula, from top to bottom; at most one where it cannot be taken apart.

    Args:
        ink: (H, W) uint8, 0 empty.
        em: body size of its text in pixels.
    """
    dark = ink > _DARK
    edges = np.flatnonzero(np.diff(np.pad(dark.any(1).astype(np.int8), 1)))
    rows = [_box(dark, top, bottom) for top, bottom in edges.reshape(-1, 2).tolist()]
    rows = _merged(dark, rows, lambda a, b: b.y0 - a.y1 < GAP * em)
    rows = _merged(dark, rows, lambda a, b: _is_limit(a, b, em))
    while len(rows) > 1:
        low = min(range(len(rows)), key=lambda i: rows[i].y1 - rows[i].y0)
        if rows[low].y1 - rows[low].y0 >= LEAST * em:
            break
        above = rows[low].y0 - rows[low - 1].y1 if low else np.inf
        below = rows[low + 1].y0 - rows[low].y1 if low + 1 < len(rows) else np.inf
        first = low - 1 if above <= below else low
        rows[first : first + 2] = [_box(dark, rows[first].y0, rows[first + 1].y1)]
    return _merged(dark, rows, lambda a, b: _is_fraction(dark, a, b, em))


def _merged(
    dark: np.ndarray, rows: list[RowBox], belong: Callable[[RowBox, RowBox], bool]
) -> list[RowBox]:
    """The rows, neighbours that belong together as one."""
    found: list[RowBox] = []
    for row in rows:
        if found and belong(found[-1], row):
            row = _box(dark, found.pop().y0, row.y1)
        found.append(row)
    return found


def _is_limit(above: RowBox, below: RowBox, em: float) -> bool:
    """Whether one may be a limit of what is in the other."""
    is_low = min(above.y1 - above.y0, below.y1 - below.y0) < LOW * em
    return is_low and below.y0 - above.y1 < LOW_GAP * em


def _is_fraction(dark: np.ndarray, above: RowBox, below: RowBox, em: float) -> bool:
    """Whether one is what stands over or under a bar at the edge of the other."""
    strip = max(1, round(_BAR * em))
    bottom = _longest_line(dark[max(above.y0, above.y1 - strip) : above.y1])
    top = _longest_line(dark[below.y0 : min(below.y1, below.y0 + strip)])
    return _covers(bottom, below, strip) or _covers(top, above, strip)


def _covers(line: tuple[int, int], row: RowBox, slack: int) -> bool:
    return line[0] - slack <= row.x0 and row.x1 <= line[1] + slack


def _longest_line(strip: np.ndarray) -> tuple[int, int]:
    """Start and end of the longest horizontal line in a strip (h, W) of dark pixels."""
    best = (0, 0)
    for line in strip:
        edges = np.flatnonzero(np.diff(np.pad(line.astype(np.int8), 1))).reshape(-1, 2)
        if len(edges):
            start, end = edges[np.argmax(edges[:, 1] - edges[:, 0])].tolist()
            best = max(best, (start, end), key=lambda ends: ends[1] - ends[0])
    return best


def _box(dark: np.ndarray, top: int, bottom: int) -> RowBox:
    columns = np.flatnonzero(dark[top:bottom].any(0))
    return RowBox(int(columns[0]), top, int(columns[-1]) + 1, bottom)
