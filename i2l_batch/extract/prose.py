"""Rows of a column: joining what stands on one baseline, and telling prose from the rest.

In: the segments of a column. Out: rows, some marked as prose, and stray pieces (scripts, big
operators, delimiters), which prose takes back where they belong to an inline formula.
"""

from __future__ import annotations

from i2l_batch.extract.rows import LABEL, Column, Row


def join_rows(segs: list[Row], body: float) -> tuple[list[Row], list[Row]]:
    """Segments on one baseline become one row; returns the rows, top down, and the strays."""
    main: list[Row] = []
    strays: list[Row] = []
    for seg in segs:
        tall = all(p.height > 1.3 * p.size for p in seg.pieces)
        small = seg.size < 0.8 * body and seg.letters < 6
        (strays if tall or small else main).append(seg)
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


def mark_prose(row: Row, column: Column, rows: list[Row]) -> None:
    """Decide whether a row is a line of prose and set `row.prose`."""
    size, share = row.size, row.word_share
    at_left = row.x0 < column.x0 + 0.5 * size
    indented = row.x0 < column.x0 + 2.2 * size
    full = at_left and row.x1 > column.x1 - size
    starts = row.pieces[0].letters > 0 or LABEL.match(row.pieces[0].text) is not None
    row.prose = (
        share >= 0.5
        or (row.letters > 0 and (at_left or full))
        or (indented and starts and row.letters > 0)
        or (at_left and _continues(row, column, rows))
    )


def _continues(row: Row, column: Column, rows: list[Row]) -> bool:
    """Whether a row goes on directly below a full line of prose, as the end of a paragraph does."""
    above = [r for r in rows if r.prose and 0 < row.baseline - r.baseline < 1.4 * row.size]
    return any(r.x1 > column.x1 - r.size for r in above)


def absorb(stray: Row, prose: list[Row]) -> bool:
    """Give a stray piece to the line of prose it is a part of; whether there was one."""
    middle = (stray.y0 + stray.y1) / 2
    for row in prose:
        near = stray.x0 < row.x1 + 0.8 * row.size and stray.x1 > row.x0 - 0.8 * row.size
        if near and row.baseline - 1.15 * row.size < middle < row.baseline + 0.6 * row.size:
            row.pieces += stray.pieces
            return True
    return False
