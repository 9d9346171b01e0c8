"""An LSTM cell with peepholes, as the paper's decoder has two of (section 2.2.3, equations 10-14).

In: an input and a state. Out: the next state. torch's own LSTM has no peepholes.

Shapes: any leading dimensions, n hidden units.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FORGET_BIAS = 1.0
"""Added to the forget gate, so that a new cell remembers: in the paper's code, not in the paper."""


class PeepholeCell(nn.Module):
    """One layer of the stack.

    i = sigmoid(W_i [x; h] + p_i * c + b_i)
    f = sigmoid(W_f [x; h] + p_f * c + b_f + FORGET_BIAS)
    c' = f * c + i * tanh(W_g [x; h] + b_g)
    o = sigmoid(W_o [x; h] + p_o * c' + b_o)
    h' = o * tanh(c')
    """

    def __init__(self, in_dim: int, units: int) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(4 * units, in_dim + units))
        """Rows in four blocks, for i, f, g, o; columns for x, then h."""
        self.bias = nn.Parameter(torch.empty(4 * units))
        self.peepholes = nn.Parameter(torch.empty(3, units))
        """For i, f, o: each looks at its own unit of the cell only."""
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot-uniform weights, biases of zero."""
        nn.init.xavier_uniform_(self.kernel)
        nn.init.zeros_(self.bias)
        # As a vector's fans are counted in the paper's code: its length, for both.
        limit = math.sqrt(3 / self.peepholes.shape[1])
        nn.init.uniform_(self.peepholes, -limit, limit)

    def product(self, dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
        """[x; h] -> W [x; h] + b, for many steps in one precision.

        Cast once: in a search autocast would cast the weights anew at every step, which took three
        quarters of the time.
        """
        weight, bias = self.kernel.to(dtype), self.bias.to(dtype)
        return lambda joined: F.linear(joined.to(dtype), weight, bias)

    def forward(
        self, x: Tensor, hidden: Tensor, cell: Tensor, product: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Input (..., in_dim), hidden state and cell (..., n) to the next hidden state and cell.

        `product` computes W [x; h] + b.
        """
        i, f, g, o = product(torch.cat([x, hidden], -1)).chunk(4, -1)
        at_i, at_f, at_o = self.peepholes
        new = torch.sigmoid(i + at_i * cell) * g.tanh()
        cell = torch.sigmoid(f + at_f * cell + FORGET_BIAS) * cell + new
        return torch.sigmoid(o + at_o * cell) * cell.tanh(), cell
