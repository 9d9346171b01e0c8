"""The paper's decoder: attention, a stack of LSTM cells and a deep output (section 2.2).

In: the places of pictures and token ids. Out: log-probabilities of the next token, and where the
decoder looked to find it.

Shapes: B pictures, K hypotheses of each (1 in training), T tokens, L places of D numbers, n hidden
units, V vocabulary. Hypotheses share the picture's part of the work: it is never copied per beam.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from i2l_batch.models.config import PaperConfig
from i2l_batch.models.paper_attention import WholeImageAttention
from i2l_batch.models.paper_encoder import place_shape
from i2l_batch.models.peephole import PeepholeCell
from i2l_batch.models.unrolled import UnrolledLinear


@dataclass(frozen=True, slots=True)
class Memory:
    """What the decoder looks at, computed once per picture."""

    places: Tensor
    """(B, L, D)."""
    looked: Tensor
    """(B, width): the picture's part of the attention's first layer."""
    first: Tensor
    """(B, layers, 2, n) float32: hidden state and cell of each layer before the first token."""

    def __len__(self) -> int:
        return self.places.shape[0]

    def select(self, rows: Tensor) -> Memory:
        """The memory of some of the pictures."""
        return Memory(self.places[rows], self.looked[rows], self.first[rows])


@dataclass(frozen=True, slots=True)
class State:
    """Where the stack of cells is."""

    layers: list[tuple[Tensor, Tensor]]
    """Hidden state and cell of each layer, float32 (B, K, n), the top layer last."""
    products: Sequence[Callable[[Tensor], Tensor]]
    """How each layer computes W [x; h] + b, the same for all hypotheses and steps."""

    def select(self, rows: Tensor, parents: Tensor) -> State:
        """The state of pictures `rows` (R,), hypothesis by hypothesis from `parents` (R, K)."""
        picked = (rows[:, None], parents)
        layers = [(hidden[picked], cell[picked]) for hidden, cell in self.layers]
        return State(layers, self.products)


class InitialState(nn.Module):
    """The first state out of the whole picture (section 2.2.5, table 5); zeros without it."""

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        places, depth = place_shape(config)
        self.shape = (config.num_layers, 2, config.lstm_units)
        self.shared = nn.Linear(places * depth, config.init_dim) if config.init_dim else None
        self.heads = nn.ModuleList(
            nn.Linear(config.init_dim, config.lstm_units)
            for _ in range(2 * config.num_layers if config.init_dim else 0)
        )

    def forward(self, places: Tensor) -> Tensor:
        """Places (B, L, D) to (B, layers, 2, n)."""
        if self.shared is None:
            return torch.zeros(len(places), *self.shape, device=places.device)
        x = self.shared(places.flatten(1)).tanh()
        states = torch.stack([head(x).tanh() for head in self.heads], 1)
        return states.float().unflatten(1, self.shape[:2])


class PaperDecoder(nn.Module):
    """One step: look (from the last hidden state), run the stack, write (from the new one)."""

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        _, depth = place_shape(config)
        self.embedding = nn.Embedding(config.vocab_size, config.embedding_dim)
        self.initial = InitialState(config)
        self.attention = WholeImageAttention(config)
        seen = config.embedding_dim + depth
        self.cells = nn.ModuleList(
            PeepholeCell(config.lstm_units if layer else seen, config.lstm_units)
            for layer in range(config.num_layers)
        )
        self.output = nn.Sequential(
            nn.Linear(seen + config.lstm_units, config.output_dim),
            nn.Tanh(),
            nn.Linear(config.output_dim, config.output_dim),
            nn.Tanh(),
            nn.Linear(config.output_dim, config.vocab_size),
        )

    def remember(self, places: Tensor) -> Memory:
        """Memory of pictures with places (B, L, D)."""
        return Memory(places, self.attention.look(places), self.initial(places))

    def start(self, memory: Memory, beam_size: int) -> State:
        """No tokens yet, for `beam_size` hypotheses of each picture."""
        dtype = computing_dtype(self.embedding.weight)
        return State(first_layers(memory, beam_size), [c.product(dtype) for c in self._cells()])

    def step(self, state: State, tokens: Tensor, memory: Memory) -> tuple[State, Tensor, Tensor]:
        """One token (B, K) on: state, log-probabilities (B, K, V), attention (B, K, L)."""
        embedded = self.embedding(tokens)
        state, seen, weights = self._advance(state, embedded, memory)
        logits = self.output(torch.cat([embedded, state.layers[-1][0], seen], -1))
        return state, logits.float().log_softmax(-1), weights

    def forward(self, tokens: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Teacher-forced: tokens (B, T) to logits (B, T, V) and attention (B, T, L)."""
        batch, length = tokens.shape
        embedded = self.embedding(tokens)
        products = [
            UnrolledLinear(cell.kernel, cell.bias, length, (batch, 1), computing_dtype(embedded))
            for cell in self._cells()
        ]
        state = State(first_layers(memory, 1), products)
        tops, contexts, attention = [], [], []
        for t in range(length):
            state, seen, weights = self._advance(state, embedded[:, t : t + 1], memory)
            tops.append(state.layers[-1][0])
            contexts.append(seen)
            attention.append(weights)
        # Nothing flows from the output into the next step, so that all steps are written at once.
        x = torch.cat([embedded, torch.cat(tops, 1), torch.cat(contexts, 1)], -1)
        return self.output(x), torch.cat(attention, 1)

    def _advance(
        self, state: State, embedded: Tensor, memory: Memory
    ) -> tuple[State, Tensor, Tensor]:
        """Look and run the stack: state, what was seen (B, K, D), attention (B, K, L)."""
        weights = self.attention(memory.looked, state.layers[-1][0])
        seen = weights.to(memory.places.dtype) @ memory.places
        x = torch.cat([embedded, seen], -1)
        layers = []
        for cell, product, before in zip(self._cells(), state.products, state.layers, strict=True):
            layers.append(cell(x, *before, product))
            x = layers[-1][0]
        return State(layers, state.products), seen, weights

    def _cells(self) -> list[PeepholeCell]:
        return [cell for cell in self.cells if isinstance(cell, PeepholeCell)]


def first_layers(memory: Memory, beam_size: int) -> list[tuple[Tensor, Tensor]]:
    """Hidden state and cell (B, K, n) of each layer before the first token."""
    first = memory.first[:, None].expand(-1, beam_size, -1, -1, -1)
    return [(layer[..., 0, :], layer[..., 1, :]) for layer in first.unbind(2)]


def computing_dtype(x: Tensor) -> torch.dtype:
    """What matrices are multiplied in here: autocast's choice, else the tensor's own."""
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype
