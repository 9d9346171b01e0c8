"""How much formulas are like a given one.

In: the tokens of one formula, and a column of LaTeX, tokens parted by single blanks. Out: for each
row a number from 0 to 1, exact, a batch of rows at a time. Knows nothing of where rows come from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

LONGEST = 3
"""Tokens of the longest grams."""

Integers: TypeAlias = npt.NDArray[np.integer]


def similarity_to(
    spellings: Sequence[Sequence[str]],
) -> Callable[[pa.ChunkedArray], pa.Array]:
    """A function from LaTeX to its similarity to a formula, the greatest over its spellings.

    The similarity is Dice's over all grams of one to three tokens, each counted as often as it is
    there: twice what both formulas have, by the sum of what each has. It is 1 for equal formulas
    and 0 where no token is shared. No spelling is empty.
    """
    formulas = [_Formula(tokens) for tokens in spellings]

    def similarity(latex: pa.ChunkedArray) -> pa.Array:
        # (pyarrow makes its functions on import, where pyright cannot see them)
        lists = pc.split_pattern(latex.combine_chunks(), " ")  # pyright: ignore[reportAttributeAccessIssue]
        lengths = np.diff(lists.offsets.to_numpy())
        tokens = lists.flatten()
        return pa.array(np.max([each.dice(tokens, lengths) for each in formulas], axis=0))

    return similarity


class _Formula:
    """The grams of one formula, by number: those of n tokens from 1, and 0 for any other.

    `_longer[n - 1]` has, for a gram of n tokens (row) and a token (column), the gram of both.
    `_counts[n - 1]` says how often each gram of n tokens is there; others count nothing.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        names = list(dict.fromkeys(tokens))
        self._tokens = pa.array(names, pa.string())
        codes = [names.index(token) + 1 for token in tokens]
        grams, count = codes, len(names)
        self._counts = [np.bincount(grams)]
        self._longer: list[Integers] = []
        for size in range(1, LONGEST):
            pairs = list(zip(grams, codes[size:], strict=False))
            numbers = {pair: number for number, pair in enumerate(dict.fromkeys(pairs), start=1)}
            table = np.zeros((count + 1, len(names) + 1), np.int64)
            for pair, number in numbers.items():
                table[pair] = number
            self._longer.append(table)
            grams, count = [numbers[pair] for pair in pairs], len(numbers)
            self._counts.append(np.bincount(grams, minlength=1))
        self._size = _num_grams(np.array([len(tokens)]))

    def dice(self, tokens: pa.StringArray, lengths: Integers) -> npt.NDArray[np.float64]:
        """For each of the formulas that `tokens` holds one after the other, of such lengths."""
        found = pc.index_in(tokens, value_set=self._tokens)  # pyright: ignore[reportAttributeAccessIssue]
        none = np.zeros(LONGEST, np.int64)  # behind the last formula
        codes = np.append(found.fill_null(-1).to_numpy(zero_copy_only=False) + 1, none)
        rows = np.append(np.repeat(np.arange(len(lengths)), lengths), none - 1)
        starts = np.flatnonzero(codes)
        grams = codes[starts]
        shared = _shared(rows[starts], grams, self._counts[0], len(lengths))
        for size, (table, counts) in enumerate(
            zip(self._longer, self._counts[1:], strict=True), start=1
        ):
            longer = table[grams, codes[starts + size]]
            longer[rows[starts] != rows[starts + size]] = 0
            starts, grams = starts[longer > 0], longer[longer > 0]
            shared += _shared(rows[starts], grams, counts, len(lengths))
        return 2 * shared / (self._size + _num_grams(lengths))


def _shared(rows: Integers, grams: Integers, counts: Integers, num_rows: int) -> Integers:
    """For each row how many of its grams the formula has, too, each as often as both have it."""
    there = np.bincount(rows * len(counts) + grams, minlength=num_rows * len(counts))
    return np.minimum(there.reshape(num_rows, len(counts)), counts).sum(axis=1)


def _num_grams(lengths: Integers) -> Integers:
    """How many grams formulas of so many tokens have."""
    return np.sum([np.maximum(lengths - size, 0) for size in range(LONGEST)], axis=0)
