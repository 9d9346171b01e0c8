"""Which rows of a page are display formulas, and how far each formula reaches.

In: the `PageText` of a page and its width. Out: `Formula`s in reading order, boxes in points; an
equation number is beside its formula, not in it. Draws no pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from i2l_batch.extract.figures import drop_figures
from i2l_batch.extract.fractions import bind_words
from i2l_batch.extract.glyphs import PageText, Piece, Rect
from i2l_batch.extract.inline import inline_runs
from i2l_batch.extract.numbers import Number, number_edges, take_number
from i2l_batch.extract.prose import absorb, join_rows, mark_prose
from i2l_batch.extract.rows import Column, Row, body_size, columns, drop_line_numbers, segments
from i2l_batch.records import Kind


@dataclass(slots=True)
class Formula:
    """A formula on a page."""

    kind: Kind
    box: Rect
    pieces: list[Piece]
    number: str | None
    size: float | None
    """Points of its main font."""
    number_boxes: list[Rect] = field(default_factory=list)


def find_formulas(text: PageText, width: float, *, inline: bool = False) -> list[Formula]:
    """The formulas of a page of `width` points, in reading order; those in prose if `inline`."""
    body = body_size(text)
    text = drop_figures(drop_line_numbers(text, width), body)
    bind_words(text, body)
    formulas: list[Formula] = []
    numbers: list[Number] = []
    for column in columns(segments(text, body), width):
        prose, loose, labels = _sort_rows(column, body)
        stacks = _group(loose, prose, body)
        groups = [part for stack in stacks for part in _sides(stack, body)]
        groups = [group for group in groups if _is_formula(group, body)]
        found = [
            _formula("display", [piece for row in group for piece in row.pieces], text.rules, body)
            for group in groups
        ]
        numbers += _give_numbers(found, labels, body)
        if inline:
            runs = [run for row in prose for run in inline_runs(row)]
            found += [_formula("inline", run, text.rules, 0.3 * body) for run in runs]
        formulas += sorted(found, key=lambda f: (f.box[1] + f.box[3]) / 2)
    # The number of a formula as wide as the page stands in the last column.
    open_ones = [f for f in formulas if f.number is None and f.kind == "display"]
    _give_numbers(open_ones, numbers, body)
    return formulas


def _sort_rows(column: Column, body: float) -> tuple[list[Row], list[Row], list[Number]]:
    """Lines of prose with all that belongs to them, the rest top down, and equation numbers."""
    rows, strays = join_rows(column.rows, body)
    mark_prose(rows, strays, column, body)
    numbers: list[Number] = []
    edges = number_edges(rows)
    for row in rows:
        if not row.prose and (number := take_number(row, column, edges)):
            numbers.append(number)
            if row.pieces:
                row.measure()
    prose = [row for row in rows if row.prose]
    loose = [row for row in rows if not row.prose]
    parts = [row for row in loose if all(p.bar for p in row.pieces) and row.pieces] + strays
    for part in sorted(parts, key=lambda r: r.x0):
        taken = absorb(part, prose)
        if taken and part in loose:
            loose.remove(part)
        elif not taken and part not in loose:
            loose.append(part)
    return prose, sorted(loose, key=lambda r: r.y0), numbers


def _give_numbers(formulas: list[Formula], numbers: list[Number], body: float) -> list[Number]:
    """Each number goes to the formula beside it or just above it; returns those with neither."""
    left: list[Number] = []
    for number in sorted(numbers, key=lambda n: n.middle):
        best, least = None, 1.6 * body
        for formula in formulas:
            _, y0, _, y1 = formula.box
            away = max(number.middle - y1, 2 * (y0 - number.middle), 0.0)
            if away < least:
                best, least = formula, away
        if best:
            best.number = f"{best.number},{number.text}" if best.number else number.text
            best.number_boxes += [(p.x0, p.y0, p.x1, p.y1) for p in number.pieces]
        else:
            left.append(number)
    return left


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


def _sides(stack: list[Row], body: float) -> list[list[Row]]:
    """Cut a group where its rows stand side by side, far apart and on no common baseline."""
    parts: list[list[Row]] = []
    end = 0.0
    for row in sorted([r for r in stack if r.pieces], key=lambda r: r.x0):
        if not parts or row.x0 - end > 3 * body:
            parts.append([])
            end = row.x1
        parts[-1].append(row)
        end = max(end, row.x1)
    return parts


def _is_formula(group: list[Row], body: float) -> bool:
    """Whether what stands apart from prose is mathematics, and more than a stray sign."""
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
    # A few letters far apart are labels of a plot; more lines may be filled less each.
    lines = len({round(row.baseline / body) for row in group})
    if total < 0.25 * width * lines**0.5:
        return False
    # A case distinction may hold more words than signs.
    most = 0.85 if any(p.math and p.height > 1.7 * body for p in pieces) else 0.5
    return words < most * total and sum([p.width for p in math]) > 0.12 * total


def _formula(kind: Kind, pieces: list[Piece], rules: list[Rect], reach: float) -> Formula:
    """A formula of these pieces; bars and roots may stand out from them by `reach` points."""
    x0, y0 = min([p.x0 for p in pieces]), min([p.y0 for p in pieces])
    x1, y1 = max([p.x1 for p in pieces]), max([p.y1 for p in pieces])
    for left, top, right, bottom in rules:
        if left > x0 - reach and right < x1 + reach and y0 - 3 < top < y1 + 3:
            x0, y0, x1, y1 = min(x0, left), min(y0, top), max(x1, right), max(y1, bottom)
    sizes = sorted([p.size for p in pieces if not p.loose] or [p.size for p in pieces])
    main = [size for size in sizes if size > 0.8 * sizes[-1]]
    return Formula(kind, (x0, y0, x1, y1), pieces, None, main[len(main) // 2])
