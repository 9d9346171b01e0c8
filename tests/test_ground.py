"""Uneven light is taken away; everything else stays."""

from __future__ import annotations

import numpy as np
import pytest

from i2l_batch.ground import even_ground
from i2l_batch.images import prepare


def marks(height: int = 90, width: int = 300) -> np.ndarray:
    """Ink (H, W): strokes on nothing."""
    ink = np.zeros((height, width), np.uint8)
    for x in range(20, width - 20, 14):
        ink[30 : 50 + x % 9, x : x + 3] = 220
        ink[38:41, x : x + 8] = 220
    return ink


def shadow(angle: float, depth: float, shape: tuple[int, int]) -> np.ndarray:
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    slope = np.cos(angle) * x / shape[1] + np.sin(angle) * y / shape[0]
    return depth * (slope - slope.min()) / np.ptp(slope)


@pytest.mark.parametrize("angle", [0.0, 0.7, 1.6, 2.5, 4.0, 5.5])
@pytest.mark.parametrize("depth", [15, 40, 80])
def test_a_shadow_goes_and_the_marks_stay(angle: float, depth: float) -> None:
    ink = marks().astype(float)
    shaded = np.clip(ink * 0.6 + shadow(angle, depth, ink.shape), 0, 255).astype(np.uint8)
    found = even_ground(shaded).astype(float)
    empty = ink == 0
    assert found[empty].max() <= 12
    assert abs(found[~empty] - 0.6 * 220).max() <= 14


@pytest.mark.parametrize("level", [0, 3, 90])
def test_an_even_ground_stays_as_it_is(level: int) -> None:
    ink = np.maximum(marks(), level).astype(np.uint8)
    assert np.array_equal(even_ground(ink), ink)


def test_a_black_bar_is_no_ground() -> None:
    ink = marks(200, 400)
    ink[100:150, 40:360] = 255
    assert np.array_equal(even_ground(ink)[ink == 0], ink[ink == 0])


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (300, 1), (30, 31)])
def test_any_shape_will_do(shape: tuple[int, int]) -> None:
    ink = (np.arange(shape[0] * shape[1]) % 251).reshape(shape).astype(np.uint8)
    assert even_ground(ink).shape == shape


def test_a_shaded_picture_is_prepared_as_the_clean_one() -> None:
    clean = 255 - marks()
    shaded = (clean * (1 - shadow(0.4, 0.3, clean.shape))).astype(np.uint8)
    one, other = (prepare(grey, 14.0).ink.astype(int) for grey in (clean, shaded))
    assert one.shape == other.shape
    assert abs(one - other).mean() < 5
