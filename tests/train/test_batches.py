"""Samples to tensors: tokens shifted by one, ink and places moved together, guises bounded."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from i2l_batch.images import MARGIN
from i2l_batch.models.tokenizer import BOS, EOS, PAD, UNK
from i2l_batch.train.batches import (
    GRID,
    PLAIN,
    Guise,
    collate,
    draw_guise,
    largest_margins,
    vary,
)
from i2l_batch.train.config import DataConfig
from i2l_batch.train.loss import touched
from tests.models.tiny_model import tiny_model
from tests.train.little_world import DOT, TOKENIZER, sample, samples

AUGMENTED = DataConfig(augment=True)


def test_tokens_are_shifted_by_one_between_inputs_and_targets() -> None:
    batch = collate([sample("123"), sample("4")])
    one, two, three, four = TOKENIZER.encode(list("1234"))
    assert batch.inputs.tolist() == [[BOS, one, two, three], [BOS, four, PAD, PAD]]
    assert batch.targets.tolist() == [[one, two, three, EOS], [four, EOS, PAD, PAD]]


def test_weights_count_eos_and_no_padding() -> None:
    batch = collate([sample("123"), sample("4")], None, [0.5, 0.25])
    assert batch.weights.tolist() == [[0.5, 0.5, 0.5, 0.5], [0.25, 0.25, 0, 0]]
    even = collate([sample("123"), sample("4")]).weights
    assert even.sum().item() == pytest.approx(1)


def test_plain_pictures_stand_at_the_margin() -> None:
    pair = [sample("123"), sample("4")]
    batch = collate(pair)
    assert batch.ink.dtype == torch.uint8
    assert batch.ink.shape[1] % GRID[0] == batch.ink.shape[2] % GRID[1] == 0
    for picture, image, size in zip(pair, batch.images(), batch.sizes.tolist(), strict=True):
        height, width = picture.ink.shape
        assert size == [height + 2 * MARGIN, width + 2 * MARGIN]
        expected = torch.zeros_like(image)
        place = (slice(MARGIN, MARGIN + height), slice(MARGIN, MARGIN + width))
        expected[place] = torch.from_numpy(picture.ink.astype(np.float32) / 255)
        assert torch.equal(image, expected)


def test_without_a_wish_every_guise_is_plain() -> None:
    rng = np.random.default_rng(0)
    assert draw_guise(5, DataConfig(), rng) == PLAIN


@pytest.mark.parametrize("seed", range(10))
def test_moved_pictures_keep_all_their_ink_inside_their_size(seed: int) -> None:
    picture = sample("1234")
    guise = draw_guise(4, AUGMENTED, np.random.default_rng(seed))
    batch = collate([picture], [Guise(guise.shift)])
    height, width = batch.sizes[0].tolist()
    assert height - picture.ink.shape[0] <= largest_margins(AUGMENTED)
    assert width - picture.ink.shape[1] <= largest_margins(AUGMENTED)
    assert batch.ink[0, height:].sum() == batch.ink[0, :, width:].sum() == 0
    assert (batch.ink[0] > 0).sum() == (picture.ink > 0).sum()


@pytest.mark.parametrize("seed", range(10))
def test_places_touched_are_those_with_the_tokens_ink(seed: int) -> None:
    """Also after the pictures moved: the ink of a glyph that is alone lies in its places only."""
    rng = np.random.default_rng(seed)
    pair = [sample("4"), sample("17")]
    batch = collate(pair, [Guise(draw_guise(1, AUGMENTED, rng).shift) for _ in pair])
    places = tiny_model().places(torch.tensor([batch.ink.shape[1:]]))[0]
    inside = touched(batch.boxes, places.expand(2, -1, -1))
    inked = torch.stack(
        [batch.ink[:, y0:y1, x0:x1].amax((1, 2)) > 0 for x0, y0, x1, y1 in places.tolist()], 1
    )
    assert torch.equal(inside[0, 0] & inked[0], inked[0])
    union = inside[1, 0] | inside[1, 1]
    assert torch.equal(union & inked[1], inked[1])
    assert not inside[0, 1:].any()  # eos has no place
    cell = int(places[0, 2])
    assert inside[1, 0].sum() <= (5 * DOT // cell + 2) * (3 * DOT // cell + 2)


def test_tokens_that_draw_nothing_have_no_place_wherever_the_picture_moved() -> None:
    quiet = sample("12")
    quiet.boxes[0] = 0
    for seed in range(5):
        guise = draw_guise(2, AUGMENTED, np.random.default_rng(seed))
        boxes = collate([quiet], [guise]).boxes[0]
        assert not boxes[0].any()
        assert boxes[1].any()


def test_varied_ink_stays_ink_and_every_sample_varies_in_its_own_way() -> None:
    rng = np.random.default_rng(0)
    pictures = samples(64, 4)
    batch = collate(pictures, [draw_guise(len(s.ids), AUGMENTED, rng) for s in pictures])
    assert batch.strokes is not None
    ink = batch.ink.float() / 255
    varied = batch.images()
    assert varied.shape == ink.shape
    assert varied.min() >= 0
    assert varied.max() <= 1
    near = nn.functional.max_pool2d(ink[:, None], 3, 1, 1)[:, 0]
    assert varied[near == 0].abs().max() == 0
    assert len(set(varied.amax((1, 2)).tolist())) > 10
    assert torch.equal(vary(ink[:3], batch.strokes[:3]), varied[:3])


def test_hidden_tokens_become_unknown_at_the_share_asked_for() -> None:
    rng = np.random.default_rng(0)
    long = sample("1" * 2000)
    guise = draw_guise(2000, DataConfig(token_dropout=0.2), rng)
    batch = collate([long], [guise])
    assert batch.inputs[0, 0] == BOS
    hidden = batch.inputs[0, 1:] == UNK
    assert hidden.float().mean().item() == pytest.approx(0.2, abs=0.03)
    assert not (batch.targets == UNK).any()
