"""Sheets: one panel per token, lit where the model looked, the ink black in every one."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from i2l_batch.explain.sheet import COLOURS, FRAME, MAX_HEIGHT, WIDTH, draw_sheet, light, lit
from tests.explain.samples import explained


def panels(sheet: Image.Image) -> int:
    """How many panels there are: top left corners of frames."""
    framed = (np.asarray(sheet) == FRAME).all(-1)
    padded = np.pad(framed, 1)
    corner = framed & padded[1:-1, 2:] & padded[2:, 1:-1]
    return int((corner & ~padded[1:-1, :-2] & ~padded[:-2, 1:-1]).sum())


@pytest.mark.parametrize("count", [0, 1, 2, 7, 40])
def test_a_panel_for_the_picture_and_each_token(count: int) -> None:
    assert panels(draw_sheet(explained(["x"] * count))) == 1 + count


def test_light_lies_on_the_place_and_falls_with_the_attention() -> None:
    formula = explained(list("abc"))
    formula.attention.weights[1] = (0.25, 0.75, 0)
    spread = round(0.15 * 14)
    found = light(formula, 1, formula.picture.shape, 1.0)
    assert found[15, 15] == pytest.approx(0.75**0.5)
    assert found[15, 5] == pytest.approx(0.5)
    assert found[15, 20 + spread - 1] == pytest.approx(0.75**0.5)  # a little beyond its place
    assert not found[:, 20 + spread :].any()
    assert not found[: 10 - spread].any()
    doubled = light(formula, 1, tuple(2 * np.array(formula.picture.shape)), 2.0)
    assert (doubled[1::2, 1::2] > 0)[12:18].tolist() == (found > 0)[12:18].tolist()


def test_only_the_ground_takes_the_light() -> None:
    """Ink stays as dark as it was, the ground becomes the colour."""
    grey = np.array([[0, 255, 128]], np.uint8)
    for strength in (0.0, 0.3, 1.0):
        pixels = lit(grey, np.full((1, 3), strength))
        assert pixels[0, 0].tolist() == [0, 0, 0]
        assert np.abs(pixels[0, 2].astype(float) - pixels[0, 1] * (128 / 255)).max() <= 1
    assert pixels[0, 1].tolist() == COLOURS[-1].tolist()
    assert lit(grey, np.zeros((1, 3)))[0].tolist() == [[g] * 3 for g in (0, 255, 128)]


def test_a_long_formula_is_cut_with_a_note() -> None:
    tokens = ["x"] * 900
    sheet = draw_sheet(explained(tokens))
    assert sheet.width <= WIDTH
    assert sheet.height <= MAX_HEIGHT
    shown = panels(sheet)
    assert 100 < shown < 1 + len(tokens)
    last = np.asarray(sheet.convert("L"))[-40:-20]
    assert last.min() < 128  # the note


def test_large_text_is_shown_at_reading_size() -> None:
    small, large = draw_sheet(explained(list("xyz"))), draw_sheet(explained(list("xyz"), cell=40))
    assert panels(large) == panels(small) == 4
    assert large.width <= WIDTH
