"""Pieces of a page -> columns and, in each, rows of text on one baseline.

In: a `PageText`. Out: the body size, `Column`s with their text edges, and their `Row`s, each told
apart as prose or not; small or tall pieces that belong to no baseline come as rows of their own.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from i2l_batch.extract.glyphs import PageText, Piece

LABEL = re.compile(r"^(?:[•‣◦▪▶►–—-]|\(?(?:[ivxlc]{1,5}|[a-z]|\d{1,2})[).]|\[\d+\])$", re.I)
"""What an item of a list starts with."""


@dataclass(slots=True, eq=False)
class Row:
    """Pieces on one baseline with no wide gap between them (or one stray piece)."""

    pieces: list[Piece]
    x0: float = 0.0
    y0: float = 0.0
    x1: float = 0.0
    y1: float = 0.0
    baseline: float = 0.0
    size: float = 0.0
    prose: bool = False

    def __post_init__(self) -> None:
        self.measure()

    def measure(self) -> None:
        """Bring the box, the size and the baseline up to date with the pieces."""
        self.x0 = min([p.x0 for p in self.pieces])
        self.y0 = min([p.y0 for p in self.pieces])
        self.x1 = max([p.x1 for p in self.pieces])
        self.y1 = max([p.y1 for p in self.pieces])
        # The baseline of most of the text at its largest size; tall delimiters hang from theirs.
        plain = [p for p in self.pieces if p.height < 1.3 * p.size] or self.pieces
        self.size = max([p.size for p in plain])
        weights: defaultdict[float, float] = defaultdict(float)
        for p in plain:
            if p.size > 0.9 * self.size:
                weights[round(p.baseline, 1)] += p.width
        self.baseline = max(weights, key=weights.__getitem__)

    @property
    def letters(self) -> int:
        """Letters in words of prose."""
        return sum([p.letters for p in self.pieces])

    @property
    def word_share(self) -> float:
        """Part of the set width that words of prose take."""
        total = sum([p.width for p in self.pieces])
        return sum([p.width for p in self.pieces if p.letters]) / max(total, 0.1)

    @property
    def text(self) -> str:
        """All characters, spaced by pieces."""
        return " ".join([p.text for p in self.pieces])


@dataclass(slots=True, eq=False)
class Column:
    """A part of the page with its own left and right text edge (points)."""

    x0: float
    x1: float
    rows: list[Row] = field(default_factory=list)


def body_size(text: PageText) -> float:
    """The size most words are set in, points; 10 where there are none."""
    sizes: Counter[float] = Counter()
    for line in text.lines:
        for piece in line:
            sizes[round(piece.size, 1)] += piece.letters
    size, letters = max(sizes.items(), key=lambda item: item[1], default=(10.0, 0))
    return size if letters else 10.0


def segments(text: PageText, body: float) -> list[Row]:
    """MuPDF's lines, cut at wide gaps."""
    rows: list[Row] = []
    for line in text.lines:
        run: list[Piece] = []
        for piece in line:
            gap = 1.2 * max(piece.size, 0.8 * body)
            if run and not -gap < piece.x0 - run[-1].x1 < gap:
                rows.append(Row(run))
                run = []
            run.append(piece)
        rows.append(Row(run))
    return rows


def columns(rows: list[Row], width: float) -> list[Column]:
    """Where the text stands: one column, or several where a gutter of white parts the prose."""
    prose = [r for r in rows if r.word_share > 0.5 and r.letters >= 15]
    gutters = _gutters(prose, width)
    edges = [0.0, *gutters, width]
    found = [Column(a, b) for a, b in pairwise(edges)]
    wide = Column(0.0, width)
    for row in rows:
        home = next((c for c in found if row.x0 >= c.x0 - 2 and row.x1 <= c.x1 + 2), wide)
        home.rows.append(row)
    if len(found) > 1 and wide.rows:
        found.append(wide)
    for column in found:
        _set_edges(column)
    return [column for column in found if column.rows]


def _gutters(prose: list[Row], width: float) -> list[float]:
    """x in points of the white strips between columns of prose."""
    step = 2.0
    cells = int(width / step) + 1
    cover = [0] * cells
    for row in prose:
        for cell in range(max(0, int(row.x0 / step)), min(cells, int(row.x1 / step) + 1)):
            cover[cell] += 1
    gutters: list[float] = []
    cell = int(0.15 * cells)
    while cell < 0.85 * cells:
        left, right = max(cover[:cell], default=0), max(cover[cell + 1 :], default=0)
        if cover[cell] * 8 <= min(left, right) and min(left, right) >= 5:
            start = cell
            while cell < cells and cover[cell] * 8 <= min(left, right):
                cell += 1
            near = gutters and start * step - gutters[-1] < 0.15 * width
            if (cell - start) * step >= 6 and not near:
                gutters.append((start + cell) / 2 * step)
        cell += 1
    return gutters


def _set_edges(column: Column) -> None:
    """Replace the column's bounds by the commonest left and right edges of its prose."""
    prose = [r for r in column.rows if r.word_share > 0.5 and r.letters >= 12]
    if not prose:
        prose = column.rows
    if not prose:
        return
    column.x0 = _mode([r.x0 for r in prose], first=min)
    column.x1 = _mode([r.x1 for r in prose], first=max)


def _mode(values: Iterable[float], first: Callable[[Iterable[int]], int]) -> float:
    counts = Counter(round(v) for v in values)
    most = max(counts.values())
    if most < 3:
        return float(first(counts))
    return float(first([v for v, n in counts.items() if n >= 0.5 * most]))
