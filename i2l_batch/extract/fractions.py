"""Fraction bars and braces: what stands over or under them belongs to a formula.

In: a `PageText`. Effect: words over or under a fraction bar, and words under a brace, no longer
count as words of prose, so that `slope / ln 2` stays in its formula; what a bar parts is math.
"""

from __future__ import annotations

from i2l_batch.extract.glyphs import PageText, Piece


def bind_words(text: PageText, body: float) -> None:
    """Clear `letters` of the pieces that fraction bars and braces tie to a formula."""
    _bind_fractions(text, body)
    _bind_braces(text, body)


def _bind_fractions(text: PageText, body: float) -> None:
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
                piece.letters, piece.math, piece.bar = 0, True, y0


def _bind_braces(text: PageText, body: float) -> None:
    """A horizontal brace is a line of flat pieces of an extension font; its label is the next."""
    braces = [line for line in text.lines if all(map(_is_brace_part, line))]
    for brace in braces:
        x0, x1 = min([p.x0 for p in brace]), max([p.x1 for p in brace])
        bottom = max([p.y1 for p in brace])
        for line in text.lines:
            middle = (line[0].x0 + line[-1].x1) / 2
            if x0 < middle < x1 and -1 < line[0].y0 - bottom < 0.9 * body:
                for piece in line:
                    piece.letters = 0


def _is_brace_part(piece: Piece) -> bool:
    return piece.math and piece.height < 0.7 * piece.size and "EX" in piece.font.upper()


def _extent(pieces: list[Piece]) -> float:
    return max([p.x1 for p in pieces]) - min([p.x0 for p in pieces])
