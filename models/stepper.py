"""A model with its memory and state, as the beam search drives it.

Shapes: B inputs still searched, R rows that are computed, K hypotheses of each, V vocabulary, L
places of the attention.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from i2l_batch.models.recognizer import Recognizer

LEAST_USED = 0.75
"""Share of the rows that is still searched, below which the others leave: to compute them costs
less than to copy the memory of all others each time that one of them is done."""


class ModelStepper:
    """The `Stepper` of the beam search for any `Recognizer`."""

    def __init__(self, model: Recognizer, memory: Any, beam_size: int) -> None:
        self._model, self._memory = model, memory
        self.state = model.start(memory, beam_size)
        """Of all rows."""
        self._rows: Tensor | None = None
        """(B,) where the inputs are among the rows; null when they are all rows."""

    def step(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Feed `tokens` (B, K): log-probabilities (B, K, V) of the next, attention (B, K, L)."""
        rows = self._rows
        if rows is not None:
            searched = tokens
            tokens = tokens.new_zeros(len(self._memory), tokens.shape[1])
            tokens[rows] = searched
        self.state, log_probabilities, attention = self._model.step(
            self.state, tokens, self._memory
        )
        if rows is not None:
            log_probabilities, attention = log_probabilities[rows], attention[rows]
        return log_probabilities, attention

    def select(self, rows: Tensor, parents: Tensor) -> None:
        """Keep some inputs and hypotheses."""
        rows = rows if self._rows is None else self._rows[rows]
        count = len(self._memory)
        if len(rows) < LEAST_USED * count:
            self._memory, self._rows = self._memory.select(rows), None
            self.state = self.state.select(rows, parents)
            return
        self._rows = None if len(rows) == count else rows
        of_all = parents.new_zeros(count, parents.shape[1])  # of the others one hypothesis is left
        of_all[rows] = parents
        self.state = self.state.select(torch.arange(count, device=rows.device), of_all)
