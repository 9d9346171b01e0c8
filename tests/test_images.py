"""Preparing pictures: polarity, trimming, size."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from i2l_batch.images import (
    EM_PIXELS,
    MARGIN,
    MAX_SIZE,
    decode_png,
    prepare,
    rescale,
)

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PICTURES = [
    json.loads(line)["image"]
    for line in (EXAMPLES / "formulas.jsonl").read_text(encoding="utf-8").splitlines()
]


def example(name: str) -> np.ndarray:
    return np.asarray(Image.open(EXAMPLES / "formulas" / name).convert("L"))


def strokes() -> np.ndarray:
    """Black marks on white that touch no edge: (60, 100) uint8."""
    grey = np.full((60, 100), 255, np.uint8)
    grey[20:34, 10:18] = 0
    grey[24:40, 30:33] = 0
    grey[30:32, 40:90] = 0
    return grey


def test_ink_is_cut_out_with_a_margin() -> None:
    picture = prepare(strokes(), EM_PIXELS)
    expected = np.pad(255 - strokes()[20:40, 10:90], MARGIN)
    assert np.array_equal(picture.ink, expected)
    assert picture.ink.dtype == np.uint8
    assert picture.flags == ()


def test_white_on_black_gives_the_same_and_says_so() -> None:
    picture = prepare(255 - strokes(), EM_PIXELS)
    assert np.array_equal(picture.ink, prepare(strokes(), EM_PIXELS).ink)
    assert picture.flags == ("inverted",)


def test_a_margin_of_the_picture_changes_nothing() -> None:
    wide = np.pad(strokes(), ((50, 3), (7, 200)), constant_values=255)
    assert np.array_equal(prepare(wide, EM_PIXELS).ink, prepare(strokes(), EM_PIXELS).ink)


def test_grey_ink_on_a_grey_ground_is_stretched() -> None:
    faint = (strokes() // 4 + 150).astype(np.uint8)
    difference = prepare(faint, EM_PIXELS).ink.astype(int) - prepare(strokes(), EM_PIXELS).ink
    assert abs(difference).max() <= 4


@pytest.mark.parametrize("level", [0, 128, 250, 255])
@pytest.mark.parametrize("shape", [(1, 1), (40, 60)])
def test_an_even_picture_is_blank(level: int, shape: tuple[int, int]) -> None:
    picture = prepare(np.full(shape, level, np.uint8), None)
    assert "blank" in picture.flags
    assert not picture.ink.any()
    assert min(picture.ink.shape) > 2 * MARGIN


@pytest.mark.parametrize("em", [7.0, 20.0, 28.0, 60.0])
def test_a_known_size_is_scaled_to_the_models(em: float) -> None:
    picture = prepare(strokes(), em)
    height, width = np.array([20, 80]) * EM_PIXELS / em
    assert abs(picture.ink.shape[0] - 2 * MARGIN - height) <= 0.5
    assert abs(picture.ink.shape[1] - 2 * MARGIN - width) <= 0.5
    assert picture.flags == ()


def test_tiny_changes_of_size_are_left_out() -> None:
    assert np.array_equal(
        prepare(strokes(), 1.03 * EM_PIXELS).ink, prepare(strokes(), EM_PIXELS).ink
    )


@pytest.mark.parametrize("shape", [(100, 4000), (900, 100), (3000, 3000), (520, 300), (40, 1560)])
def test_pictures_that_are_too_large_are_shrunk_to_fit(shape: tuple[int, int]) -> None:
    grey = np.full((shape[0] + 40, shape[1] + 40), 255, np.uint8)
    grey[20:-20, 20:24] = 0
    grey[20:24, 20:-20] = 0
    grey[-24:-20, 20:-20] = 0
    grey[20:-20, -24:-20] = 0
    picture = prepare(grey, EM_PIXELS)
    assert "oversize" in picture.flags
    assert picture.ink.shape[0] <= MAX_SIZE[0]
    assert picture.ink.shape[1] <= MAX_SIZE[1]
    inner = np.array(picture.ink.shape) - 2 * MARGIN
    assert inner[0] / inner[1] == pytest.approx(shape[0] / shape[1], rel=0.03)


def test_a_magnified_picture_is_prepared_to_nearly_the_same() -> None:
    """The law that makes the model blind to the resolution of a picture."""
    for name in PICTURES:
        once = example(name)
        height, width = once.shape
        image = Image.fromarray(once).resize((2 * width, 2 * height), Image.Resampling.BICUBIC)
        first, second = (prepare(grey, None).ink.shape for grey in (once, np.asarray(image)))
        assert max(first) == pytest.approx(max(second), rel=0.25), name


def test_png_round_trip() -> None:
    file = io.BytesIO()
    Image.fromarray(strokes()).save(file, "PNG")
    assert np.array_equal(decode_png(file.getvalue()), strokes())


@pytest.mark.parametrize("scale", [0.01, 0.3, 0.5, 0.9, 2.0])
def test_rescaling_keeps_the_share_of_ink(scale: float) -> None:
    ink = 255 - strokes()
    small = rescale(ink, scale)
    assert min(small.shape) >= 1
    if scale >= 0.3:
        assert small.mean() == pytest.approx(ink.mean(), rel=0.1)


def test_a_small_formula_in_a_roomy_picture_is_not_blank() -> None:
    roomy = np.full((900, 900), 255, np.uint8)
    roomy[440:452, 400:404] = roomy[440:444, 400:420] = 0  # 0.02 % of the pixels
    close = roomy[430:460, 390:430]
    picture = prepare(roomy, EM_PIXELS)
    assert picture.flags == ()
    assert np.array_equal(picture.ink, prepare(close, EM_PIXELS).ink)


def test_boxes_find_back_into_the_given_picture() -> None:
    """The ink's own box, wherever the picture was cut and however it was scaled."""
    for em in (14.0, 28.0, 9.0):
        picture = prepare(strokes(), em)
        height, width = picture.ink.shape
        box = np.array([MARGIN, MARGIN, width - MARGIN, height - MARGIN])
        assert picture.to_given(box) == pytest.approx([10, 20, 90, 40], abs=1.0)


def test_another_model_may_read_another_size() -> None:
    picture = prepare(strokes(), 14.0, em_pixels=28.0, max_size=(60, 1000))
    assert picture.ink.shape == (40 + 2 * MARGIN, 160 + 2 * MARGIN)
    assert "oversize" in prepare(strokes(), 14.0, em_pixels=28.0, max_size=(40, 1000)).flags
