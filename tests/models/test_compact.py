"""What is particular to the compact model; what holds for every model is in test_recognizers."""

from __future__ import annotations

import torch

from i2l_batch.models.compact import Compact
from i2l_batch.models.config import CompactConfig
from i2l_batch.models.encoder import STRIDE, grid_positions
from tests.models.tiny_model import (
    SIZES,
    assert_close,
    pad_together,
    pictures,
    some_tokens,
    tiny_model,
)


@torch.inference_mode()
def test_memory_is_the_cells_of_the_picture_and_nothing_else() -> None:
    model = tiny_model()
    memory, mask = model.encoder(*pad_together(pictures(), 32, 64))
    places = model.places(torch.tensor(SIZES))
    numbers = places.any(-1).sum(1).tolist()
    assert numbers == [-(-height // STRIDE) * -(-width // STRIDE) for height, width in SIZES]
    assert memory.shape == (3, max(numbers), 16)
    assert [cells.tolist() for cells in mask] == [
        [i < number for i in range(max(numbers))] for number in numbers
    ]


@torch.inference_mode()
def test_the_cells_of_a_padded_picture_stay_in_order() -> None:
    """Those of a picture that fills its batch, of which none is left out, are the same ones."""
    model = tiny_model()
    together, _ = model.encoder(*pad_together(pictures(), 32, 64))
    for picture, cells in zip(pictures(), together, strict=True):
        tight = tuple(-(-side // STRIDE) * STRIDE for side in picture.shape)
        [alone], _ = model.encoder(*pad_together([picture], *tight))
        assert_close(cells[: len(alone)], alone)


def test_attention_is_a_distribution_over_the_picture() -> None:
    model = tiny_model()
    images, sizes = pad_together(pictures(), 32, 64)
    _, mask = model.encoder(images, sizes)
    _, attention = model(images, sizes, some_tokens(3))
    assert len(attention) == model.config.num_layers
    for weights in attention:
        assert weights.shape == (3, 6, mask.shape[1])
        assert_close(weights.sum(-1), torch.ones(3, 6))
        assert (weights * ~mask[:, None]).abs().max() == 0


def test_positions_of_all_cells_differ() -> None:
    positions = grid_positions(64, 192, 256, torch.device("cpu"))
    rows = positions.view(64, 192, 256)[:, 0, :128]
    columns = positions.view(64, 192, 256)[0, :, 128:]
    for places in (rows, columns):
        gaps = torch.cdist(places, places) + 9 * torch.eye(len(places))
        assert gaps.min() > 0.3


def test_the_shipped_sizes() -> None:
    """Weights that were trained depend on these numbers."""
    with torch.device("meta"):
        model = Compact(CompactConfig(vocab_size=455))
    assert model.num_parameters == 4_669_031


def test_all_matrices_are_decayed_and_nothing_else() -> None:
    model = tiny_model()
    plain = {
        name for name, p in model.named_parameters() if all(p is not q for q in model.decayed())
    }
    assert plain == {
        name for name, _ in model.named_parameters() if name.endswith("bias") or "norm" in name
    }
