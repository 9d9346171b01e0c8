"""Which rows of a page are display formulas, and how far each formula reaches.

In: the `PageText` of a page and its size. Out: `Formula`s in reading order, boxes in points; an
equation number is beside its formula, not in it. Draws no pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

from i2l_batch.extract.figures import drop_figures
from i2l_batch.extract.glyphs import PageText, Piece, Rect
from i2l_batch.extract.numbers import Number, take_number
from i2l_batch.extract.prose import absorb, join_rows, mark_prose
from i2l_batch.extract.rows import Column, Row, body_size, columns, segments


@dataclass(slots=True)
class Formula:
    """A formula on a page."""

    box: Rect
    pieces: list[Piece]
    number: str | None
    size: float
    """Points of its main font."""


def find_displays(text: PageText, width: float) -> list[Formula]:
    """The display formulas of a page of `width` points, in reading order."""
    body = body_size(text)
    text = drop_figures(text, body)
    formulas: list[Formula] = []
    for column in columns(segments(text, body), width):
        formulas += _in_column(column, text.rules, body)
    return formulas


def _in_column(column: Column, rules: list[Rect], body: float) -> list[Formula]:
    rows, strays = join_rows(column.rows, body)
    numbers: list[Number] = []
    for row in rows:
        mark_prose(row, column, rows)
        if not row.prose and (number := take_number(row, column)):
            numbers.append(number)
            if row.pieces:
                row.measure()
    rows = [row for row in rows if row.pieces]
    prose = [row for row in rows if row.prose]
    strays = [stray for stray in strays if not absorb(stray, prose)]
    loose = [row for row in rows if not row.prose] + strays
    groups = _group(sorted(loose, key=lambda r: r.y0), prose, body)
    found = [_formula(group, numbers, rules, body) for group in groups if _is_formula(group, body)]
    return sorted(found, key=lambda f: f.box[1])


def _group(loose: list[Row], prose: list[Row], body: float) -> list[list[Row]]:
    """Rows that stand close above each other with no line of prose between."""
    groups: list[list[Row]] = []
    bottom = 0.0
    for row in loose:
        middle = (row.y0 + row.y1) / 2
        if groups and row.y0 - bottom < body:
            last = groups[-1]
            before = min([(r.y0 + r.y1) / 2 for r in last])
            parted = any(before < (p.y0 + p.y1) / 2 < middle for p in prose)
            if not parted:
                last.append(row)
                bottom = max(bottom, row.y1)
                continue
        groups.append([row])
        bottom = row.y1
    return groups


def _is_formula(group: list[Row], body: float) -> bool:
    pieces = [piece for row in group for piece in row.pieces]
    characters = sum([len(p.text) for p in pieces])
    math = [p for p in pieces if p.math]
    width = max([p.x1 for p in pieces]) - min([p.x0 for p in pieces])
    words = sum([p.width for p in pieces if p.letters])
    total = sum([p.width for p in pieces])
    if characters < 3 or not math or width < 1.5 * body:
        return False
    if max([p.size for p in pieces]) < 0.7 * body:
        return False
    return words < 0.5 * total and sum([p.width for p in math]) > 0.12 * total


def _formula(group: list[Row], numbers: list[Number], rules: list[Rect], body: float) -> Formula:
    pieces = [piece for row in group for piece in row.pieces]
    x0, y0 = min([p.x0 for p in pieces]), min([p.y0 for p in pieces])
    x1, y1 = max([p.x1 for p in pieces]), max([p.y1 for p in pieces])
    near = [r for r in rules if r[0] > x0 - body and r[2] < x1 + body and y0 - 3 < r[1] < y1 + 3]
    x0, y0 = min([x0, *[r[0] for r in near]]), min([y0, *[r[1] for r in near]])
    x1, y1 = max([x1, *[r[2] for r in near]]), max([y1, *[r[3] for r in near]])
    own = [n for n in numbers if y0 - 0.4 * body < n.middle < y1 + 0.4 * body]
    own.sort(key=lambda n: n.middle)
    sizes = sorted([p.size for p in pieces if p.height < 1.5 * p.size] or [body])
    main = [size for size in sizes if size > 0.8 * sizes[-1]]
    label = ",".join([n.text for n in own]) or None
    return Formula((x0, y0, x1, y1), pieces, label, main[len(main) // 2])
