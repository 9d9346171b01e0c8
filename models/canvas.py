"""The canvas of the paper's models: every picture in the middle of one white page of fixed size.

In: batches of ink padded at the right and at the bottom. Out: framed pages of grey between 0.5
(white) and -0.5 (black). Knows nothing of networks.

Shapes: B pictures, H x W pixels of the padded batch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from i2l_batch.models.config import PaperConfig, picture_format

FRAME = 1
"""White pixels around the canvas, which the first convolution (3x3, unpadded) eats: paper, 2.1."""


def framed_size(config: PaperConfig) -> tuple[int, int]:
    """Height and width of the canvas with its frame, in pixels: 130 x 1090 in the paper."""
    return config.height + 2 * FRAME, config.width + 2 * FRAME


def corners(sizes: Tensor, config: PaperConfig) -> Tensor:
    """Where pictures of `sizes` (B, 2) start on the framed canvas: (B, 2) row and column.

    Half of what is left, rounded down; negative where the margin hangs over.
    """
    framed = torch.tensor(framed_size(config), device=sizes.device)
    return (framed - sizes).div(2, rounding_mode="floor")


def place_on_canvas(images: Tensor, sizes: Tensor, config: PaperConfig) -> Tensor:
    """Pages (B, 1, height + 2, width + 2) of grey, (value - 127.5) / 255 of an 8-bit picture.

    Args:
        images: (B, H, W) float ink in 0..1.
        sizes: (B, 2) int height and width of each picture, which starts at the top left.
        config: says how large the canvas is.

    Raises:
        ValueError: a picture is larger than `picture_format` says.
    """
    most = picture_format(config).max_size
    if (sizes > torch.tensor(most, device=sizes.device)).any():
        height, width = sizes.amax(0).tolist()
        raise ValueError(
            f"pictures of up to {height}x{width} pixels do not fit: this model reads up to "
            f"{most[0]}x{most[1]}; scale them down (`prepare` with `max_size` does)"
        )
    top_left = corners(sizes, config)
    rows, on_rows = _sources(top_left[:, 0], sizes[:, 0], framed_size(config)[0])
    columns, on_columns = _sources(top_left[:, 1], sizes[:, 1], framed_size(config)[1])
    batch = torch.arange(len(images), device=images.device)[:, None, None]
    ink = images[batch, rows[:, :, None], columns[:, None, :]]
    inside = on_rows[:, :, None] & on_columns[:, None, :]
    return (0.5 - ink * inside).unsqueeze(1)


def _sources(starts: Tensor, lengths: Tensor, extent: int) -> tuple[Tensor, Tensor]:
    """For each of `extent` lines of the page the picture's line (B, extent), and if it has one."""
    lines = torch.arange(extent, device=starts.device) - starts[:, None]
    inside = (lines >= 0) & (lines < lengths[:, None])
    return lines.where(inside, 0), inside
