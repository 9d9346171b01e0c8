"""Fraction bars: drawn rules with something close above and something close below.

In: a `PageText`. Effect: words over or under a bar no longer count as words of prose, so that
`slope / ln 2` stays in its formula.
"""

from __future__ import annotations

from i2l_batch.extract.glyphs import PageText, Piece


def bind_fractions(text: PageText, body: float) -> None:
    """Clear `letters` of the pieces that stand over and under a fraction bar."""
    bars = [rule for rule in text.rules if rule[2] - rule[0] < 20 * body]
    if not bars:
        return
    pieces = [piece for line in text.lines for piece in line]
    for x0, y0, x1, y1 in bars:
        inside = [p for p in pieces if p.x0 > x0 - 2 and p.x1 < x1 + 2]
        above = [p for p in inside if -1 < y0 - p.y1 < 0.7 * body]
        below = [p for p in inside if -1 < p.y0 - y1 < 0.7 * body]
        if above and below and x1 - x0 < max(_extent(above), _extent(below)) + 0.6 * body:
            for piece in above + below:
                piece.letters = 0


def _extent(pieces: list[Piece]) -> float:
    return max([p.x1 for p in pieces]) - min([p.x0 for p in pieces])
