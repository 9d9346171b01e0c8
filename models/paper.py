"""The paper's models, `nopool` and `strips`, behind the interface that every model here has.

"Teaching Machines to Code: Neural Markup Generation with Visual Attention" (arXiv 1802.05415).
Knows tensors only: no files, no LaTeX, no search.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from i2l_batch.models.canvas import FRAME, corners, framed_size, place_on_canvas
from i2l_batch.models.config import PaperConfig, picture_format
from i2l_batch.models.paper_attention import WholeImageAttention
from i2l_batch.models.paper_decoder import Memory, PaperDecoder, State
from i2l_batch.models.paper_encoder import PaperEncoder, place_boxes
from i2l_batch.models.peephole import PeepholeCell
from i2l_batch.models.recognizer import Recognizer

CHUNK_PIXELS = {"cpu": 600_000, "cuda": 9_000_000}
"""Pixels of pages that are encoded at once where no gradient is wanted, by device: four of the
paper's pages, which take about 300 MB of activations, and about sixty, which take about 4 GB."""


class PaperModel(Recognizer):
    """Pictures in the middle of a page of fixed size to LaTeX tokens."""

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        self._config = config
        self.em_pixels, self.max_size, _ = picture_format(config)
        self.encoder = PaperEncoder(config)
        self.decoder = PaperDecoder(config)
        self.apply(initialise)

    @property
    def config(self) -> PaperConfig:
        """Its sizes."""
        return self._config

    def forward(self, images: Tensor, sizes: Tensor, tokens: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits (B, T, V) for the token after each of `tokens` (B, T), and the attention."""
        logits, attention = self.decoder(tokens, self.encode(images, sizes))
        return logits, [attention]

    def encode(self, images: Tensor, sizes: Tensor) -> Memory:
        """Memory of pictures (B, H, W) of float ink in 0..1 with sizes (B, 2) in pixels.

        Raises:
            ValueError: a picture is larger than `max_size`.
        """
        height, width = framed_size(self._config)
        chunk = len(images)
        if not torch.is_grad_enabled():
            pixels = CHUNK_PIXELS.get(images.device.type, CHUNK_PIXELS["cpu"])
            chunk = max(1, pixels // (height * width))
        places = [
            self.encoder(place_on_canvas(some, of_some, self._config))
            for some, of_some in zip(images.split(chunk), sizes.split(chunk), strict=True)
        ]
        return self.decoder.remember(torch.cat(places))

    def start(self, memory: Memory, beam_size: int = 1) -> State:
        """The state before the first token."""
        return self.decoder.start(memory, beam_size)

    def step(self, state: State, tokens: Tensor, memory: Memory) -> tuple[State, Tensor, Tensor]:
        """Feed one token (B, K) to every hypothesis.

        Returns:
            the next state, log-probabilities (B, K, V), attention over the places (B, K, L).
        """
        return self.decoder.step(state, tokens, memory)

    def places(self, sizes: Tensor) -> Tensor:
        """The cells or strips of the page around each picture: (B, L, 4) x0 y0 x1 y1 in its
        pixels."""
        starts = (corners(sizes, self._config) - FRAME).flip(1).repeat(1, 2)
        return place_boxes(self._config).to(sizes.device) - starts[:, None]

    def decayed(self) -> list[nn.Parameter]:
        """Kernels of convolutions, all fully connected weights, the embedding.

        Neither biases nor anything of the LSTM: so the paper's code, where the paper says "weights
        and biases".
        """
        kinds = (nn.Conv2d, nn.Linear, nn.Embedding)
        weights = [module.weight for module in self.modules() if isinstance(module, kinds)]
        return [weight for weight in weights if isinstance(weight, nn.Parameter)]


def initialise(module: nn.Module) -> None:
    """Glorot-uniform weights and biases of zero, as in the paper; parts before their wholes."""
    if isinstance(module, (nn.Conv2d, nn.Linear, nn.Embedding)):
        nn.init.xavier_uniform_(module.weight)
        if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, (WholeImageAttention, PeepholeCell)):
        module.reset_parameters()
