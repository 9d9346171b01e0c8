from __future__ import annotations

import math

import pytest
import torch

from i2l_batch.models.tokenizer import BOS, EOS, PAD, UNK
from i2l_batch.train.loss import attention_loss, drop_tokens, token_loss


def test_token_loss_is_the_mean_over_tokens_that_are_no_padding() -> None:
    probabilities = torch.tensor([[[0.1, 0.2, 0.3, 0.4], [0.25, 0.25, 0.25, 0.25]]])
    targets = torch.tensor([[3, PAD]])
    loss = token_loss(probabilities.log(), targets, 0.0)
    assert loss.item() == pytest.approx(-math.log(0.4))


def test_token_loss_with_smoothing_by_hand() -> None:
    """The target has 1 - s of the mass, and s is spread over all tokens."""
    p = [0.1, 0.2, 0.3, 0.4]
    loss = token_loss(torch.tensor([[p]]).log(), torch.tensor([[2]]), 0.1)
    expected = -0.9 * math.log(p[2]) - 0.1 / 4 * sum(map(math.log, p))
    assert loss.item() == pytest.approx(expected)


def test_padding_changes_no_token_loss() -> None:
    logits = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([[1, 2, EOS, PAD, PAD], [3, EOS, PAD, PAD, PAD]])
    noise = logits.clone()
    noise[targets == PAD] = 9.0
    for smoothing in (0.0, 0.05):
        assert token_loss(logits, targets, smoothing) == token_loss(noise, targets, smoothing)
        assert token_loss(logits[:, :3], targets[:, :3], smoothing) == token_loss(
            logits, targets, smoothing
        )


def test_attention_inside_costs_nothing_and_outside_much() -> None:
    places = torch.tensor([[[True, True, False, False]]])
    inside = torch.tensor([[[0.3, 0.7, 0.0, 0.0]]])
    outside = torch.tensor([[[0.0, 0.0, 1.0, 0.0]]])
    half = torch.tensor([[[0.25, 0.25, 0.5, 0.0]]])
    assert attention_loss([inside], places).item() == pytest.approx(0, abs=2e-4)
    assert attention_loss([half], places).item() == pytest.approx(math.log(2), abs=1e-3)
    assert attention_loss([outside], places).item() == pytest.approx(-math.log(1e-4))
    mean = (attention_loss([inside], places) + attention_loss([outside], places)) / 2
    assert attention_loss([inside, outside], places) == pytest.approx(mean)


def test_tokens_without_a_place_do_not_count() -> None:
    places = torch.tensor([[[True, False], [False, False]]])
    weights = torch.tensor([[[1.0, 0.0], [0.5, 0.5]]])
    assert attention_loss([weights], places).item() == pytest.approx(0, abs=2e-4)


def test_a_batch_without_any_place_costs_nothing() -> None:
    """It was the mean of nothing: not a number, and the end of the run."""
    loss = attention_loss([torch.ones(1, 2, 1)], torch.zeros(1, 2, 1, dtype=torch.bool))
    assert loss.item() == 0


def test_dropped_tokens_become_unk_at_the_share_asked_for() -> None:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.full((100, 200), 7)
    inputs[:, 0], inputs[:, 150:] = BOS, PAD
    dropped = drop_tokens(inputs, 0.2, generator)
    assert torch.equal(dropped[:, 0], inputs[:, 0])
    assert torch.equal(dropped[:, 150:], inputs[:, 150:])
    changed = dropped != inputs
    assert (dropped[changed] == UNK).all()
    assert changed[:, 1:150].float().mean().item() == pytest.approx(0.2, abs=0.01)
    assert torch.equal(drop_tokens(inputs, 0.0, generator), inputs)
