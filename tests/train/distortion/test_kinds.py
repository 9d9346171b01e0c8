"""Each distortion does what its name says, and tells where the tokens went."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from i2l_batch.train.distortion.chain import (
    DISTORTIONS,
    PAPER_MARGIN,
    STAGES,
    distorted,
    draw_names,
)
from i2l_batch.train.distortion.picture import Picture
from tests.train.little_world import sample

_DENSE = sample("1234712")
# Strokes two pixels wide: of a formula's picture, ink is never the larger part.
SAMPLE = replace(_DENSE, ink=_DENSE.ink * np.tile([[1, 1, 0, 0]], 200)[:, : _DENSE.ink.shape[1]])
EM = 14.0
SEEDS = range(12)
GENTLE = sorted(set(DISTORTIONS) - {"tight"})
"""Those that lose no ink."""


def clean() -> Picture:
    return Picture.of_ink(SAMPLE.ink, EM, PAPER_MARGIN)


@pytest.mark.parametrize("name", DISTORTIONS)
def test_the_same_seed_gives_the_same_picture(name: str) -> None:
    one, other = (DISTORTIONS[name](clean(), np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one.grey, other.grey)
    assert not np.array_equal(one.grey, clean().grey)


@pytest.mark.parametrize("name", GENTLE)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_box_still_holds_the_ink_of_its_token(name: str, seed: int) -> None:
    """The mean grey in the boxes is that of clean print, between them that of paper."""
    picture = DISTORTIONS[name](clean(), np.random.default_rng(seed))
    grey = picture.bytes().astype(float)
    if name == "inverted":
        grey = 255 - grey
    boxes = picture.place(SAMPLE.boxes)
    assert (boxes[:, :2] >= -0.01).all()
    assert (boxes[:, 2:] <= np.array(grey.shape)[::-1] + 0.01).all()
    inside, middles = [], []
    for x0, y0, x1, y1 in np.round(boxes).astype(int):
        inside.append(grey[y0:y1, x0:x1].mean())
    for (_, y0, x1, y1), (x0, *_) in itertools.pairwise(boxes):
        middles.append(grey[round((y0 + y1) / 2), round((x1 + x0) / 2 - 0.5)])
    assert np.mean(middles) - np.mean(inside) > 15


@pytest.mark.parametrize("seed", SEEDS)
def test_a_tight_crop_loses_a_pixel_or_so(seed: int) -> None:
    picture = DISTORTIONS["tight"](clean(), np.random.default_rng(seed))
    ys, xs = (np.flatnonzero(SAMPLE.ink.any(axis)) for axis in (1, 0))
    lost = np.array([np.ptp(ys) + 1, np.ptp(xs) + 1]) - picture.grey.shape
    assert (lost >= 0).all()
    assert (lost <= 2).all()


def test_sizes_change_with_the_text() -> None:
    for seed in SEEDS:
        picture = DISTORTIONS["enlarged"](clean(), np.random.default_rng(seed))
        factor = picture.em / EM
        assert 1.2 <= factor <= 3.0
        assert picture.grey.shape[1] == round(clean().grey.shape[1] * factor)


def test_low_resolution_leaves_a_small_picture_or_one_of_the_old_size() -> None:
    drawn = [
        DISTORTIONS["low_resolution"](clean(), np.random.default_rng(seed)) for seed in range(24)
    ]
    small = [picture for picture in drawn if picture.em < 0.9 * EM]
    assert 6 <= len(small) <= 18
    assert all(6.6 <= picture.em <= 11.8 for picture in small)
    for picture in drawn:
        scale = picture.em / EM
        assert picture.grey.shape[1] == pytest.approx(clean().grey.shape[1] * scale, abs=1)


def test_turning_keeps_lengths_shearing_heights_and_stretching_too() -> None:
    point = np.array([[10, 5, 60, 5]])
    turned = DISTORTIONS["tilted"](clean(), np.random.default_rng(2)).place(point)[0]
    assert np.hypot(turned[2] - turned[0], turned[3] - turned[1]) == pytest.approx(50, abs=1e-6)
    sheared = DISTORTIONS["sheared"](clean(), np.random.default_rng(2)).place(point)[0]
    assert sheared[2] - sheared[0] == pytest.approx(50)
    assert sheared[1] == sheared[3]
    stretched = DISTORTIONS["stretched"](clean(), np.random.default_rng(2))
    x0, y0, x1, y1 = stretched.place(point)[0]
    assert y0 == y1
    assert 44 <= x1 - x0 <= 57
    assert x1 - x0 != pytest.approx(50)
    assert stretched.em == EM


def test_every_stage_can_do_all_it_has_and_nothing() -> None:
    drawn = [draw_names(np.random.default_rng(seed)) for seed in range(1500)]
    assert {name for names in drawn for name in names} == set(DISTORTIONS)
    for stage in STAGES:
        counts = [sum(name in stage.choices for name in names) for names in drawn]
        assert set(counts) == {0, 1}
        assert np.mean(counts) == pytest.approx(stage.chance, abs=0.06)


@pytest.mark.parametrize("seed", range(60))
def test_a_distorted_sample_is_as_the_model_would_get_it(seed: int) -> None:
    result = distorted(SAMPLE, EM, np.random.default_rng(seed), em_pixels=EM, max_size=(512, 1536))
    height, width = result.ink.shape
    assert result.ink.dtype == np.uint8
    assert result.boxes.dtype == np.int16
    assert (result.ids == SAMPLE.ids).all()
    x0, y0, x1, y1 = result.boxes.T
    assert (x0 >= 0).all()
    assert (y0 >= 0).all()
    assert (x1 <= width).all()
    assert (y1 <= height).all()
    # Black on white has become ink, and text is of the model's size, as guessed (stretching leaves
    # heights as they are).
    held = [result.ink[b:d, a:c].mean() for a, b, c, d in result.boxes.tolist()]
    assert np.mean(held) > result.ink.mean()
    tall = np.ptp(SAMPLE.boxes[:, 1::2], axis=1).mean()
    assert (y1 - y0).mean() == pytest.approx(tall, rel=0.5)


def test_a_picture_never_grows_beyond_what_the_model_takes() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        result = distorted(SAMPLE, EM, rng, em_pixels=40.0, max_size=(40, 100))
        assert result.ink.shape <= (32, 92)
        assert result.ink.shape[1] <= 92


def test_what_draws_nothing_keeps_its_empty_box() -> None:
    boxes = SAMPLE.boxes.copy()
    boxes[2] = 0
    blank = replace(SAMPLE, boxes=boxes)
    for seed in range(10):
        result = distorted(
            blank, EM, np.random.default_rng(seed), em_pixels=EM, max_size=(512, 999)
        )
        assert not result.boxes[2].any()
