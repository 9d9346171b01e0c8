"""Where a formula goes: its split, its place in it, its font, its size, its length bin.

In: a formula's tokens and the seed. Out: numbers drawn from nothing but these, so that neither the
order of the lists nor what else is in them changes anything.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from i2l_batch.train.dataset.config import SPLITS, Split

BIN_EDGES = (28, 35, 41, 48, 55, 64, 75, 88, 105, 150)
"""The paper's length bins, in tokens without the end: the edge belongs to the bin."""

_BIN_STEP = 50
"""Width of the bins beyond the paper's."""


class Lot(NamedTuple):
    """What was drawn for a formula: four independent numbers from 0 up to 1."""

    split: float
    order: float
    font: float
    size: float


def draw_lot(tokens: str, seed: int) -> Lot:
    """The numbers of a formula, given as its tokens with spaces between."""
    digest = hashlib.sha256(f"{seed} {tokens}".encode()).digest()
    parts = (int.from_bytes(digest[k : k + 8], "big") for k in (0, 8, 16, 24))
    # 53 bits, as many as a float holds: more could round up to 1.
    return Lot(*((part >> 11) / 2**53 for part in parts))


def choose_split(place: float, shares: Sequence[float]) -> Split:
    """The split at `place` (0 to 1), of three shares of any sum, not all zero."""
    return SPLITS[choose(place, shares)]


def choose(place: float, shares: Sequence[float]) -> int:
    """The index at `place` (0 to 1) along shares of any sum, not all zero."""
    place *= sum(shares)
    for k, share in enumerate(shares):
        place -= share
        if place < 0:
            return k
    return max(k for k, share in enumerate(shares) if share)  # rounding, at the very end


def length_bin(num_tokens: int) -> int:
    """Longest formula of the bin, in tokens; beyond the paper's bins, a multiple of 50."""
    place = bisect_left(BIN_EDGES, num_tokens)
    return BIN_EDGES[place] if place < len(BIN_EDGES) else -(-num_tokens // _BIN_STEP) * _BIN_STEP
