"""What every model here is: pictures to LaTeX tokens, one token at a time.

The transcriber, the training and the pictures of attention drive this interface alone. Knows
tensors only: no files, no LaTeX, no search.

Shapes: B pictures, H x W pixels of the padded batch, K hypotheses of each picture (1 in training),
T tokens, L places of the attention, V vocabulary.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from i2l_batch.models.config import ModelConfig


class Memory(Protocol):
    """What a model looks at, computed once per picture."""

    def __len__(self) -> int:
        """B."""
        ...

    def select(self, rows: Tensor) -> Memory:
        """The memory of pictures `rows` (R,)."""
        ...


class State(Protocol):
    """What a model knows of the tokens so far."""

    def select(self, rows: Tensor, parents: Tensor) -> State:
        """The state of pictures `rows` (R,), hypothesis by hypothesis from `parents` (R, K)."""
        ...


class Recognizer(nn.Module, ABC):
    """A model. Its pictures are float ink (0 empty, 1 full), cut to the ink with a small margin."""

    em_pixels: float
    """Body size of the text that the model reads, in pixels."""
    max_size: tuple[int, int]
    """Largest height and width of a picture, in pixels."""
    length_penalty: float = 1.0
    """Of the beam search (`BeamConfig`); the paper's is 1.0."""

    @property
    @abstractmethod
    def config(self) -> ModelConfig:
        """Its sizes, which with the vocabulary and the weights make a checkpoint."""

    @abstractmethod
    def forward(self, images: Tensor, sizes: Tensor, tokens: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Teacher-forced: `tokens` (B, T) from bos on, to what comes after each of them.

        Args:
            images: (B, H, W), zero outside each picture.
            sizes: (B, 2) int height and width of each picture, which starts at the top left.
            tokens: (B, T) ids.

        Returns:
            logits (B, T, V), and per guidable attention its weights (B, T, L), which sum to 1.
        """

    @abstractmethod
    def encode(self, images: Tensor, sizes: Tensor) -> Any:
        """The `Memory` of pictures (B, H, W) with sizes (B, 2)."""

    @abstractmethod
    def start(self, memory: Any, beam_size: int = 1) -> Any:
        """The `State` before the first token, for `beam_size` hypotheses of each picture."""

    @abstractmethod
    def step(self, state: Any, tokens: Tensor, memory: Any) -> tuple[Any, Tensor, Tensor]:
        """Feed one token (B, K) to every hypothesis. What was `state` is used up.

        Returns:
            the next state, log-probabilities (B, K, V), attention (B, K, L) that chose the place.
        """

    @abstractmethod
    def places(self, sizes: Tensor) -> Tensor:
        """Where the attention's places lie in pictures of `sizes` (B, 2) height, width; int.

        Returns:
            (B, L, 4) int x0 y0 x1 y1 in pixels of each picture, on the device of `sizes`. They may
            reach beyond it. Zero behind those of a picture that has fewer than another.
        """

    @abstractmethod
    def decayed(self) -> list[nn.Parameter]:
        """The weights that training keeps small (L2 penalty or weight decay)."""

    @property
    def num_parameters(self) -> int:
        """How many numbers were learned."""
        return sum(p.numel() for p in self.parameters())

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device
