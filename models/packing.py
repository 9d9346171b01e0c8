"""Rows of different length out of a padded batch: what is to be kept comes first.

Shapes: B rows, L places before, M after: the most that any row keeps.
"""

from __future__ import annotations

import torch
from torch import Tensor


def pack(keep: Tensor) -> tuple[Tensor, Tensor]:
    """Which places of rows with `keep` (B, L) bool stay.

    Returns:
        their indices (B, M) in order, filled up with others, and (B, M) bool, false for the others.
    """
    most = int(keep.sum(1).max())
    indices = keep.to(torch.uint8).argsort(dim=1, descending=True, stable=True)[:, :most]
    return indices, keep.gather(1, indices)
