"""The size of the text in a formula's picture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from i2l_batch.images import find_ink, rescale
from i2l_batch.text_size import NUM_FEATURES, SIZES, TYPICAL_EM, estimate_em, mark_features

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PICTURES = [
    json.loads(line)["image"]
    for line in (EXAMPLES / "formulas.jsonl").read_text(encoding="utf-8").splitlines()
]


def example(name: str) -> np.ndarray:
    """Ink of an example picture, cut out."""
    ink, box, _ = find_ink(np.asarray(Image.open(EXAMPLES / "formulas" / name).convert("L")))
    assert box
    return ink[box[1] : box[3], box[0] : box[2]]


def true_em(name: str) -> float:
    """10 pt at 110 dpi, twice that where the name says so (see examples/build.py)."""
    return 10 / 72.27 * 110 * (2 if "-2x" in name else 1)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("scale", [0.5, 0.7, 1, 1.5, 3, 8])
def test_the_text_size_of_the_examples(name: str, scale: float) -> None:
    """At every resolution: from 7 to 240 pixels per em."""
    told = estimate_em(rescale(example(name), scale))
    assert told == pytest.approx(scale * true_em(name), rel=0.2)


def test_nothing_to_measure_is_typical() -> None:
    assert estimate_em(np.zeros((10, 10), np.uint8)) == TYPICAL_EM


def test_one_lone_mark_is_believed_to_be_text_of_some_usual_size() -> None:
    """A bar 60 pixels high is no letter of 60 / 0.7 pixels: it says little."""
    assert 7 < estimate_em(np.full((60, 3), 255, np.uint8)) < 70
    assert 7 < estimate_em(np.full((2, 2), 255, np.uint8)) < 70


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1), (2000, 2000)])
def test_any_ink_has_a_size(shape: tuple[int, int]) -> None:
    assert estimate_em(np.full(shape, 255, np.uint8)) >= SIZES[0]


def test_a_dot_too_faint_to_survive_magnifying_has_a_size_too() -> None:
    ink = np.zeros((100, 100), np.uint8)
    ink[50, 50] = 33
    assert estimate_em(ink) >= SIZES[0]


def test_many_marks_cost_no_more_than_some() -> None:
    """A photograph taken for a formula has thousands of specks."""
    noise = np.random.default_rng(0).integers(0, 256, (400, 1500)).astype(np.uint8)
    assert 4 <= estimate_em(noise) <= 160


def test_marks_are_counted_by_height_and_width() -> None:
    """Twenty bars of 64 by 8 pixels fill one bin at each level, and their box one of each axis."""
    ink = np.zeros((64, 1600), np.uint8)
    for x in range(0, 1600, 80):
        ink[:, x : x + 8] = 255
    counts = mark_features(ink)
    assert counts.shape == (NUM_FEATURES,)
    levels = counts[: -2 * 27].reshape(2, 27, 27)
    height, width = 3 * 7, 3 * 4  # octaves above half a pixel
    assert np.allclose(levels[:, height, width], np.log(21))
    assert np.allclose(levels.sum((1, 2)), np.log(21))
    assert counts[-2 * 27 :].sum() == pytest.approx(2)
