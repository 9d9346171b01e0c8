"""A stepper whose hypotheses stay within the grammar, and leave a loop.

In: any stepper of the beam search, a grammar. Out: the same log-probabilities, minus infinity for
what must not come next. Where the model is sure of that nevertheless, it has its way if that can be
mended: else it would have to say what it does not mean, and be lost. Knows no model.

Shapes: B inputs, K hypotheses of each, V vocabulary.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from i2l_batch.grammar.grammar import Grammar
from i2l_batch.grammar.loop_watch import LoopWatch
from i2l_batch.grammar.mending import mended
from i2l_batch.grammar.states import START, Frame, State
from i2l_batch.models.beam_search import Stepper
from i2l_batch.models.tokenizer import EOS

MOST_NODES = 50_000
"""States that are remembered between searches: about 30 MB."""

SURE = math.log(0.5)
"""Log-probability of a token from which on it is more likely than all others together."""


class Node:
    """A state of the grammar that some search has met."""

    __slots__ = ("following", "is_ending", "row", "state")

    def __init__(self, state: State | None, row: int, is_ending: bool = False) -> None:
        self.state = state
        self.row = row
        """Of the table of what may follow."""
        self.is_ending = is_ending
        """Only what brings the end nearer may follow."""
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
        self._nodes: dict[tuple[State, bool], Node] = {}
        self._rows: dict[tuple[Frame, bool], int] = {}
        self._table = torch.full((1, len(grammar)), float("-inf"), device=device)

    def start(self) -> Node:
        """The state before the first token of a search."""
        if len(self._nodes) > MOST_NODES:
            self._nodes = {}
        return self._node(START)

    def next(self, node: Node, token: int) -> Node:
        """The state after one more token, or after what is written for it."""
        found = node.following.get(token)
        if found is None:
            found = node.following[token] = self._after(node, token)
        return found

    def ending(self, node: Node) -> Node:
        """The same state, from which only the shortest ways to the end lead on."""
        return node if node.state is None else self._node(node.state, True)

    def gather(self, nodes: list[list[Node]]) -> Tensor:
        """(B, K, V): 0 where a token may follow, minus infinity where it must not."""
        rows = [[node.row for node in row] for row in nodes]
        return self._table[torch.tensor(rows, device=self._table.device)]

    def _after(self, node: Node, token: int) -> Node:
        state = node.state
        # The search fills its beam with impossible extensions where there are not enough others.
        if state is None or token == EOS:
            return self.dead
        written: tuple[int, ...] | None = (token,)
        if token not in self.grammar.allowed(state.top):
            written = mended(self.grammar, state, token)
        if written is None:
            return self.dead
        for token in written:
            state = self.grammar.step(state, token)
        return self._node(state, node.is_ending)

    def _node(self, state: State, is_ending: bool = False) -> Node:
        key = state, is_ending
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = Node(state, self._row(state.top, is_ending), is_ending)
        return node

    def _row(self, frame: Frame, is_ending: bool) -> int:
        key = frame, is_ending
        row = self._rows.get(key)
        if row is None:
            ids = self.grammar.closing(frame) if is_ending else self.grammar.allowed(frame)
            mask = self._table.new_full((1, len(self.grammar)), float("-inf"))
            mask[0, sorted(ids)] = 0.0
            row = self._rows[key] = len(self._table)
            self._table = torch.cat([self._table, mask])
        return row


class Constrained:
    """A `Stepper` around another."""

    def __init__(self, stepper: Stepper, masks: Masks, batch_size: int, beam_size: int) -> None:
        self._stepper, self._masks = stepper, masks
        self._nodes = [[masks.start()] * beam_size for _ in range(batch_size)]
        self._loops = LoopWatch(batch_size, beam_size, masks.grammar.faces)
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
        self._give_way(log_probabilities, mask)
        looping = self._loops.found()
        if looping.any():
            mask[looping] = float("-inf")
            mask[..., EOS][looping] = 0.0
        return log_probabilities + mask, attention

    def _give_way(self, log_probabilities: Tensor, mask: Tensor) -> None:
        """Let the model have what it is sure of, where that can be mended; changes the mask."""
        best, tokens = log_probabilities.max(-1)
        refused = (best > SURE) & (mask.gather(-1, tokens[..., None])[..., 0] < 0)
        for row, k in refused.nonzero().tolist():
            node, token = self._nodes[row][k], int(tokens[row, k])
            if token == EOS:
                self._nodes[row][k] = self._masks.ending(node)
                mask[row, k] = self._masks.gather([[self._nodes[row][k]]])[0, 0]
            elif not node.is_ending and self._masks.next(node, token).state is not None:
                mask[row, k] = float("-inf")
                mask[row, k, token] = 0.0

    def select(self, rows: Tensor, parents: Tensor) -> None:
        """As the stepper's."""
        self._stepper.select(rows, parents)
        self._loops.select(rows, parents)
        self._nodes = [
            [self._nodes[row][parent] for parent in row_parents]
            for row, row_parents in zip(rows.tolist(), parents.tolist(), strict=True)
        ]
