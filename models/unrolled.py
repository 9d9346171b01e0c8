"""A linear layer inside of a recurrence, whose gradient is computed for all steps at once.

Left to itself, autograd computes the gradient of a recurrent layer's weights once per step, and
adds up as many matrices as there are steps: with 18 million weights and 100 steps that moves more
memory than all the rest of training. Knows nothing of what the layer is for.

Shapes: T steps, (..., in) inputs, (..., out) outputs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


class UnrolledLinear:
    """x -> W x + b, to be called exactly once for each of `num_steps` steps."""

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor,
        num_steps: int,
        shape: tuple[int, ...],
        dtype: torch.dtype,
    ) -> None:
        """Take weight (out, in) and bias (out,) for inputs (*shape, in), computed in `dtype`."""
        # Cast once: autocast would cast constants, as these are now, at every step.
        self._weight = weight.detach().to(dtype)
        self._bias = bias.detach().to(dtype)
        self._inputs: list[Tensor] = []
        slots: Tensor = _Slots.apply(weight, bias, self._inputs, (num_steps, *shape), dtype)
        self._slots = list(slots.unbind(0))

    def __call__(self, x: Tensor) -> Tensor:
        """Inputs (*shape, in) of the next step to outputs (*shape, out)."""
        x = x.to(self._weight.dtype)
        slot = self._slots[len(self._inputs)]
        self._inputs.append(x.detach())
        return F.linear(x, self._weight, self._bias) + slot


class _Slots(torch.autograd.Function):
    """Zeros that are added to the outputs of all steps, to hear of their gradients together."""

    @staticmethod
    def forward(
        ctx: Any,
        weight: Tensor,
        bias: Tensor,
        inputs: list[Tensor],
        shape: tuple[int, ...],
        dtype: torch.dtype,
    ) -> Tensor:
        """Zeros (steps, *shape, out) that take no memory."""
        ctx.inputs = inputs  # filled during the recurrence
        ctx.dtypes = weight.dtype, bias.dtype
        return weight.new_zeros((), dtype=dtype).expand(*shape, weight.shape[0])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        """One product for the gradients of all steps."""
        outputs = gradients[0].flatten(0, -2)
        inputs = torch.stack(ctx.inputs).flatten(0, -2)
        of_weight, of_bias = ctx.dtypes
        weight = (outputs.T @ inputs).to(of_weight)
        return weight, outputs.float().sum(0).to(of_bias), None, None, None
