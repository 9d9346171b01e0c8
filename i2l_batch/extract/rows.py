"""Pieces of a page -> columns and, in each, rows of text on one baseline.

In: a `PageText`. Out: the body size, and `Column`s with their text edges and `Row`s, which are
MuPDF's lines cut at wide gaps. What is prose among them is told in `prose`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

from i2l_batch.extract.glyphs import PageText, Piece

BULLETS = frozenset("•‣◦▪▶►∙")
_LABEL = re.compile(r"(?:[–—-]|\(?(?:[ivxlc]{1,5}|[a-z])[).]|\d{1,2}[).]|\[\d+\])", re.I)
"""What an item of a list starts with; `(5)` would be an equation number."""


def is_label(piece: Piece) -> bool:
    """Whether a piece at the start of a row marks an item of a list."""
    return piece.text in BULLETS or (not piece.math and _LABEL.fullmatch(piece.text) is not None)


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
        # The baseline of most of the text at its largest size.
        plain = [p for p in self.pieces if not p.loose] or self.pieces
        self.size = max([p.size for p in plain])
        weights: defaultdict[float, float] = defaultdict(float)
        for p in plain:
            if p.size > 0.9 * self.size:
                weights[round(p.baseline, 1)] += p.width
        self.baseline = max(weights, key=weights.__getitem__)

    @property
    def letters(self) -> int:
        """Letters in words of prose."""
        return sum([p.letters for p in self.pieces if p.size > 0.85 * self.size])

    @property
    def word_share(self) -> float:
        """Part of the set width that words of prose take."""
        total = sum([p.width for p in self.pieces])
        least = 0.85 * self.size  # words in scripts are names, not prose
        words = sum([p.width for p in self.pieces if p.letters and p.size > least])
        return words / max(total, 0.1)

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


def drop_line_numbers(text: PageText, width: float) -> PageText:
    """A copy of the page without the numbers of a manuscript's lines in its margin."""
    by_edge: defaultdict[tuple[bool, int], list[Piece]] = defaultdict(list)
    for line in text.lines:
        for piece in (line[0], line[-1]):
            if piece.text.isdecimal() and len(piece.text) < 5:
                right = piece.x0 > 0.8 * width
                if right or piece.x1 < 0.25 * width:
                    by_edge[right, round(piece.x1)].append(piece)
    numbers: set[int] = set()
    for pieces in by_edge.values():
        pieces.sort(key=lambda p: p.y0)
        values = [int(p.text) for p in dict.fromkeys(pieces)]
        rising = sum([1 <= b - a <= 5 for a, b in pairwise(values)])
        if rising >= 5 and rising >= 0.8 * (len(values) - 1):
            numbers.update(id(p) for p in pieces)
    if not numbers:
        return text
    lines = [[p for p in line if id(p) not in numbers] for line in text.lines]
    return replace(text, lines=[line for line in lines if line])


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
    """Where the text stands: one column, or several where a gutter of white parts the prose.

    What crosses a gutter makes a column of its own, as wide as the page.
    """
    prose = [r for r in rows if r.word_share > 0.5 and r.letters >= 15]
    edges = [0.0, *_gutters(prose, width), width]
    found = [Column(a, b) for a, b in pairwise(edges)]
    wide = Column(0.0, width)
    for row in rows:
        home = next((c for c in found if row.x0 >= c.x0 - 2 and row.x1 <= c.x1 + 2), wide)
        home.rows.append(row)
    if len(found) > 1 and wide.rows:
        _gather_wide(found, wide)
        found.append(wide)
    for column in found:
        _set_edges(column)
    return [column for column in found if column.rows]


def _gutters(prose: list[Row], width: float) -> list[float]:
    """x in points of the white strips between columns of prose: lines end and begin beside them."""
    gutters: list[float] = []
    step, reach = 2.0, 30.0
    best: list[tuple[int, float]] = []
    # Beside the ends of lines only: a page may claim to be as wide as the moon is far.
    near = {c for r in prose for c in range(int(r.x1 / step), int((r.x1 + reach) / step) + 1)}
    for cell in sorted(near):
        if not int(0.15 * width / step) <= cell < int(0.85 * width / step):
            continue
        x = cell * step
        ends = [r.y0 for r in prose if x - reach < r.x1 <= x]
        starts = [r.y0 for r in prose if x <= r.x0 < x + reach]
        lines = min(len(ends), len(starts))
        if lines < 4:
            continue
        top, bottom = min(ends + starts), max(ends + starts)
        crossing = sum([r.x0 < x < r.x1 and top < r.y0 < bottom for r in prose])
        if crossing <= 0.5 * lines:
            best.append((lines - 2 * crossing, x))
    for _, x in sorted(best, key=lambda item: -item[0]):
        if all(abs(x - other) > 0.15 * width for other in gutters):
            same = [y for score, y in best if abs(x - y) < reach and score >= _score(best, x)]
            gutters.append(sum(same) / len(same))
    return sorted(gutters)


def _score(best: list[tuple[int, float]], x: float) -> int:
    return next(score for score, y in best if y == x)


def _gather_wide(narrow: list[Column], wide: Column) -> None:
    """Bring the parts of formulas that cross a gutter together: what stands beside them."""
    queue = [row for row in wide.rows if row.word_share < 0.5]
    while queue:
        middle = queue.pop()
        for column in narrow:
            beside = [
                r
                for r in column.rows
                if r.word_share < 0.5 and min(r.y1, middle.y1) - max(r.y0, middle.y0) > 0
            ]
            for row in beside:
                column.rows.remove(row)
            wide.rows += beside
            queue += beside


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
