"""One sum per step over all workers: every gradient and some figures in one flat buffer.

In: a model whose gradients are this worker's part of the step's. Out: the same model with the whole
gradients. Sums of parts, not averages of averages: workers may have unequal shares, or none.
"""

from __future__ import annotations

import torch
from torch import nn

from i2l_batch.train.team import Team


class Exchange:
    """The gradients of a model as views into one buffer, with room for figures at its end."""

    def __init__(self, model: nn.Module, num_figures: int, team: Team) -> None:
        self._team = team
        count = sum(parameter.numel() for parameter in model.parameters())
        self._buffer = torch.zeros(count + num_figures, device=team.device)
        self.figures = self._buffer[count:]
        """(num_figures,) float; added up like the gradients."""
        start = 0
        for parameter in model.parameters():
            end = start + parameter.numel()
            # backward() adds in place to a gradient that is there: straight into the buffer. Laid
            # out as the weight is, which may have its channels last.
            parameter.grad = self._buffer.as_strided(parameter.shape, parameter.stride(), start)
            start = end

    def clear(self) -> None:
        """Start a step: all zero."""
        self._buffer.zero_()

    def sum(self) -> list[float]:
        """Add up over all workers; returns the figures. All workers must call it."""
        self._team.sum(self._buffer)
        return self.figures.tolist()
