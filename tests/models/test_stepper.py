"""Inputs that are done may stay for a while; nobody is to notice."""

from __future__ import annotations

import pytest
import torch

from i2l_batch.models.stepper import ModelStepper
from tests.models.tiny_model import (
    ARCHITECTURES,
    VOCABULARY,
    assert_close,
    pad_together,
    tiny,
)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@torch.inference_mode()
def test_inputs_that_leave_change_nothing_for_the_others(architecture: str) -> None:
    """One leaves at each step; the last one sees what it sees alone."""
    generator = torch.Generator().manual_seed(5)
    model, beams = tiny(architecture), 3
    drawn = [torch.rand(12, 20 + i, generator=generator) for i in range(8)]
    images, sizes = pad_together(drawn, 32, 64)
    together = ModelStepper(model, model.encode(images, sizes), beams)
    alone = ModelStepper(model, model.encode(images[5:6], sizes[5:6]), beams)
    left = list(range(8))
    for leaving in (2, 0, 7, 3, 6, 1, 4):
        tokens = torch.randint(0, VOCABULARY, (8, beams), generator=generator)[left]
        mine = left.index(5)
        log_probabilities, attention = together.step(tokens)
        expected, looked = alone.step(tokens[mine : mine + 1])
        assert len(log_probabilities) == len(attention) == len(left)
        assert_close(log_probabilities[mine], expected[0])
        places = looked.shape[-1]
        assert_close(attention[mine, :, :places], looked[0])
        parents = torch.randint(0, beams, (8, beams), generator=generator)[left]
        rows = torch.tensor([i for i, one in enumerate(left) if one != leaving])
        together.select(rows, parents[rows])
        alone.select(torch.tensor([0]), parents[mine : mine + 1])
        left.remove(leaving)
