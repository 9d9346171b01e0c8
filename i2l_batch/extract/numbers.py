"""Equation numbers: which pieces of a row are one, and how they read.

In: rows of a column. Out: the number without its parentheses, and its pieces.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from i2l_batch.extract.glyphs import Piece
from i2l_batch.extract.rows import Column, Row

_NUMBER = re.compile(
    r"""[(\[]\s*(
        (?:[A-Z]{1,3}[.\-–]?)?\d{1,4}(?:[.\-–:]\d{1,3}){0,3}\s?[.]?[a-z]{0,2}['′∗*]{0,2}
      | [A-Z]{1,3}['′]? | [ivx]{1,5} | [*∗⋆†‡♯]{1,3}
    )\s*[)\]]""",
    re.VERBOSE,
)


class Number(NamedTuple):
    """An equation number on a page."""

    text: str
    pieces: list[Piece]

    @property
    def middle(self) -> float:
        """y of its centre, points."""
        return sum([p.y0 + p.y1 for p in self.pieces]) / (2 * len(self.pieces))


def is_number(row: Row) -> bool:
    """Whether a row is an equation number and nothing else."""
    return _NUMBER.fullmatch("".join([p.text for p in row.pieces])) is not None


def number_edges(rows: list[Row]) -> list[float]:
    """Right edges, in points, that two or more pieces like equation numbers share."""
    ends = [row.pieces[-1] for row in rows if _NUMBER.fullmatch(row.pieces[-1].text)]
    counts = Counter(round(piece.x1) for piece in ends)
    return [float(x) for x, count in counts.items() if count > 1]


def take_number(row: Row, column: Column, edges: list[float]) -> Number | None:
    """Cut the equation number off the right or left end of a row; null where there is none.

    It stands at the edge of the column or at another edge of numbers, or at least two ems apart
    from everything else. A row that is nothing but its number keeps no pieces.
    """
    pieces = sorted(row.pieces, key=lambda p: p.x0)
    right = pieces[-1].x1
    for ordered, inset in (
        (pieces[::-1], min([max(0.0, column.x1 - right), *[abs(x - right) for x in edges]])),
        (pieces, abs(pieces[0].x0 - column.x0)),
    ):
        # A number flush with the edge needs less room: long formulas come close to theirs.
        room = (0.3 if inset < 0.15 * row.size else 0.7) * row.size
        at_edge = inset < 1.2 * row.size
        for count in range(1, min(len(ordered), 7) + 1):
            rest = ordered[count:]
            gap = _gap(ordered[count - 1], rest[0]) if rest else 99.0
            if gap < room:
                continue
            label = sorted(ordered[:count], key=lambda p: p.x0)
            match = _NUMBER.fullmatch("".join([p.text for p in label]))
            far = gap > 2 * row.size
            if match and (at_edge or (far and rest)):
                row.pieces = [p for p in row.pieces if p not in label]
                return Number(match[1].replace("′", "'").replace("–", "-").replace(" ", ""), label)
            break
    return None


def _gap(a: Piece, b: Piece) -> float:
    return max(a.x0 - b.x1, b.x0 - a.x1)
