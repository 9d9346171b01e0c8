"""What a page shows apart from running text: plots, pictures, ruled tables.

In: a `PageText`. Out: a `PageText` without the pieces and rules that lie in them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import ceil, floor

from i2l_batch.extract.glyphs import PageText, Piece, Rect

_CELL = 4.0
"""Points; shapes that are closer than one or two of these belong to one drawing."""


def drop_figures(text: PageText, body: float) -> PageText:
    """A copy of the page without labels of figures and cells of ruled tables."""
    zones = _drawn_zones(text, body) + _table_zones(text, body)
    if not zones:
        return text
    lines = [[p for p in line if not _inside(_middle(p), zones)] for line in text.lines]
    rules = [r for r in text.rules if not _inside(((r[0] + r[2]) / 2, r[1]), zones)]
    return replace(text, lines=[line for line in lines if line], rules=rules)


def _middle(piece: Piece) -> tuple[float, float]:
    return (piece.x0 + piece.x1) / 2, (piece.y0 + piece.y1) / 2


def _inside(point: tuple[float, float], zones: list[Rect]) -> bool:
    x, y = point
    return any(x0 < x < x1 and y0 < y < y1 for x0, y0, x1, y1 in zones)


def _drawn_zones(text: PageText, body: float) -> list[Rect]:
    """Boxes of pictures and of clusters of drawing, with the room that axis labels take."""
    clusters: list[tuple[Rect, int]] = []
    # Thousands of marks fall into few cells, so that a scatter plot costs no more than a graph.
    cells = Counter(_cells(box) for box in text.drawings)
    cells.update({_cells(box): 0 for box in text.rules})
    for (x0, y0, x1, y1), weight in sorted(cells.items()):
        grown = ((x0 - 1) * _CELL, (y0 - 1) * _CELL, (x1 + 1) * _CELL, (y1 + 1) * _CELL)
        apart: list[tuple[Rect, int]] = []
        for other, count in clusters:
            if _touch(grown, other):
                grown, weight = _join(grown, other), weight + count
            else:
                apart.append((other, count))
        clusters = [*apart, (grown, weight)]
    zones = [
        (b[0] - body, b[1] - body, b[2] + body, b[3] + body)
        for b, n in clusters
        if n >= 6
        and b[2] - b[0] > 3 * body
        and b[3] - b[1] > 3 * body
        and not _frames_text(b, text, body)
    ]
    pictures = [image for image in text.images if image[2] - image[0] > 2 * body]
    return zones + [image for image in pictures if not _frames_text(image, text, body)]


def _cells(box: Rect) -> tuple[int, int, int, int]:
    """The outermost cells that a box touches."""
    x0, y0, x1, y1 = (edge / _CELL for edge in box)
    return floor(x0), floor(y0), ceil(x1), ceil(y1)


def _frames_text(box: Rect, text: PageText, body: float) -> bool:
    """Whether a drawing is a frame around paragraphs rather than a figure."""
    lines = 0
    for line in text.lines:
        inside = box[0] < line[0].x0 and line[-1].x1 < box[2] and box[1] < line[0].y0 < box[3]
        if inside and line[0].size > 0.9 * body and sum([p.letters for p in line]) > 30:
            lines += 1
    return lines >= 2


def _touch(a: Rect, b: Rect) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _join(a: Rect, b: Rect) -> Rect:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _table_zones(text: PageText, body: float) -> list[Rect]:
    """Between the first and the last of three or more wide rules with the same ends."""
    zones: list[Rect] = []
    wide = [r for r in text.rules if r[2] - r[0] > 4.5 * body and not _is_flanked(r, text, body)]
    wide.sort(key=lambda r: r[1])
    while wide:
        x0, _, x1, _ = wide[0]
        same = [r for r in wide if abs(r[0] - x0) < 2 and abs(r[2] - x1) < 2]
        wide = [r for r in wide if r not in same]
        if len(same) >= 3:
            zones.append((x0, same[0][1], x1, same[-1][3]))
    return zones


def _is_flanked(rule: Rect, text: PageText, body: float) -> bool:
    """Whether something stands right beside a rule, as the equals sign does beside a bar."""
    x0, y, x1, _ = rule
    return any(
        piece.y0 - 0.1 * body < y < piece.y1 + 0.1 * body
        and (0 < piece.x0 - x1 + 1 < 1.5 * body or 0 < x0 - piece.x1 + 1 < 1.5 * body)
        for line in text.lines
        for piece in line
    )
