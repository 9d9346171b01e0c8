"""The estimate of the text size can be learned from pictures of known size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from i2l_batch.text_size import SIZES, SizeNetwork, estimate_em, mark_features
from i2l_batch.train.text_size.fit import FitConfig, fit, within
from i2l_batch.train.text_size.pictures import draw
from tests.train.little_world import DOT, sample, samples

EM = 5.0 * DOT
"""Of the little world's digits: they are an em high."""


def bars(em: float, count: int) -> np.ndarray:
    """Ink of bars an em high, a quarter as wide."""
    height, width = round(em), round(em / 4)
    bar = np.pad(np.full((height, width), 255, np.uint8), ((0, 0), (0, width)))
    return np.tile(bar, count)[:, :-width]


def test_what_was_learned_holds_for_sizes_between_those_seen(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    ems = np.exp(rng.uniform(np.log(5), np.log(90), 600))
    counts = rng.integers(2, 30, 600)
    features = np.array([mark_features(bars(em, n)) for em, n in zip(ems, counts, strict=True)])
    network = fit(features, ems, FitConfig(epochs=15, batch_size=32))
    assert within(network, features, ems, 0.2) > 0.95
    save_file(network._asdict(), tmp_path / "network.safetensors")
    read = SizeNetwork.load(tmp_path / "network.safetensors")
    for em in (8.0, 12.0, 20.0, 40.0, 70.0):
        assert estimate_em(bars(em, 12), read) == pytest.approx(em, rel=0.25)


def test_the_same_seed_learns_the_same() -> None:
    ems = np.linspace(6, 50, 40)
    features = np.array([mark_features(bars(em, 5)) for em in ems])
    one, other = (fit(features, ems, FitConfig(epochs=1, seed=3)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_share_told_within_a_bound() -> None:
    """A network that always answers the same size is right for those near it."""
    quiet = fit(np.zeros((1, 1512), np.float32), np.array([20.0]), FitConfig(epochs=1))
    constant = SizeNetwork(*(array * 0 for array in quiet))
    constant.bias3[30] = 1.0
    ems = SIZES[30] * np.array([1.0, 1.09, 1 / 1.09, 1.15, 1.3])
    features = np.zeros((5, 1512), np.float32)
    assert within(constant, features, ems, 0.1) == pytest.approx(0.6)
    assert within(constant, features, ems, 0.2) == pytest.approx(0.8)


def test_a_drawn_picture_has_text_of_the_size_that_is_told() -> None:
    """Ink is as high as the digits, but for a shear, a turn, and lines and numbers beside it."""
    ratios, sizes = [], []
    for i, seen in enumerate(samples(300, 8, shortest=3)):
        drawn = draw(seen, EM, np.random.default_rng(i))
        if drawn:
            ratios.append(drawn[0].shape[0] / drawn[1])
            sizes.append(drawn[1])
    assert len(ratios) > 290
    assert np.median(ratios) == pytest.approx(1, abs=0.08)
    assert np.quantile(ratios, 0.2) > 0.8
    assert min(sizes) < 6
    assert max(sizes) > 50


def test_the_same_generator_draws_the_same() -> None:
    one, other = (draw(sample("4217"), EM, np.random.default_rng(4)) for _ in range(2))
    assert one
    assert other
    assert np.array_equal(one[0], other[0])
    assert one[1] == other[1]
