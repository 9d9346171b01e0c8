"""One answer out of the answers to the rows of a formula.

In: what was read in each row, and where it is. Out: a `Transcript` of the whole, and what the model
looked at. Knows no models.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from i2l_batch.answers import confidence
from i2l_batch.arrangement import RowTokens, Token, arrange
from i2l_batch.attention import Attention
from i2l_batch.calibration import Calibration
from i2l_batch.images import MARGIN, Prepared
from i2l_batch.latex import is_valid
from i2l_batch.records import Candidate, Symbol, Transcript, unread

ARRANGED = math.log(0.45)
"""Log-probability of the arrangement, which counts as one more token: of 20 formulas whose rows
were all right 9 were right as a whole (docs/model.md, rows)."""

MOST = 4
"""Alternatives that are given."""


def placed(
    rows: Sequence[Sequence[str]], pictures: Sequence[Prepared], em_pixels: float
) -> list[RowTokens]:
    """The tokens of rows with their places; em_pixels: body size of the text in the pictures'
    ink."""
    em = em_pixels / max(picture.scale for picture in pictures)  # too large ones are shrunk more
    found = []
    for tokens, picture in zip(rows, pictures, strict=True):
        width = (picture.ink.shape[1] - 2 * MARGIN) / picture.scale
        found.append(RowTokens(tuple(tokens), picture.left / em, (picture.left + width) / em))
    return found


def joined(
    rows: Sequence[Transcript],
    places: Sequence[RowTokens],
    flags: tuple[str, ...],
    calibration: Calibration | None,
) -> Transcript:
    """The answer to the whole.

    Args:
        rows: answers to the rows.
        places: of the same rows.
        flags: what was noticed of the picture.
        calibration: of the model.
    """
    if not all(row.is_read for row in rows):
        return unread("out_of_memory", flags)
    whole = arrange(places)
    latex = _latex(whole)
    valid = is_valid(latex)
    noticed = [flag for row in rows for flag in row.flags] + ["invalid"] * (not valid)
    flags = tuple(dict.fromkeys([*flags, *noticed]))
    lengths = [row.num_tokens + 1 for row in rows]
    total = sum(row.score * n for row, n in zip(rows, lengths, strict=True)) + ARRANGED
    steps = sum(lengths) + 1
    lowest = min(ARRANGED, *(row.lowest for row in rows))
    others = [
        ((total + (other.score - row.score) * n) / steps, i, other.latex)
        for i, (row, n) in enumerate(zip(rows, lengths, strict=True))
        for other in row.alternatives
    ]
    return Transcript(
        latex=latex,
        confidence=confidence(total / steps, lowest, steps - 1, flags, calibration),
        score=total / steps,
        lowest=lowest,
        num_tokens=len(whole),
        stop="length" if any(row.stop == "length" for row in rows) else "eos",
        valid=valid,
        flags=flags,
        alternatives=tuple(
            Candidate(latex=_latex(arrange(_replaced(places, i, other))), score=score)
            for score, i, other in sorted(others, reverse=True)[:MOST]
        ),
        symbols=_symbols(rows, whole),
    )


def joined_attention(rows: Sequence[Attention], whole: Sequence[Token]) -> Attention:
    """What was looked at for each token of the whole; for what holds rows together nothing."""
    starts = np.cumsum([0, *(len(row.places) for row in rows)])
    weights = np.zeros((len(whole), starts[-1]), np.float32)
    for token, row_weights in zip(whole, weights, strict=True):
        if token.origin is not None:
            row, k = token.origin
            row_weights[starts[row] : starts[row + 1]] = rows[row].weights[k]
    frames = np.array([row.frame for row in rows])
    x0, y0, x1, y1 = (*frames[:, :2].min(0).tolist(), *frames[:, 2:].max(0).tolist())
    return Attention(
        tokens=tuple(token.text for token in whole),
        weights=weights,
        places=np.concatenate([row.places for row in rows]),
        em=rows[0].em,
        frame=(x0, y0, x1, y1),
    )


def _latex(whole: Sequence[Token]) -> str:
    return " ".join(token.text for token in whole)


def _replaced(places: Sequence[RowTokens], i: int, latex: str) -> list[RowTokens]:
    """The rows, one of them with another answer."""
    other = places[i]._replace(tokens=tuple(latex.split()))
    return [*places[:i], other, *places[i + 1 :]]


def _symbols(rows: Sequence[Transcript], whole: Sequence[Token]) -> tuple[Symbol, ...] | None:
    if any(row.symbols is None for row in rows):
        return None
    found = []
    for token in whole:
        symbols = rows[token.origin[0]].symbols if token.origin else None
        if symbols is None or token.origin is None:
            found.append(Symbol(token=token.text, box=None, weight=None))
        else:
            found.append(symbols[token.origin[1]])
    return tuple(found)
