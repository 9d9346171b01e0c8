"""What a transformer's hypotheses have said so far: keys and values of their tokens, shared.

The hypotheses of a picture are a tree: most of what they say they say alike. Each token is a node,
kept once, and a hypothesis knows which nodes are its own. So nothing is copied when hypotheses take
the places of others, and attention reads a shared past once.

Shapes: B pictures, K hypotheses of each, n nodes of each, N heads, D model width.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from i2l_batch.models.packing import pack

ROOM = 16
"""Steps between two times that nodes which no hypothesis needs any more are left out."""


class State:
    """The tokens so far. `grow` makes place for one more of every hypothesis."""

    def __init__(self, like: Sequence[Tensor], beam_size: int) -> None:
        """No tokens, for pictures with a tensor `like` (B, N, ..., D / N) for each layer."""
        batch, heads, _, dim = like[0].shape
        empty = [layer.new_empty(batch, heads, 0, dim) for layer in like]
        self._nodes = [(keys, keys) for keys in empty]
        """Per layer keys and values (B, N, more than n, D / N)."""
        self._past = torch.ones(batch, beam_size, 0, dtype=torch.bool, device=like[0].device)
        """(B, K, n): whether a node belongs to a hypothesis."""
        self.length = 0
        """Tokens of each hypothesis."""

    def select(self, rows: Tensor, parents: Tensor) -> State:
        """The state of pictures `rows` (R,), hypothesis by hypothesis from `parents` (R, K)."""
        selected = object.__new__(State)
        selected.length = self.length
        selected._past = self._past[rows[:, None], parents]
        selected._nodes = self._nodes
        if not torch.equal(rows, torch.arange(len(self._past), device=rows.device)):
            selected._nodes = [(keys[rows], values[rows]) for keys, values in self._nodes]
        return selected

    def grow(self) -> Tensor | None:
        """One more node for each hypothesis, to be filled in by each layer.

        Returns:
            (B, 1, K, n): 0 for nodes of a hypothesis, minus infinity for others; null where each
            picture has only one, which all nodes belong to.
        """
        batch, beams, count = self._past.shape
        if count + beams > self._nodes[0][0].shape[2]:
            self._make_room()
        own = torch.eye(beams, dtype=torch.bool, device=self._past.device)
        self._past = torch.cat([self._past, own.expand(batch, beams, beams)], 2)
        self.length += 1
        if beams == 1:
            return None
        bias = torch.zeros(self._past.shape, dtype=self._nodes[0][0].dtype, device=own.device)
        return bias.masked_fill_(~self._past, float("-inf"))[:, None]

    def layer(self, i: int) -> tuple[Tensor, Tensor]:
        """Keys and values (B, N, n, D / N) of layer `i`, the newest nodes last."""
        count = self._past.shape[2]
        keys, values = self._nodes[i]
        return keys[:, :, :count], values[:, :, :count]

    def _make_room(self) -> None:
        """Leave out the nodes of no hypothesis, and have room for some steps."""
        room = ROOM * self._past.shape[1]
        indices, kept = pack(self._past.any(1))
        self._past = self._past.take_along_dim(indices[:, None], 2) & kept[:, None]
        self._nodes = [
            (_moved(keys, indices, room), _moved(values, indices, room))
            for keys, values in self._nodes
        ]


def _moved(nodes: Tensor, indices: Tensor, room: int) -> Tensor:
    """Nodes (B, N, n, D / N) at `indices` (B, m), and room for more: (B, N, m + room, D / N)."""
    batch, heads, _, dim = nodes.shape
    count = indices.shape[1]
    moved = nodes.new_empty(batch, heads, count + room, dim)
    moved[:, :, :count] = nodes.take_along_dim(indices[:, None, :, None], 2)
    return moved
