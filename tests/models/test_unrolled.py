"""The gradient of all steps at once is the gradient of the steps one by one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from i2l_batch.models.unrolled import UnrolledLinear

STEPS, BATCH, UNITS = 5, 3, 4


def run(start: Tensor, inputs: Tensor, linear: Callable[[Tensor], Tensor]) -> Tensor:
    """A recurrence with something of every step in the result."""
    hidden, total = start, start.sum()
    for x in inputs:
        hidden = linear(torch.cat([x, hidden], -1)).tanh()
        total = total + (hidden**2).sum()
    return total


@pytest.mark.parametrize("learned", [slice(0, 4), slice(1, 4), slice(2, 4), slice(0, 2)])
def test_it_is_a_linear_layer_with_the_same_gradients(learned: slice) -> None:
    """Of the start, the inputs, the weight and the bias, whichever of them are asked for."""
    torch.manual_seed(0)
    shapes = [(BATCH, UNITS), (STEPS, BATCH, 2), (UNITS, 2 + UNITS), (UNITS,)]
    values = [torch.randn(shape, dtype=torch.float64) for shape in shapes]
    for value in values[learned]:
        value.requires_grad_()
    start, inputs, weight, bias = values
    direct = run(start, inputs, lambda x: F.linear(x, weight, bias))
    unrolled = run(start, inputs, UnrolledLinear(weight, bias, STEPS, (BATCH,), torch.float64))
    torch.testing.assert_close(unrolled, direct)
    expected = torch.autograd.grad(direct, values[learned])
    torch.testing.assert_close(torch.autograd.grad(unrolled, values[learned]), expected)


def test_gradients_of_rounded_products_keep_the_weights_type() -> None:
    torch.manual_seed(0)
    weight, bias = torch.randn(UNITS, 2 + UNITS).requires_grad_(), torch.zeros(UNITS)
    bias.requires_grad_()
    linear = UnrolledLinear(weight, bias, 1, (BATCH,), torch.bfloat16)
    output = linear(torch.randn(BATCH, 2 + UNITS))
    assert output.dtype == torch.bfloat16
    output.sum().backward()
    assert weight.grad is not None
    assert bias.grad is not None
    assert weight.grad.dtype == bias.grad.dtype == torch.float32
    assert torch.equal(bias.grad, torch.full((UNITS,), float(BATCH)))
