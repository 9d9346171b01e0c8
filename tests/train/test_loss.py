"""Losses against numbers worked out by hand or by numpy; parts of a step add up to the whole."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from i2l_batch.models.tokenizer import EOS, PAD
from i2l_batch.train.loss import guide_loss, token_loss, touched, unevenness

LOGITS = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(0))
TARGETS = torch.tensor([[4, 5, EOS, PAD, PAD], [6, EOS, PAD, PAD, PAD]])


def test_a_token_costs_the_log_of_its_probability() -> None:
    probabilities = torch.tensor([[[0.1, 0.2, 0.3, 0.4], [0.25, 0.25, 0.25, 0.25]]])
    loss = token_loss(probabilities.log(), torch.tensor([[3, PAD]]), torch.tensor([[1.0, 0.0]]))
    assert loss.item() == pytest.approx(-math.log(0.4))


def test_smoothing_by_hand() -> None:
    """The target has 1 - s of the mass, and s is spread over all tokens."""
    p = [0.1, 0.2, 0.3, 0.4]
    loss = token_loss(torch.tensor([[p]]).log(), torch.tensor([[2]]), torch.ones(1, 1), 0.1)
    expected = -0.9 * math.log(p[2]) - 0.1 / 4 * sum(map(math.log, p))
    assert loss.item() == pytest.approx(expected)


@pytest.mark.parametrize("smoothing", [0.0, 0.05])
def test_padding_changes_nothing(smoothing: float) -> None:
    weights = (TARGETS != PAD) / 5
    noise = LOGITS.masked_fill((TARGETS == PAD)[:, :, None], 9.0)
    loss = token_loss(LOGITS, TARGETS, weights, smoothing)
    assert token_loss(noise, TARGETS, weights, smoothing).item() == pytest.approx(loss.item())
    short = token_loss(LOGITS[:, :3], TARGETS[:, :3], weights[:, :3], smoothing)
    assert short.item() == pytest.approx(loss.item())


def test_attention_inside_costs_nothing_and_outside_much() -> None:
    inside_places = torch.tensor([[[True, True, False, False]]])
    one = torch.ones(1, 1)
    inside = torch.tensor([[[0.3, 0.7, 0.0, 0.0]]])
    outside = torch.tensor([[[0.0, 0.0, 1.0, 0.0]]])
    half = torch.tensor([[[0.25, 0.25, 0.5, 0.0]]])
    assert guide_loss([inside], inside_places, one).item() == pytest.approx(0, abs=2e-4)
    assert guide_loss([half], inside_places, one).item() == pytest.approx(math.log(2), abs=1e-3)
    assert guide_loss([outside], inside_places, one).item() == pytest.approx(-math.log(1e-4))
    mean = (
        guide_loss([inside], inside_places, one) + guide_loss([outside], inside_places, one)
    ) / 2
    assert guide_loss([inside, outside], inside_places, one) == pytest.approx(mean)


def test_tokens_without_a_place_cost_nothing() -> None:
    """Not even where no token has one: it was the mean of nothing, and the end of the run."""
    inside = torch.tensor([[[True, False], [False, False]]])
    weights = torch.full((1, 2), 0.5)
    attention = torch.tensor([[[0.0, 1.0], [0.5, 0.5]]])
    assert guide_loss([attention], inside, weights).item() == pytest.approx(-0.5 * math.log(1e-4))
    assert guide_loss([attention], torch.zeros_like(inside), weights) == 0


def test_a_box_touches_the_places_it_overlaps() -> None:
    """Four places in a row, 8 pixels wide; the last box is empty, the one before it a corner."""
    left = torch.arange(0, 32, 8)
    places = torch.stack([left, left * 0, left + 8, left * 0 + 8], 1)[None]
    boxes = torch.tensor([[[0, 0, 8, 8], [7, 2, 9, 4], [8, 8, 30, 20], [0, 0, 0, 0]]])
    wanted = torch.tensor([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]).bool()
    assert torch.equal(touched(boxes, places)[0], wanted)


def test_unevenness_against_numpy() -> None:
    """ASE_N as in the paper's equations 17c to 17e."""
    rng = np.random.default_rng(0)
    attention = rng.dirichlet(np.ones(6) / 2, (2, 5))
    found = unevenness(torch.from_numpy(attention), TARGETS)
    for sample, length, value in zip(attention, (3, 2), found.tolist(), strict=True):
        sums = sample[:length].sum(0)
        most = length**2 * (6 - 1) / 6
        assert value == pytest.approx(100 * ((sums - length / 6) ** 2).sum() / most, rel=1e-5)


def test_unevenness_of_the_extremes() -> None:
    even = torch.full((2, 5, 6), 1 / 6)
    stuck = torch.zeros(2, 5, 6)
    stuck[:, :, 3] = 1
    assert unevenness(even, TARGETS).tolist() == pytest.approx([0, 0], abs=1e-6)
    assert unevenness(stuck, TARGETS).tolist() == pytest.approx([100, 100])
    wandering = torch.eye(6)[None, :5].expand(2, 5, 6)
    assert unevenness(wandering, TARGETS)[0] < unevenness(stuck, TARGETS)[0]
    assert unevenness(torch.ones(2, 5, 1), TARGETS).tolist() == [0, 0]
