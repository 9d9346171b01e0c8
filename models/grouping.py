"""Pictures as one batch, and a batch in groups of like shape, so that little padding is encoded.

A batch has pictures that need about as many steps, so of about the same area; one is wide and low,
another narrow and high, and half of the grid that holds both is empty.

Shapes: B pictures, H x W pixels of the padded batch, G pictures of a group.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from i2l_batch.models.encoder import STRIDE

PADDED, LEAST = 1.15, 2
"""A group of at least 2 grows while its grid has at most 1.15 times the area of its pictures. Of
what is encoded of im2latex-100k's validation images 4 % is padding then, without groups 44 %."""

MOST_PIXELS = 500_000
"""Of a group's grid, unless one picture has more: it takes about 60 MB while it is encoded."""


def pad(inks: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Pictures (h, w) uint8 ink as one batch (B, H, W) float in 0..1, and sizes (B, 2)."""
    sizes = np.array([ink.shape for ink in inks])
    height, width = (-(-sizes.max(0) // STRIDE) * STRIDE).tolist()
    batch = np.zeros((len(inks), height, width), np.float32)
    for i, ink in enumerate(inks):
        batch[i, : ink.shape[0], : ink.shape[1]] = ink
    batch /= 255
    return torch.from_numpy(batch), torch.from_numpy(sizes)


def groups_of_shape(sizes: Tensor) -> list[Tensor]:
    """Indices (G,) of the pictures of each group; sizes (B, 2) are heights and widths in pixels."""
    cells = (-(-sizes // STRIDE)).tolist()
    groups: list[list[int]] = []
    height, width, area = 0, 0, 0
    for i in sorted(range(len(cells)), key=cells.__getitem__):
        height, width = max(height, cells[i][0]), max(width, cells[i][1])
        area += cells[i][0] * cells[i][1]
        grid = height * width * (len(groups[-1]) + 1) if groups else 0
        is_loose = bool(groups) and len(groups[-1]) >= LEAST and grid > PADDED * area
        if not groups or is_loose or grid * STRIDE**2 > MOST_PIXELS:
            groups.append([])
            height, width = cells[i]
            area = height * width
        groups[-1].append(i)
    return [torch.tensor(group, device=sizes.device) for group in groups]


def crop(images: Tensor, sizes: Tensor, group: Tensor) -> tuple[Tensor, Tensor]:
    """Pictures `group` (G,) of a batch (B, H, W) with sizes (B, 2), with no more padding than they
    need: (G, h, w) and (G, 2)."""
    height, width = (-(-sizes[group].amax(0) // STRIDE) * STRIDE).tolist()
    return images[:, :height, :width][group], sizes[group]
