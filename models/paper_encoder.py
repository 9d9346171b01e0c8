"""The paper's encoder: a page to the vectors that the attention chooses among (section 2.1).

In: framed pages of grey. Out: L vectors per page, `places`. `nopool` and `strips` differ here and
nowhere else: in how the map of the convolutions is cut into places.

Shapes: B pages, C channels of the last block, h x w cells of the map, L places of D numbers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from i2l_batch.models.canvas import FRAME
from i2l_batch.models.config import PaperConfig

KERNEL = 2 * FRAME + 1
"""Side of the convolutions' kernels, in pixels."""


class PaperEncoder(nn.Module):
    """Blocks of a 3x3 convolution, tanh, and a 2x2 max-pool (paper, table 1)."""

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        c_in = (1, *config.channels)
        self.convolutions = nn.ModuleList(
            # The frame is the first one's padding: with white, where the others pad with zeros.
            nn.Conv2d(c_in[i], c_out, KERNEL, padding=0 if i == 0 else KERNEL // 2)
            for i, c_out in enumerate(config.channels)
        )
        self.block = place_block(config)

    def forward(self, pages: Tensor) -> Tensor:
        """Pages (B, 1, height + 2, width + 2) to places (B, L, D), row by row."""
        # Channels innermost, which every layer keeps: 1.5 times as fast on a CPU. A single channel
        # has no order of its own, so that only its strides say it.
        x = pages.squeeze(1).unsqueeze(-1).movedim(-1, 1)
        for convolution in self.convolutions:
            # tanh is monotone: after the pool it gives the same, for a quarter of the work.
            x = F.max_pool2d(convolution(x), 2).tanh()
        return regroup(x, self.block)


def map_size(config: PaperConfig) -> tuple[int, int]:
    """Rows and columns (h, w) of the last block's map: 4 x 34 in the paper."""
    return config.height // cell_pixels(config), config.width // cell_pixels(config)


def cell_pixels(config: PaperConfig) -> int:
    """Side of a cell of the map in pixels of the page: 32 in the paper."""
    return 2 ** len(config.channels)


def place_block(config: PaperConfig) -> tuple[int, int]:
    """Rows and columns of cells that make a place: one cell, or a whole column (paper, table 2)."""
    return (map_size(config)[0], 1) if config.architecture == "strips" else (1, 1)


def place_shape(config: PaperConfig) -> tuple[int, int]:
    """Number of places and of numbers in each (L, D): 136 x 512 or 34 x 2048 in the paper."""
    (rows, columns), (high, wide) = map_size(config), place_block(config)
    return (rows // high) * (columns // wide), high * wide * config.channels[-1]


def place_boxes(config: PaperConfig) -> Tensor:
    """(L, 4) x0 y0 x1 y1 of the places, in pixels of the canvas without its frame."""
    (rows, columns), (high, wide) = map_size(config), place_block(config)
    y, x = torch.meshgrid(
        torch.arange(0, rows, high), torch.arange(0, columns, wide), indexing="ij"
    )
    boxes = torch.stack([x, y, x + wide, y + high], -1).flatten(0, 1)
    return boxes * cell_pixels(config)


def regroup(cells: Tensor, block: tuple[int, int]) -> Tensor:
    """Join blocks of cells, not by a mean or maximum, but end to end: (B, C, h, w) to (B, L, D).

    The numbers of a place come row by row, column by column, channel by channel.
    """
    high, wide = block
    batch, channels, rows, columns = cells.shape
    blocks = cells.view(batch, channels, rows // high, high, columns // wide, wide)
    return blocks.permute(0, 2, 4, 3, 5, 1).reshape(
        batch, (rows // high) * (columns // wide), high * wide * channels
    )
