"""Groups of like shape: every picture once, little padding, bounded."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from i2l_batch.models.encoder import STRIDE
from i2l_batch.models.grouping import LEAST, MOST_PIXELS, PADDED, crop, groups_of_shape
from tests.models.tiny_model import assert_close, pad_together, tiny_model

shapes = st.lists(st.tuples(st.integers(1, 512), st.integers(1, 1536)), min_size=1, max_size=40)


@given(shapes)
def test_every_picture_is_in_one_group_of_little_padding(sizes: list[tuple[int, int]]) -> None:
    groups = groups_of_shape(torch.tensor(sizes))
    assert sorted(i for group in groups for i in group.tolist()) == list(range(len(sizes)))
    for group in groups:
        cells = [[-(-side // STRIDE) for side in sizes[i]] for i in group.tolist()]
        grid = max(h for h, _ in cells) * max(w for _, w in cells) * len(cells)
        assert len(cells) <= LEAST or grid <= PADDED * sum(h * w for h, w in cells)
        assert len(cells) == 1 or grid * STRIDE**2 <= MOST_PIXELS


@given(shapes)
def test_a_group_is_cropped_to_its_largest_sides(sizes: list[tuple[int, int]]) -> None:
    tall = -(-max(h for h, _ in sizes) // STRIDE) * STRIDE
    wide = -(-max(w for _, w in sizes) // STRIDE) * STRIDE
    whole = torch.tensor([[512, 1536], *sizes])
    batch = torch.empty(1).expand(len(whole), 512, 1536)
    cropped, same = crop(batch, whole, torch.arange(1, len(whole)))
    assert cropped.shape == (len(sizes), tall, wide)
    assert same.tolist() == [list(size) for size in sizes]


@torch.inference_mode()
def test_groups_give_what_the_whole_batch_gives() -> None:
    model = tiny_model()
    generator = torch.Generator().manual_seed(3)
    some = [(9, 200), (160, 12), (10, 190), (30, 40), (8, 8), (100, 24), (33, 47)]
    images, sizes = pad_together([torch.rand(s, generator=generator) for s in some], 160, 200)
    assert len(groups_of_shape(sizes)) > 1
    whole = model.decoder.remember(*model.encoder(images, sizes))
    grouped = model.encode(images, sizes)
    assert torch.equal(grouped.bias, whole.bias)
    valid = (whole.bias == 0).transpose(-1, -2)
    for a, b in zip(grouped.keys + grouped.values, whole.keys + whole.values, strict=True):
        assert_close(a * valid, b * valid)
