"""The compact encoder: a picture of ink to a grid of memory cells, one per 8x8 pixels.

Shapes: B pictures, C channels, H x W pixels, h x w cells with h = ceil(H / 8), L the most cells of
a picture, D model width.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from i2l_batch.models.config import CompactConfig
from i2l_batch.models.packing import pack

STRIDE = 8
"""Pixels per cell in each direction: about half an em of text at the size the model reads."""


class Encoder(nn.Module):
    """Residual 3x3 convolutions down to 1/8, then positions added.

    Outside its own size a picture is kept at zero after every layer, as the convolutions pad, so
    that the memory of a picture does not depend on how far its batch was padded.
    """

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        c1, c2, c3, c4 = config.channels
        self.stages = nn.ModuleList(
            [
                nn.ModuleList([Down(1, c1), Residual(c1)]),
                nn.ModuleList([Down(c1, c2), Residual(c2)]),
                nn.ModuleList([Down(c2, c3), Residual(c3), Widen(c3, c4), Residual(c4)]),
            ]
        )
        self.project = nn.Linear(c4, config.dim)
        self.norm = nn.LayerNorm(config.dim)
        self.position = nn.Linear(config.dim, config.dim, bias=False)

    def forward(self, images: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor]:
        """Memory cells of a batch.

        Args:
            images: (B, H, W) float ink in 0..1, zero outside each picture; H and W multiples of 8.
            sizes: (B, 2) int height and width of each picture in pixels.

        Returns:
            memory (B, L, D): the cells of each picture, row by row; mask (B, L): false behind them.
        """
        x = images.unsqueeze(1)
        masks = self._masks(sizes, x)
        # Pictures of a batch differ in shape more than in area: padding is half of the grid. How
        # many cells stay must be waited for: so ask before a GPU has anything else to do.
        indices, kept = pack(masks[-1].flatten(1) > 0)
        for stage, mask in zip(self.stages, masks, strict=True):
            assert isinstance(stage, nn.ModuleList)
            x = stage[0](x)
            inside = mask.to(x.dtype)  # which may have fewer bits than the images
            x = x * inside
            for block in stage[1:]:
                x = block(x, inside)
        cells = x.flatten(2).transpose(1, 2).take_along_dim(indices[..., None], 1)
        cells = self.project(cells)
        height, width = x.shape[2:]
        positions = grid_positions(height, width, cells.shape[-1], cells.device)
        # Not by an index: its gradient is summed in whatever order the threads come.
        positions = F.embedding(indices, self.position(positions).to(cells.dtype))
        memory = self.norm(cells + positions)
        return memory, kept

    def _masks(self, sizes: Tensor, images: Tensor) -> list[Tensor]:
        """For each stage (B, 1, h, w) of 1 inside the pictures (B, 1, H, W), else 0."""
        height, width = images.shape[2:]
        masks = []
        for _ in self.stages:
            height, width, sizes = (height + 1) // 2, (width + 1) // 2, (sizes + 1) // 2
            masks.append(_inside(sizes, height, width, images.dtype))
        return masks


class Down(nn.Module):
    """Halve the picture: a 3x3 convolution of stride 2."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor) -> Tensor:
        """(B, c_in, H, W) to (B, c_out, H / 2, W / 2)."""
        return F.relu(self.norm(self.conv(x)))


class Widen(nn.Module):
    """Change the number of channels: a 1x1 convolution."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, 1, bias=False)
        self.norm = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, c_in, h, w) to (B, c_out, h, w)."""
        return F.relu(self.norm(self.conv(x))) * mask


class Residual(nn.Module):
    """Two 3x3 convolutions around a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, C, h, w) to the same; mask (B, 1, h, w) is 1 inside the pictures."""
        y = F.relu(self.norm1(self.conv1(x))) * mask
        return F.relu(x + self.norm2(self.conv2(y))) * mask


def _inside(sizes: Tensor, height: int, width: int, dtype: torch.dtype) -> Tensor:
    """(B, 1, height, width) of 1 where a picture of its size is, else 0."""
    rows = torch.arange(height, device=sizes.device)[None, :] < sizes[:, :1]
    columns = torch.arange(width, device=sizes.device)[None, :] < sizes[:, 1:]
    return (rows[:, :, None] & columns[:, None, :]).to(dtype).unsqueeze(1)


def grid_positions(height: int, width: int, dim: int, device: torch.device) -> Tensor:
    """(height * width, dim) sines and cosines: the first half of dim by row, the rest by column.

    Wavelengths run from 4 to 400 cells, so that neighbours differ and the widest picture does not
    repeat.
    """
    rows = _sinusoids(height, dim // 2, device)[:, None, :].expand(height, width, -1)
    columns = _sinusoids(width, dim // 2, device)[None, :, :].expand(height, width, -1)
    return torch.cat([rows, columns], -1).reshape(height * width, dim)


def _sinusoids(length: int, dim: int, device: torch.device) -> Tensor:
    """(length, dim)."""
    steps = torch.arange(dim // 2, device=device) / max(dim // 2 - 1, 1)
    frequencies = 2 * math.pi / (4.0 * 100.0**steps)
    angles = torch.arange(length, device=device)[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], -1)
