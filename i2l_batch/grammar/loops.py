"""Loops: the same few tokens again and again, as a decoder that is stuck repeats them.

In: tokens. Out: where they begin to turn in circles. Knows no grammar.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LONGEST = 24
"""Tokens of the longest period that is looked for."""
REPEATS = 6
"""A loop is seen at its sixth turn."""
LEAST = 32
"""It is this long by then, in tokens: authors do write twenty spaces, or a row of zeros."""

LIMITS = [max(REPEATS * period, LEAST) - period for period in range(1, LONGEST + 1)]
"""Tokens that equal those a period before them, period by period, from which on it is a loop."""


def find_loop(tokens: Sequence[int]) -> tuple[int, int] | None:
    """Where the first loop is seen begins, and the tokens of one turn; None without one."""
    if not _may_loop(tokens):
        return None
    runs = [0] * LONGEST
    for i, token in enumerate(tokens):
        for period in range(1, min(i, LONGEST) + 1):
            repeats = token == tokens[i - period]
            runs[period - 1] = runs[period - 1] + 1 if repeats else 0
        looping = (p for p in range(1, LONGEST + 1) if runs[p - 1] >= LIMITS[p - 1])
        if period := next(looping, 0):
            return i + 1 - period - runs[period - 1], period
    return None


def _may_loop(tokens: Sequence[int]) -> bool:
    """Whether enough tokens equal those a period before them, in a row or not: hardly ever so, and
    a twentieth of the work."""
    ids = np.asarray(tokens)
    return any(
        np.count_nonzero(ids[period:] == ids[:-period]) >= limit
        for period, limit in enumerate(LIMITS, 1)
        if period + limit <= len(ids)
    )
