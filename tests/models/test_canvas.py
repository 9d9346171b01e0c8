"""The page that the paper's models read, against pages drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from i2l_batch import images
from i2l_batch.models.canvas import framed_size, place_on_canvas
from i2l_batch.models.config import CANVAS_MARGIN, PaperConfig, picture_format
from tests.models.tiny_model import pad_together

PAPER = PaperConfig(architecture="nopool", vocab_size=339)
SMALL = PaperConfig(architecture="nopool", vocab_size=9, height=8, width=12, channels=(2, 2))


def test_the_papers_sizes() -> None:
    assert framed_size(PAPER) == (130, 1090)
    height, width = picture_format(PAPER).max_size
    assert (height - 2 * CANVAS_MARGIN, width - 2 * CANVAS_MARGIN) == (126, 1086)
    assert CANVAS_MARGIN == images.MARGIN


def test_a_page_drawn_by_hand() -> None:
    """Ink of 2 x 3 on a framed canvas of 10 x 14: rows 4 and 5, columns 5 to 7 (11 / 2 down)."""
    page = place_on_canvas(*pad_together([torch.tensor([[1, 1, 0], [0.5, 0, 1]])], 6, 4), SMALL)
    expected = torch.full((1, 1, 10, 14), 0.5)
    expected[0, 0, 4, 5:8] = torch.tensor([-0.5, -0.5, 0.5])
    expected[0, 0, 5, 5:8] = torch.tensor([0.0, 0.5, -0.5])
    assert torch.equal(page, expected)


@pytest.mark.parametrize("shape", [(126, 1086), (126, 1), (1, 1086), (1, 1), (77, 500), (76, 501)])
def test_black_on_white_comes_out_as_the_paper_computes_it(shape: tuple[int, int]) -> None:
    """(x - 127.5) / 255 of an 8-bit picture in the middle of white, margin or none."""
    grey = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    expected = np.full((130, 1090), 255.0)
    top, left = (130 - shape[0]) // 2, (1090 - shape[1]) // 2
    expected[top : top + shape[0], left : left + shape[1]] = grey
    expected = (expected - 127.5) / 255
    ink = torch.from_numpy((255 - grey).astype(np.float32) / 255)
    prepared = torch.nn.functional.pad(ink, [CANVAS_MARGIN] * 4)
    for picture in (ink, prepared):
        height, width = picture.shape
        page = place_on_canvas(*pad_together([picture], height + 3, width + 5), PAPER)
        np.testing.assert_allclose(page[0, 0].numpy(), expected, atol=1e-6)


def test_pictures_of_a_batch_are_placed_each_by_itself() -> None:
    pictures = [torch.rand(5, 3), torch.rand(2, 11), torch.rand(14, 18)]
    together = place_on_canvas(*pad_together(pictures, 14, 20), SMALL)
    for page, picture in zip(together, pictures, strict=True):
        alone = place_on_canvas(*pad_together([picture], *picture.shape), SMALL)
        assert torch.equal(page, alone[0])


def test_what_is_outside_of_a_picture_is_not_read() -> None:
    batch, sizes = pad_together([torch.rand(5, 3)], 9, 9)
    dirty = torch.ones_like(batch)
    dirty[0, :5, :3] = batch[0, :5, :3]
    assert torch.equal(place_on_canvas(dirty, sizes, SMALL), place_on_canvas(batch, sizes, SMALL))


def test_a_picture_too_large_is_refused_with_both_sizes() -> None:
    with pytest.raises(ValueError, match=r"up to 15x3 pixels do not fit.* reads up to 14x18"):
        place_on_canvas(*pad_together([torch.rand(15, 3)], 16, 16), SMALL)
