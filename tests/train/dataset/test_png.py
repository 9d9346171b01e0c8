"""The PNGs are real ones: another reader finds the same pixels."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from i2l_batch.images import decode_png
from i2l_batch.train.dataset.png import encode_png


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (300, 1), (37, 91)])
def test_pixels_come_back(shape: tuple[int, int]) -> None:
    grey = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    png = encode_png(grey)
    assert np.array_equal(decode_png(png), grey)
    with Image.open(io.BytesIO(png)) as image:
        assert (image.format, image.mode) == ("PNG", "L")
        image.verify()


def test_a_view_is_stored_as_it_looks() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (40, 60), np.uint8)
    assert np.array_equal(decode_png(encode_png(grey[::2, 10:50].T)), grey[::2, 10:50].T)


def test_white_takes_no_room() -> None:
    assert len(encode_png(np.full((126, 1086), 255, np.uint8))) < 1000
