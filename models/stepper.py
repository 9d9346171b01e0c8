"""A model with its memory and state, as the beam search drives it."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from i2l_batch.models.recognizer import Recognizer


class ModelStepper:
    """The `Stepper` of the beam search for any `Recognizer`."""

    def __init__(self, model: Recognizer, memory: Any, beam_size: int) -> None:
        self._model, self._memory = model, memory
        self._state = model.start(memory, beam_size)

    def step(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Feed `tokens` (B, K): log-probabilities (B, K, V) of the next, attention (B, K, L)."""
        self._state, log_probabilities, attention = self._model.step(
            self._state, tokens, self._memory
        )
        return log_probabilities, attention

    def select(self, rows: Tensor, parents: Tensor) -> None:
        """Keep some inputs and hypotheses."""
        self._state = self._state.select(rows, parents)
        if len(rows) < len(self._memory):
            self._memory = self._memory.select(rows)
