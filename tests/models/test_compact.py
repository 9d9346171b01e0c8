"""Encoder and decoder together: what a picture gives depends on nothing but the picture."""

from __future__ import annotations

import functools

import pytest
import torch
from torch import Tensor

from i2l_batch.models.compact import Compact
from i2l_batch.models.config import CompactConfig
from i2l_batch.models.encoder import STRIDE, grid_positions
from tests.models.tiny_model import VOCABULARY, pad_together, tiny_model

# float32 sums in another order
assert_close = functools.partial(torch.testing.assert_close, rtol=1e-4, atol=1e-5)

SIZES = [(17, 40), (30, 23), (9, 61)]


def pictures() -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.rand(size, generator=generator) for size in SIZES]


def some_tokens(batch: int, length: int = 6) -> Tensor:
    return torch.randint(0, VOCABULARY, (batch, length), generator=torch.Generator().manual_seed(2))


@torch.inference_mode()
def stepwise(model: Compact, images: Tensor, sizes: Tensor, tokens: Tensor) -> Tensor:
    """Log-probabilities (B, K, T, V) of tokens (B, K, T), one step at a time."""
    memory = model.encode(images, sizes)
    state = model.start(memory, tokens.shape[1])
    outputs = []
    for t in range(tokens.shape[2]):
        state, log_probabilities, _ = model.step(state, tokens[..., t], memory)
        outputs.append(log_probabilities)
    return torch.stack(outputs, 2)


@torch.inference_mode()
@pytest.mark.parametrize("padding", [(32, 64), (40, 64), (64, 128)])
def test_padding_and_neighbours_change_nothing(padding: tuple[int, int]) -> None:
    model, tokens = tiny_model(), some_tokens(3)
    together, _ = model(*pad_together(pictures(), *padding), tokens)
    for i, picture in enumerate(pictures()):
        tight = tuple(-(-side // STRIDE) * STRIDE for side in picture.shape)
        alone, _ = model(*pad_together([picture], *tight), tokens[i : i + 1])
        assert_close(together[i : i + 1], alone)


@torch.inference_mode()
def test_the_picture_matters() -> None:
    """Without this, the law above would hold for a model that looks at nothing."""
    model, tokens = tiny_model(), some_tokens(1).expand(3, -1)
    logits, _ = model(*pad_together(pictures(), 32, 64), tokens)
    assert (logits[0] - logits[1]).abs().max() > 0.01
    assert (logits[1] - logits[2]).abs().max() > 0.01


@torch.inference_mode()
def test_memory_covers_the_picture_and_nothing_else() -> None:
    model = tiny_model()
    memory, mask = model.encoder(*pad_together(pictures(), 32, 64))
    assert memory.shape == (3, 4 * 8, 16)
    for (height, width), cells in zip(SIZES, mask.view(3, 4, 8), strict=True):
        rows, columns = -(-height // STRIDE), -(-width // STRIDE)
        assert cells[:rows, :columns].all()
        assert cells.sum() == rows * columns


@torch.inference_mode()
def test_attention_is_a_distribution_over_the_picture() -> None:
    model = tiny_model()
    images, sizes = pad_together(pictures(), 32, 64)
    _, mask = model.encoder(images, sizes)
    _, attention = model(images, sizes, some_tokens(3))
    assert len(attention) == model.config.num_layers
    for weights in attention:
        assert weights.shape == (3, 6, 32)
        assert_close(weights.sum(-1), torch.ones(3, 6))
        assert (weights * ~mask[:, None]).abs().max() == 0


def test_one_hypothesis_step_by_step_equals_teacher_forcing() -> None:
    model, tokens = tiny_model(), some_tokens(3)
    images, sizes = pad_together(pictures(), 32, 64)
    with torch.inference_mode():
        logits, _ = model(images, sizes, tokens)
    steps = stepwise(model, images, sizes, tokens[:, None])
    assert_close(steps[:, 0], logits.log_softmax(-1))


def test_hypotheses_of_a_picture_do_not_see_each_other() -> None:
    model = tiny_model()
    images, sizes = pad_together(pictures(), 32, 64)
    tokens = some_tokens(3 * 4).view(3, 4, 6)
    together = stepwise(model, images, sizes, tokens)
    for k in range(4):
        alone = stepwise(model, images, sizes, tokens[:, k : k + 1])
        assert_close(together[:, k : k + 1], alone)


@torch.inference_mode()
def test_steps_look_where_teacher_forcing_looks() -> None:
    model, tokens = tiny_model(), some_tokens(3)
    images, sizes = pad_together(pictures(), 32, 64)
    _, attention = model(images, sizes, tokens)
    memory = model.encode(images, sizes)
    state = model.start(memory)
    for t in range(tokens.shape[1]):
        state, _, weights = model.step(state, tokens[:, t : t + 1], memory)
        assert_close(weights[:, 0], attention[-1][:, t])


@torch.inference_mode()
def test_selected_hypotheses_go_on_as_their_parents_would() -> None:
    """After `select`, each new hypothesis has the past of its parent, in the picture it was in."""
    model = tiny_model()
    images, sizes = pad_together(pictures(), 32, 64)
    tokens = some_tokens(3 * 2).view(3, 2, 6)
    rows, parents = torch.tensor([2, 0]), torch.tensor([[1, 1], [0, 1]])
    memory = model.encode(images, sizes)
    state = model.start(memory, 2)
    for t in range(3):
        state, _, _ = model.step(state, tokens[..., t], memory)
    next_tokens = torch.tensor([[4, 5], [6, 7]])
    _, selected, _ = model.step(state.select(rows, parents), next_tokens, memory.select(rows))
    for r, row in enumerate(rows.tolist()):
        for k, parent in enumerate(parents[r].tolist()):
            past = tokens[row, parent, :3].tolist()
            history = torch.tensor([[[*past, int(next_tokens[r, k])]]])
            one = slice(row, row + 1)
            alone = stepwise(model, images[one], sizes[one], history)
            assert_close(selected[r, k], alone[0, 0, -1])


def test_later_tokens_do_not_change_earlier_outputs() -> None:
    model, tokens = tiny_model(), some_tokens(1)
    images, sizes = pad_together(pictures()[:1], 24, 40)
    with torch.inference_mode():
        whole, _ = model(images, sizes, tokens)
        half, _ = model(images, sizes, tokens[:, :3])
    assert_close(whole[:, :3], half)


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
