"""The compact decoder: a small transformer over memory cells, with cached keys and values.

Shapes: B pictures, K hypotheses of each (1 in training), T tokens, L memory cells, D model width,
N heads, V vocabulary. The hypotheses of a picture share its memory: it is never copied per beam.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from i2l_batch.models.config import CompactConfig
from i2l_batch.models.past import State


@dataclass(frozen=True, slots=True)
class Memory:
    """What the decoder looks at, computed once per picture."""

    keys: list[Tensor]
    """Per layer (B, N, L, D / N)."""
    values: list[Tensor]
    """Per layer (B, N, L, D / N)."""
    bias: Tensor
    """(B, 1, 1, L): 0 for a cell of the picture, minus infinity for padding."""

    def __len__(self) -> int:
        return self.bias.shape[0]

    def select(self, rows: Tensor) -> Memory:
        """The memory of some of the pictures."""
        return Memory([k[rows] for k in self.keys], [v[rows] for v in self.values], self.bias[rows])


class Decoder(nn.Module):
    """Token embeddings, layers, and an output of its own.

    Sharing the embedding's weights with the output would make the untrained model repeat its input
    token with near certainty (first losses of 12 nats), which costs hundreds of steps to unlearn.
    """

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(config.vocab_size, config.dim)
        nn.init.normal_(self.embedding.weight, std=config.dim**-0.5)
        self.positions = nn.Parameter(torch.randn(config.max_tokens, config.dim) * 0.1)
        self.layers = nn.ModuleList([DecoderLayer(config) for _ in range(config.num_layers)])
        self.norm = nn.LayerNorm(config.dim)
        self.output = nn.Linear(config.dim, config.vocab_size)
        self.scale = math.sqrt(config.dim)

    def remember(self, memory: Tensor, mask: Tensor) -> Memory:
        """Keys and values of memory (B, L, D) with mask (B, L)."""
        pairs = [layer.cross.remember(memory) for layer in self._layers()]
        bias = torch.zeros(mask.shape, dtype=memory.dtype, device=mask.device)
        bias = bias.masked_fill(~mask, float("-inf"))[:, None, None, :]
        return Memory([k for k, _ in pairs], [v for _, v in pairs], bias)

    def forward(self, tokens: Tensor, memory: Memory) -> tuple[Tensor, list[Tensor]]:
        """Teacher-forced: tokens (B, T) to logits (B, T, V) and attention per layer (B, T, L).

        The attention is that of head 0, which training guides to the place of the next token.
        """
        length = tokens.shape[1]
        x = self.embedding(tokens) * self.scale + self.positions[:length]
        future = torch.full((length, length), float("-inf"), device=x.device).triu(1)
        attention = []
        for i, layer in enumerate(self._layers()):
            x, weights = layer(x, future, memory.keys[i], memory.values[i], memory.bias)
            attention.append(weights)
        return self.output(self.norm(x)), attention

    def start(self, memory: Memory, beam_size: int) -> State:
        """No tokens yet, for `beam_size` hypotheses of each picture."""
        return State(memory.keys, beam_size)

    def step(self, state: State, tokens: Tensor, memory: Memory) -> tuple[State, Tensor, Tensor]:
        """One token (B, K) on: the same state, log-probabilities (B, K, V), attention (B, K, L)."""
        x = self.embedding(tokens) * self.scale + self.positions[state.length]
        past = state.grow()
        weights = x
        for i, layer in enumerate(self._layers()):
            x, weights = layer.step(
                x, state.layer(i), past, memory.keys[i], memory.values[i], memory.bias
            )
        return state, self.output(self.norm(x)).float().log_softmax(-1), weights

    def _layers(self) -> list[DecoderLayer]:
        return [layer for layer in self.layers if isinstance(layer, DecoderLayer)]


class DecoderLayer(nn.Module):
    """Attention over the tokens so far, attention over the picture, two linear maps."""

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.dim)
        self.own = Attention(config.dim, config.num_heads)
        self.norm2 = nn.LayerNorm(config.dim)
        self.cross = Attention(config.dim, config.num_heads)
        self.norm3 = nn.LayerNorm(config.dim)
        self.feed_forward = nn.Sequential(
            nn.Linear(config.dim, config.ff_dim), nn.GELU(), nn.Linear(config.ff_dim, config.dim)
        )

    def forward(
        self, x: Tensor, future: Tensor, keys: Tensor, values: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor]:
        """x (B, T, D) to the same, and attention of head 0 over the cells (B, T, L)."""
        y = self.norm1(x)
        own_keys, own_values = self.own.remember(y)
        x = x + self.own(y, own_keys, own_values, future)[0]
        y, weights = self.cross(self.norm2(x), keys, values, bias)
        x = x + y
        return x + self.feed_forward(self.norm3(x)), weights

    def step(
        self,
        x: Tensor,
        own: tuple[Tensor, Tensor],
        past: Tensor | None,
        keys: Tensor,
        values: Tensor,
        bias: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """x (B, K, D) one token on, with the attention of head 0 (B, K, L).

        Args:
            x: of the latest token of each hypothesis.
            own: keys and values (B, N, n, D / N) of the nodes; the last K of them are set here.
            past: (B, 1, K, n), 0 for a hypothesis's own nodes, minus infinity for others.
            keys: (B, N, L, D / N) of the picture's cells.
            values: likewise.
            bias: (B, 1, 1, L), minus infinity for padding.
        """
        beams = x.shape[1]
        y = self.norm1(x)
        for nodes, new in zip(own, self.own.remember(y), strict=True):
            nodes[:, :, -beams:] = new
        x = x + self.own(y, *own, past)[0]
        y, weights = self.cross(self.norm2(x), keys, values, bias)
        x = x + y
        return x + self.feed_forward(self.norm3(x)), weights


class Attention(nn.Module):
    """Multi-head attention, keys and values given.

    Written out as matmul, softmax, matmul: for single steps on a CPU the fused kernel took 42 % of
    decoding time, and the guided head's weights are needed anyway.
    """

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(dim, dim)
        self.key_value = nn.Linear(dim, 2 * dim)
        self.out = nn.Linear(dim, dim)

    def remember(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x (B, L, D) to keys and values (B, N, L, D / N)."""
        keys, values = self.key_value(x).chunk(2, -1)
        return self._split(keys).contiguous(), self._split(values).contiguous()

    def forward(
        self, x: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """x (B, Q, D) over keys (B, N, L, D / N): (B, Q, D) and the weights of head 0 (B, Q, L)."""
        queries = self._split(self.query(x)) * (keys.shape[-1] ** -0.5)
        scores = queries @ keys.transpose(-1, -2)
        if bias is not None:
            scores = scores + bias
        weights = scores.softmax(-1)
        y = (weights.to(values.dtype) @ values).transpose(1, 2).flatten(2)
        return self.out(y), weights[:, 0]

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
