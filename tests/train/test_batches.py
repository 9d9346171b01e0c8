from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from i2l_batch.errors import UsageError
from i2l_batch.images import MARGIN
from i2l_batch.models.encoder import STRIDE
from i2l_batch.models.tokenizer import BOS, EOS, PAD
from i2l_batch.train.batches import (
    GRID,
    Sample,
    collate,
    cut_batches,
    epochs,
    read_samples,
    read_vocabulary,
    vary,
)
from tests.train.dataset.glyphs import SIZE, TOKENIZER, sample, samples


def blank(height: int, width: int) -> Sample:
    return Sample(
        np.zeros((height, width), np.uint8), np.zeros(1, np.int16), np.zeros((1, 4), np.int16)
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("batch_pixels", "batch_size"), [(400_000, 80), (50_000, 33), (1, 7)])
def test_every_member_is_in_exactly_one_batch_and_batches_are_bounded(
    seed: int, batch_pixels: int, batch_size: int
) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, [60, 300], (120, 2)).tolist()
    pictures = [blank(height, width) for height, width in sizes]
    members = rng.permutation(120)[:100].tolist()
    batches = cut_batches(pictures, members, rng, batch_pixels=batch_pixels, batch_size=batch_size)
    assert Counter(i for batch in batches for i in batch) == Counter(members)
    for batch in batches:
        assert 1 <= len(batch) <= batch_size
        _, height, width = collate([pictures[i] for i in batch], rng).images.shape
        assert len(batch) * height * width <= batch_pixels or len(batch) <= 16


def test_pictures_of_a_batch_are_alike() -> None:
    """Ink takes over two fifths of the padded pixels; it would be a quarter at random."""
    rng = np.random.default_rng(0)
    pictures = [blank(*size) for size in rng.integers(8, [60, 400], (1000, 2)).tolist()]
    batches = cut_batches(pictures, range(1000), rng, batch_pixels=400_000, batch_size=80)
    used = sum(p.ink.size for p in pictures)
    padded = sum(collate([pictures[i] for i in batch], None).images.numel() for batch in batches)
    assert used / padded > 0.4


def test_batches_come_in_another_order_each_time() -> None:
    pictures, rng = samples(200, 6), np.random.default_rng(0)
    first, second = (
        cut_batches(pictures, range(200), rng, batch_pixels=20_000, batch_size=16) for _ in range(2)
    )
    assert first != second


def test_no_members_make_no_batches() -> None:
    rng = np.random.default_rng(0)
    assert cut_batches([], [], rng, batch_pixels=1000, batch_size=8) == []


def test_tokens_are_shifted_by_one_between_inputs_and_targets() -> None:
    batch = collate([sample("123"), sample("4")], None)
    one, two, three, four = TOKENIZER.encode(list("1234"))
    assert batch.inputs.tolist() == [[BOS, one, two, three], [BOS, four, EOS, PAD]]
    assert batch.targets.tolist() == [[one, two, three, EOS], [four, EOS, PAD, PAD]]


def test_without_a_generator_pictures_stand_at_the_margin() -> None:
    pair = [sample("123"), sample("4")]
    batch = collate(pair, None)
    assert batch.images.shape[1] % GRID[0] == batch.images.shape[2] % GRID[1] == 0
    for picture, image, size in zip(pair, batch.images, batch.sizes.tolist(), strict=True):
        height, width = picture.ink.shape
        assert size == [height + 2 * MARGIN, width + 2 * MARGIN]
        expected = torch.zeros_like(image)
        place = (slice(MARGIN, MARGIN + height), slice(MARGIN, MARGIN + width))
        expected[place] = torch.from_numpy(picture.ink.astype(np.float32) / 255)
        assert torch.equal(image, expected)


@pytest.mark.parametrize("seed", range(10))
def test_places_are_the_cells_with_the_tokens_ink(seed: int) -> None:
    """Also after the pictures moved: the ink of a glyph that is alone lies in its cells only."""
    rng = np.random.default_rng(seed)
    pair = [sample("4"), sample("17")]
    batch = collate(pair, rng)
    rows, columns = batch.images.shape[1] // STRIDE, batch.images.shape[2] // STRIDE
    cells = batch.images.unflatten(2, (columns, STRIDE)).unflatten(1, (rows, STRIDE))
    inked = (cells.amax((2, 4)) > 0.3).flatten(1)
    assert torch.equal(batch.places[0, 0] & inked[0], inked[0])
    union = batch.places[1, 0] | batch.places[1, 1]
    assert torch.equal(union & inked[1], inked[1])
    assert not batch.places[0, 1:].any()  # eos has no place
    assert batch.places[1, 0].sum() <= (5 * SIZE // STRIDE + 2) * (3 * SIZE // STRIDE + 2)


def test_tokens_that_draw_nothing_have_no_place_wherever_the_picture_moved() -> None:
    quiet = sample("12")
    quiet.boxes[0] = 0
    for seed in range(5):
        batch = collate([quiet], np.random.default_rng(seed))
        assert not batch.places[0, 0].any()
        assert batch.places[0, 1].any()


def test_moved_pictures_keep_all_their_ink_inside_their_size() -> None:
    picture = sample("1234")
    for seed in range(20):
        batch = collate([picture], np.random.default_rng(seed))
        height, width = batch.sizes[0].tolist()
        assert batch.images[0, height:].sum() == batch.images[0, :, width:].sum() == 0
        assert (batch.images[0] > 0.6).sum() == (picture.ink > 0).sum()


def test_varied_ink_stays_ink() -> None:
    rng = np.random.default_rng(0)
    ink = collate(samples(64, 4), None).images
    varied = vary(ink, rng)
    assert varied.shape == ink.shape
    assert varied.min() >= 0
    assert varied.max() <= 1
    near = torch.nn.functional.max_pool2d(ink[:, None], 3, 1, 1)[:, 0]
    assert varied[near == 0].abs().max() == 0
    assert not torch.equal(varied[0], ink[0])


def test_an_epoch_holds_every_member_once() -> None:
    pictures, rng = samples(50, 4), np.random.default_rng(0)
    batches = list(epochs(pictures, range(50), rng, batch_pixels=20_000, batch_size=16))
    assert sum(len(batch.images) for batch in batches) == 50


def test_an_empty_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no samples"):
        read_samples(tmp_path, TOKENIZER)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"vocabulary": [1]}', '{"vocabulary": "a"}'])
def test_a_damaged_report_is_one_clear_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(UsageError, match=r"dataset\.json .*build the data set again") as caught:
        read_vocabulary(tmp_path)
    assert "\n" not in str(caught.value)
