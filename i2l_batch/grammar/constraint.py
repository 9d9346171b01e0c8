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

MOST_NODES = 50_000
"""States that are remembered between searches: about 30 MB."""


class Node:
    """A state of the grammar that some search has met."""

    __slots__ = ("following", "row", "state")

    def __init__(self, state: State | None, row: int) -> None:
        self.state = state
        self.row = row
        """Of the table of what may follow."""
        self.following: dict[int, Node] = {}
        """By token, as far as it was asked for."""


class Masks:
    """What may follow each state, as rows of a tensor; shared by all searches with a grammar.

    Each state is one object, and so is what follows it: a search asks for the same few thousand
    again and again, and to compute them anew took a seventh of its time.
    """

    def __init__(self, grammar: Grammar, device: torch.device | str) -> None:
        self.grammar = grammar
        self.dead = Node(None, 0)
        """Of hypotheses that the search has given up: nothing may follow."""
        self._nodes: dict[State, Node] = {}
        self._rows: dict[Frame, int] = {}
        self._table = torch.full((1, len(grammar)), float("-inf"), device=device)

    def start(self) -> Node:
        """The state before the first token of a search."""
        if len(self._nodes) > MOST_NODES:
            self._nodes = {}
        return self._node(START)

    def next(self, node: Node, token: int) -> Node:
        """The state after one more token."""
        found = node.following.get(token)
        if found is None:
            found = node.following[token] = self._after(node.state, token)
        return found

    def gather(self, nodes: list[list[Node]]) -> Tensor:
        """(B, K, V): 0 where a token may follow, minus infinity where it must not."""
        rows = [[node.row for node in row] for row in nodes]
        return self._table[torch.tensor(rows, device=self._table.device)]

    def _after(self, state: State | None, token: int) -> Node:
        # The search fills its beam with impossible extensions where there are not enough others.
        if state is None or token == EOS or token not in self.grammar.allowed(state.top):
            return self.dead
        return self._node(self.grammar.step(state, token))

    def _node(self, state: State) -> Node:
        node = self._nodes.get(state)
        if node is None:
            node = self._nodes[state] = Node(state, self._row(state.top))
        return node

    def _row(self, frame: Frame) -> int:
        row = self._rows.get(frame)
        if row is None:
            mask = self._table.new_full((1, len(self.grammar)), float("-inf"))
            mask[0, sorted(self.grammar.allowed(frame))] = 0.0
            row = self._rows[frame] = len(self._table)
            self._table = torch.cat([self._table, mask])
        return row


class Constrained:
    """A `Stepper` around another."""

    def __init__(self, stepper: Stepper, masks: Masks, batch_size: int, beam_size: int) -> None:
        self._stepper, self._masks = stepper, masks
        self._nodes = [[masks.start()] * beam_size for _ in range(batch_size)]
        self._loops = LoopWatch(batch_size, beam_size)
        self._has_begun = False

    def step(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """As the stepper's, without what must not follow."""
        if self._has_begun:
            following = self._masks.next
            self._nodes = [
                [following(node, token) for node, token in zip(row, row_tokens, strict=True)]
                for row, row_tokens in zip(self._nodes, tokens.tolist(), strict=True)
            ]
            self._loops.see(tokens)
        self._has_begun = True
        log_probabilities, attention = self._stepper.step(tokens)
        mask = self._masks.gather(self._nodes)
        looping = self._loops.found()
        if looping.any():
            mask[looping] = float("-inf")
            mask[..., EOS][looping] = 0.0
        return log_probabilities + mask, attention

    def select(self, rows: Tensor, parents: Tensor) -> None:
        """As the stepper's."""
        self._stepper.select(rows, parents)
        self._loops.select(rows, parents)
        self._nodes = [
            [self._nodes[row][parent] for parent in row_parents]
            for row, row_parents in zip(rows.tolist(), parents.tolist(), strict=True)
        ]
