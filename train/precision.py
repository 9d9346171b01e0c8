"""Which numbers a device computes fastest with: 16-bit ones where it has instructions for them.

In: a device and what was configured. Out: whether the forward pass is to have 16 bits.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from i2l_batch.train.config import Precision

_SIDE, _TRIALS = 384, 3


def seconds(dtype: torch.dtype, device: torch.device) -> float:
    """The shortest of some multiplications."""
    matrix = torch.ones(_SIDE, _SIDE, dtype=dtype, device=device)
    found = []
    for _ in range(_TRIALS):
        began = time.perf_counter()
        _ = matrix @ matrix
        found.append(time.perf_counter() - began)
    return min(found)


def in_16_bits(
    precision: Precision,
    device: torch.device,
    cost: Callable[[torch.dtype, torch.device], float] = seconds,
) -> bool:
    """Whether to use bfloat16; with `auto`, where this device multiplies it faster.

    Processors without instructions for it emulate it, several times slower than 32 bits: which
    have them is found out by trying: `cost` is what numbers of a type take on the device.
    """
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return cost(torch.bfloat16, device) < cost(torch.float32, device)
