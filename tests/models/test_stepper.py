"""Inputs that are done may stay for a while; nobody is to notice."""

from __future__ import annotations

import pytest
import torch

from i2l_batch.models.past import ROOM
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


@torch.inference_mode()
def test_inputs_that_are_done_and_stay_take_no_room() -> None:
    """Of 8 inputs 2 are done at once, and stay; the past of all would else grow by 5 a step."""
    model, beams = tiny("compact"), 5
    images, sizes = pad_together([torch.rand(12, 30) for _ in range(8)], 32, 64)
    stepper = ModelStepper(model, model.encode(images, sizes), beams)
    rows, first = torch.arange(2, 8), torch.zeros(6, beams, dtype=torch.long)
    stepper.step(torch.zeros(8, beams, dtype=torch.long))
    stepper.select(rows, first)
    steps = model.config.max_tokens - 1
    assert steps > ROOM  # at which what nobody needs is left out
    for _ in range(steps - 1):
        stepper.step(torch.zeros(6, beams, dtype=torch.long))
        stepper.select(torch.arange(6), first)
    assert stepper.state.layer(0)[0].shape[2] <= steps + (steps - ROOM) * beams
