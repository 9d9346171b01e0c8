"""The `compact` model: encoder and decoder behind the interface that every model here has.

`encode` once per picture, `start`, then `step` per token; `forward` is the teacher-forced pass.
Knows tensors only: no files, no LaTeX, no search.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from i2l_batch.models.config import CompactConfig, picture_format
from i2l_batch.models.decoder import Decoder, Memory
from i2l_batch.models.encoder import STRIDE, Encoder
from i2l_batch.models.grouping import crop, groups_of_shape
from i2l_batch.models.past import State
from i2l_batch.models.recognizer import Recognizer


class Compact(Recognizer):
    """Pictures of any size to LaTeX tokens; about 5 million parameters, made for a plain CPU."""

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        self._config = config
        self.em_pixels, self.max_size, _ = picture_format(config)
        # With 1.0, what repeats itself for 200 tokens outranks the right formula of 80.
        self.length_penalty = 0.8
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)

    @property
    def config(self) -> CompactConfig:
        """Its sizes."""
        return self._config

    def forward(self, images: Tensor, sizes: Tensor, tokens: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits (B, T, V) for the token after each of `tokens` (B, T), and attention by layer."""
        return self.decoder(tokens, self.encode(images, sizes))

    def encode(self, images: Tensor, sizes: Tensor) -> Memory:
        """Memory of pictures (B, H, W) of float ink in 0..1 with sizes (B, 2) in pixels."""
        if self.training:  # statistics are those of the whole batch
            return self.decoder.remember(*self.encoder(images, sizes))
        groups = groups_of_shape(sizes)
        parts = [self.encoder(*crop(images, sizes, group)) for group in groups]
        memory = pad_sequence([cells for part, _ in parts for cells in part], batch_first=True)
        mask = pad_sequence([row for _, part in parts for row in part], batch_first=True)
        order = torch.cat(groups).argsort()
        return self.decoder.remember(memory[order], mask[order])

    def start(self, memory: Memory, beam_size: int = 1) -> State:
        """The state before the first token."""
        return self.decoder.start(memory, beam_size)

    def step(self, state: State, tokens: Tensor, memory: Memory) -> tuple[State, Tensor, Tensor]:
        """Feed one token (B, K) to every hypothesis.

        Returns:
            the next state, log-probabilities (B, K, V), attention over the cells (B, K, L).
        """
        return self.decoder.step(state, tokens, memory)

    def places(self, sizes: Tensor) -> Tensor:
        """The encoder's cells, row by row: (B, L, 4) x0 y0 x1 y1 in pixels, zero behind a picture's
        last."""
        rows, columns = ((sizes + STRIDE - 1) // STRIDE)[:, :, None].unbind(1)
        numbers = rows * columns
        cells = torch.arange(int(numbers.max()), device=sizes.device)
        corner = torch.stack([cells % columns, cells // columns], -1) * STRIDE
        return torch.cat([corner, corner + STRIDE], -1) * (cells < numbers)[..., None]

    def decayed(self) -> list[nn.Parameter]:
        """All but biases and the scales of norms."""
        return [parameter for parameter in self.parameters() if parameter.ndim > 1]
