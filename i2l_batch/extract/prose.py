"""Rows of a column: joining what stands on one baseline, and telling prose from the rest.

In: the segments of a column. Out: rows, some marked as prose, and stray pieces (scripts, big
operators, delimiters), which prose takes back where they belong to an inline formula.
"""

from __future__ import annotations

from itertools import pairwise

from i2l_batch.extract.numbers import is_number
from i2l_batch.extract.rows import Column, Row, is_label


def join_rows(segs: list[Row], body: float) -> tuple[list[Row], list[Row]]:
    """Segments on one baseline become one row; returns the rows, top down, and the strays."""
    main: list[Row] = []
    strays: list[Row] = []
    for seg in segs:
        loose = all(p.loose for p in seg.pieces)
        small = seg.size < 0.8 * body and seg.letters < 15
        (strays if loose or small else main).append(seg)
    rows: list[Row] = []
    for seg in sorted(main, key=lambda r: r.baseline):
        last = rows[-1] if rows else None
        if last and abs(last.baseline - seg.baseline) < 0.12 * min(last.size, seg.size):
            last.pieces += seg.pieces
            last.measure()
        else:
            rows.append(seg)
    for row in rows:
        row.pieces.sort(key=lambda p: p.x0)
    return rows, strays


def mark_prose(rows: list[Row], strays: list[Row], column: Column, body: float) -> None:
    """Decide for each row whether it is a line of prose and set `row.prose`.

    First by itself, then by its neighbours: what goes on in line with prose, at the leading of
    prose, is prose too, however many formulas it holds.
    """
    tall = [s for s in strays if s.y1 - s.y0 > 1.7 * body]
    for row in rows:
        row.prose = _is_prose(row, column) and not _is_embraced(row, tall, column)
    for above, row in pairwise(rows):
        row.prose = row.prose or _goes_on(row, above, strays, column)
    for ordered in (rows, rows[::-1]):
        for i, row in enumerate(ordered):
            if not row.prose and not is_number(row):
                near = [
                    r
                    for r in ordered[max(0, i - 3) : i]
                    if r.prose and abs(row.baseline - r.baseline) < 1.45 * row.size
                ]
                row.prose = any(_in_line(row, other, column, body) for other in near)


def _is_prose(row: Row, column: Column) -> bool:
    size = row.size
    at_left = row.x0 < column.x0 + 0.5 * size
    indented = row.x0 < column.x0 + 2.2 * size
    first = row.pieces[0]
    item = is_label(first)
    opens = indented and first.letters > 0
    return item or row.word_share >= 0.5 or (row.letters > 0 and (at_left or opens))


def _goes_on(row: Row, above: Row, strays: list[Row], column: Column) -> bool:
    """Whether a row goes on with a paragraph, though tall and without a word.

    It begins at the edge, like no display but one too wide for its column, and stands closer to
    the full line above than a display would.
    """
    size = row.size
    beside = [s for s in strays if s.y0 < row.baseline < s.y1 and s.x0 < row.x0]
    x0, y0 = min([row.x0, *[s.x0 for s in beside]]), min([row.y0, *[s.y0 for s in beside]])
    at_left = abs(x0 - column.x0) < 0.3 * size
    follows = above.prose and above.x1 > column.x1 - 0.5 * size
    return at_left and follows and y0 - above.y1 < 0.45 * size


def _is_embraced(row: Row, tall: list[Row], column: Column) -> bool:
    """Whether a row stands beside a tall delimiter, as `otherwise` does in a case distinction."""
    if row.x0 < column.x0 + 2.2 * row.size:
        return False
    middle = (row.y0 + row.y1) / 2
    return any(s.y0 < middle < s.y1 and s.x0 < row.x0 + 2 * row.size for s in tall)


def _in_line(row: Row, other: Row, column: Column, body: float) -> bool:
    """Whether a row continues a line of prose beside it: same left edge, or a centred caption."""
    if abs(row.size - other.size) > 0.15 * other.size:
        return False
    first = other.pieces[0]
    edges = [other.x0]
    if len(other.pieces) > 1 and is_label(first):
        edges.append(other.pieces[1].x0)
    if any(abs(row.x0 - edge) < 1.5 for edge in edges):
        return True
    indented = abs(row.x0 - column.x0) < 1.5 and other.x0 < column.x0 + 2.2 * other.size
    centred = abs(row.x0 + row.x1 - other.x0 - other.x1) < 4
    apart = other.x0 > column.x0 + 2.2 * other.size or other.size < 0.92 * body
    return indented or (centred and apart)


def absorb(stray: Row, prose: list[Row]) -> bool:
    """Give a stray piece to the line of prose it is a part of; whether there was one.

    The line grows by what it takes, so call it from left to right.
    """
    bars = [p.bar for p in stray.pieces if p.bar is not None]
    middle = bars[0] if bars else (stray.y0 + stray.y1) / 2
    for row in prose:
        reach = 0.8 * row.size
        # A bar stands on the axis of its line, a quarter em above the baseline.
        high, low = (0.5, 0.0) if bars else (1.15, -0.6)
        beside = stray.x0 < row.x1 + reach and stray.x1 > row.x0 - reach
        if beside and row.baseline - high * row.size < middle < row.baseline - low * row.size:
            row.pieces += stray.pieces
            row.x0, row.x1 = min(row.x0, stray.x0), max(row.x1, stray.x1)
            return True
    return False
