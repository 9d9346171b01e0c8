"""The loops of all hypotheses of a search, step by step.

In: tokens as the search goes on. Out: which hypotheses are in a loop, as `Grammar.loop` would say
of their tokens.

Shapes: B inputs, K hypotheses of each, P periods.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from i2l_batch.grammar.loops import LIMITS, LONGEST


class LoopWatch:
    """The loops of all hypotheses of a search."""

    def __init__(self, batch_size: int, beam_size: int, faces: Sequence[int]) -> None:
        """faces: of each token the one that it counts as."""
        shape = (batch_size, beam_size, LONGEST)
        self._latest = torch.full(shape, -1)
        self._runs = torch.zeros(shape, dtype=torch.long)
        self._limits = torch.tensor(LIMITS)
        self._faces = torch.tensor(faces)

    def see(self, tokens: Tensor) -> None:
        """One more token (B, K) of each hypothesis."""
        tokens = self._faces[tokens.cpu()][..., None]
        self._runs = (self._runs + 1) * (tokens == self._latest)
        self._latest = torch.cat([tokens, self._latest[..., :-1]], -1)

    def select(self, rows: Tensor, parents: Tensor) -> None:
        """Go on with inputs `rows` (R,), hypothesis k from hypothesis `parents[r, k]` (R, K)."""
        picked = (rows.cpu()[:, None], parents.cpu())
        self._latest, self._runs = self._latest[picked], self._runs[picked]

    def found(self) -> Tensor:
        """(B, K) bool: which hypotheses are in a loop."""
        return (self._runs >= self._limits).any(-1)
