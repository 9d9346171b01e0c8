"""A stepper whose hypotheses stay within the grammar, and leave a loop.

In: any stepper of the beam search, a grammar. Out: the same log-probabilities, minus infinity for
what must not come next. Knows no model.

Shapes: B inputs, K hypotheses of each, V vocabulary.
"""

from __future__ import annotations

import torch
from torch import Tensor

from i2l_batch.grammar.grammar import START, Frame, Grammar, State
from i2l_batch.grammar.loop_watch import LoopWatch
from i2l_batch.models.beam_search import Stepper
from i2l_batch.models.tokenizer import EOS


class Masks:
    """What may follow each frame, as rows of a tensor; shared by all searches with a grammar."""

    def __init__(self, grammar: Grammar, device: torch.device | str) -> None:
        self.grammar = grammar
        # None is for hypotheses that the search has given up: nothing may follow.
        self._rows: dict[Frame | None, int] = {None: 0}
        self._table = torch.full((1, len(grammar)), float("-inf"), device=device)

    def row(self, frame: Frame | None) -> int:
        """Index of the frame's row, which is made when it is first asked for."""
        row = self._rows.get(frame)
        if row is None:
            assert frame is not None
            mask = self._table.new_full((1, len(self.grammar)), float("-inf"))
            mask[0, sorted(self.grammar.allowed(frame))] = 0.0
            self._table = torch.cat([self._table, mask])
            row = self._rows[frame] = len(self._rows)
        return row

    def gather(self, rows: list[list[int]]) -> Tensor:
        """(B, K, V): 0 where a token may follow, minus infinity where it must not."""
        return self._table[torch.tensor(rows, device=self._table.device)]


class Constrained:
    """A `Stepper` around another."""

    def __init__(self, stepper: Stepper, masks: Masks, batch_size: int, beam_size: int) -> None:
        self._stepper, self._masks, self._grammar = stepper, masks, masks.grammar
        self._states: list[list[State | None]] = [[START] * beam_size for _ in range(batch_size)]
        self._loops = LoopWatch(batch_size, beam_size)
        self._has_begun = False

    def step(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """As the stepper's, without what must not follow."""
        if self._has_begun:
            self._states = [
                [self._next(state, token) for state, token in zip(row, row_tokens, strict=True)]
                for row, row_tokens in zip(self._states, tokens.tolist(), strict=True)
            ]
            self._loops.see(tokens)
        self._has_begun = True
        log_probabilities, attention = self._stepper.step(tokens)
        row = self._masks.row
        mask = self._masks.gather(
            [[row(state.top if state else None) for state in states] for states in self._states]
        )
        looping = self._loops.found()
        if looping.any():
            mask[looping] = float("-inf")
            mask[..., EOS][looping] = 0.0
        return log_probabilities + mask, attention

    def select(self, rows: Tensor, parents: Tensor) -> None:
        """As the stepper's."""
        self._stepper.select(rows, parents)
        self._loops.select(rows, parents)
        self._states = [
            [self._states[row][parent] for parent in row_parents]
            for row, row_parents in zip(rows.tolist(), parents.tolist(), strict=True)
        ]

    def _next(self, state: State | None, token: int) -> State | None:
        # The search fills its beam with impossible extensions where there are not enough others.
        if state is None or token == EOS or token not in self._grammar.allowed(state.top):
            return None
        return self._grammar.step(state, token)
