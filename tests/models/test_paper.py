"""The paper's two models: the sizes that it prints, and each part against its definition."""

from __future__ import annotations

import math
from typing import Literal

import pytest
import torch
from torch import nn

from i2l_batch.models.build import build_model
from i2l_batch.models.canvas import place_on_canvas
from i2l_batch.models.config import PaperConfig
from i2l_batch.models.paper import CHUNK_PIXELS, PaperModel
from i2l_batch.models.paper_encoder import regroup
from i2l_batch.models.peephole import PeepholeCell
from tests.models.tiny_model import SIZES, assert_close, pad_together, pictures, tiny_paper

Architecture = Literal["nopool", "strips"]
BOTH: tuple[Architecture, ...] = ("nopool", "strips")


def full(architecture: Architecture, vocab_size: int = 339, init_dim: int = 100) -> PaperModel:
    """The paper's model without numbers in it."""
    with torch.device("meta"):
        model = build_model(
            PaperConfig(architecture=architecture, vocab_size=vocab_size, init_dim=init_dim)
        )
    assert isinstance(model, PaperModel)
    return model


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("architecture", "vocab_size", "total"),
    [
        ("nopool", 339, 61_235_049),  # paper, table 2
        ("strips", 339, 70_984_635),
        ("nopool", 358, 61_243_086),  # Im2latex-90k
        ("strips", 358, 70_992_672),
        ("nopool", 338, 61_234_626),  # without the class of the CTC blank
        ("strips", 338, 70_984_212),
    ],
)
def test_the_totals_of_the_paper(architecture: Architecture, vocab_size: int, total: int) -> None:
    assert full(architecture, vocab_size).num_parameters == total


@pytest.mark.parametrize(
    ("architecture", "attention", "lstm", "output"),
    [
        ("nopool", 18_263_632, 12_466_500, 993_789),
        ("strips", 18_247_330, 21_682_500, 1_543_677),
    ],
)
def test_the_parts_of_the_paper(
    architecture: Architecture, attention: int, lstm: int, output: int
) -> None:
    model = full(architecture)
    decoder = model.decoder
    assert count(model.encoder) == 3_909_632
    assert count(decoder.initial) == 7_569_300
    assert count(decoder.embedding) == 21_696
    assert count(decoder.attention) == attention
    assert [count(cell) for cell in decoder.cells] == [lstm, 18_010_500]
    assert count(decoder.output) == output


@pytest.mark.parametrize(
    ("architecture", "shape"), [("nopool", (136, 512)), ("strips", (34, 2048))]
)
def test_the_places_of_the_paper(architecture: Architecture, shape: tuple[int, int]) -> None:
    model = full(architecture)
    assert model.encoder(torch.empty(2, 1, 130, 1090, device="meta")).shape == (2, *shape)
    assert model.em_pixels == 33.2
    assert model.max_size == (134, 1094)
    assert model.config.max_tokens == 171


def test_without_the_initial_model_the_first_state_is_zero() -> None:
    assert full("nopool", init_dim=0).num_parameters == 61_235_049 - 7_569_300
    model = tiny_paper("nopool", init_dim=0)
    state = model.start(model.encode(*pad_together(pictures(), 32, 64)), 2)
    for hidden, cell in state.layers:
        assert hidden.shape == cell.shape == (3, 2, 14)
        assert not hidden.any()
        assert not cell.any()


@torch.inference_mode()
def test_the_first_state_comes_from_four_heads() -> None:
    model = tiny_paper("strips")
    memory = model.encode(*pad_together(pictures(), 32, 64))
    state = model.start(memory, 2)
    initial = model.decoder.initial
    assert initial.shared is not None
    shared = initial.shared(memory.places.flatten(1)).tanh()
    expected = [head(shared).tanh() for head in initial.heads]
    assert len(expected) == 4
    values = [value for layer in state.layers for value in layer]
    for value, one in zip(values, expected, strict=True):
        assert_close(value, one[:, None].expand(-1, 2, -1))


@torch.inference_mode()
@pytest.mark.parametrize("architecture", BOTH)
def test_the_encoder_is_tanh_then_pool_with_white_around_the_first_layer(
    architecture: Architecture,
) -> None:
    """By the definition, in the paper's order, padding by hand."""
    model = tiny_paper(architecture)
    pages = place_on_canvas(*pad_together(pictures(), 32, 64), model.config)
    x = pages[:, :, 1:-1, 1:-1]
    for i, convolution in enumerate(model.encoder.convolutions):
        assert isinstance(convolution, nn.Conv2d)
        x = nn.functional.pad(x, [1] * 4, value=0.5 if i == 0 else 0.0)
        x = nn.functional.conv2d(x, convolution.weight, convolution.bias).tanh()
        x = nn.functional.max_pool2d(x, 2)
    places = model.encoder(pages)
    for place, box in enumerate(model.places(torch.tensor([[32, 64]]))[0].tolist()):
        x0, y0, x1, y1 = (edge // 8 for edge in box)
        assert_close(places[:, place], x[:, :, y0:y1, x0:x1].permute(0, 2, 3, 1).flatten(1))


@pytest.mark.parametrize("block", [(1, 1), (4, 1), (2, 3)])
def test_blocks_are_joined_row_by_row_column_by_column_channel_by_channel(
    block: tuple[int, int],
) -> None:
    high, wide = block
    cells = torch.arange(2 * 5 * 4 * 6).view(2, 5, 4, 6)
    places = regroup(cells, block)
    for batch in range(2):
        expected = [
            [
                int(cells[batch, channel, top + row, left + column])
                for row in range(high)
                for column in range(wide)
                for channel in range(5)
            ]
            for top in range(0, 4, high)
            for left in range(0, 6, wide)
        ]
        assert places[batch].tolist() == expected


@torch.inference_mode()
@pytest.mark.parametrize("architecture", BOTH)
def test_cached_attention_equals_the_network_over_picture_and_state(
    architecture: Architecture,
) -> None:
    model = tiny_paper(architecture)
    attention = model.decoder.attention
    memory = model.encode(*pad_together(pictures(), 32, 64))
    hidden = torch.randn(3, 4, 14)
    first = torch.cat([attention.of_picture.weight, attention.of_state.weight], 1)
    flat = memory.places.flatten(1)[:, None].expand(-1, 4, -1)
    x = (torch.cat([flat, hidden], -1) @ first.T + attention.of_picture.bias).tanh()
    x = (x @ attention.second.weight.T + attention.second.bias).tanh()
    x = (x @ attention.third.weight.T + attention.third.bias).softmax(-1)
    assert_close(attention(memory.looked, hidden), x)


@torch.inference_mode()
@pytest.mark.parametrize("architecture", BOTH)
def test_a_step_is_in_the_papers_order(architecture: Architecture) -> None:
    """Look with the last hidden state, run the stack on [word; seen], write from the new state."""
    model = tiny_paper(architecture)
    decoder = model.decoder
    memory = model.encode(*pad_together(pictures(), 32, 64))
    state = model.start(memory)
    tokens = torch.tensor([[3], [4], [5]])
    after, log_probabilities, attention = model.step(state, tokens, memory)
    word = decoder.embedding.weight[tokens]
    alpha = decoder.attention(memory.looked, state.layers[-1][0])
    seen = (alpha[..., None] * memory.places[:, None]).sum(2)
    hidden = torch.cat([word, seen], -1)
    for layer, cell in enumerate(decoder.cells):
        assert isinstance(cell, PeepholeCell)
        hidden, _ = cell(hidden, *state.layers[layer], cell.product(torch.float32))
        assert_close(after.layers[layer][0], hidden)
    logits = decoder.output(torch.cat([word, hidden, seen], -1))
    assert_close(log_probabilities, logits.log_softmax(-1))
    assert_close(attention, alpha)


@pytest.mark.parametrize("architecture", BOTH)
def test_hypotheses_share_the_picture(architecture: Architecture) -> None:
    """No copy of the places per hypothesis: neither in the memory nor in the state."""
    model = tiny_paper(architecture)
    memory = model.encode(*pad_together(pictures(), 32, 64))
    assert memory.places.numel() == 3 * 4 * 8 * 5
    state = model.start(memory, 10)
    assert all(value.shape == (3, 10, 14) for layer in state.layers for value in layer)


def test_pictures_in_chunks_give_what_they_give_together() -> None:
    """Without gradients many pictures are encoded in turns, with them all at once."""
    model = tiny_paper("nopool")
    many = CHUNK_PIXELS["cpu"] // (34 * 66) + 2
    images, sizes = pad_together([torch.rand(9, 1 + i % 60) for i in range(many)], 9, 60)
    together = model.encode(images, sizes)
    with torch.inference_mode():
        in_chunks = model.encode(images, sizes)
    assert_close(in_chunks.places, together.places)
    assert_close(in_chunks.first, together.first)


@pytest.mark.parametrize("architecture", BOTH)
def test_places_cover_the_page_around_the_picture(architecture: Architecture) -> None:
    model = tiny_paper(architecture)
    boxes = model.places(torch.tensor(SIZES))[0]  # 17 x 40: starts at row 8, column 13 of the frame
    assert boxes[0].tolist() == [-12, -7, -4, 25 if architecture == "strips" else 1]
    corners = torch.cat([boxes[:, :2].amin(0), boxes[:, 2:].amax(0)])
    assert corners.tolist() == [-12, -7, 52, 25]
    assert int((boxes[:, 2:] - boxes[:, :2]).prod(1).sum()) == 32 * 64


@torch.inference_mode()
@pytest.mark.parametrize("architecture", BOTH)
def test_ink_changes_its_own_place_and_none_beyond_the_next(architecture: Architecture) -> None:
    """Three blocks see 1 + 2 + 4 pixels beyond a cell of 8."""
    model = tiny_paper(architecture)
    size = (20, 48)
    empty = model.encode(*pad_together([torch.zeros(size)], *size)).places[0]
    boxes = model.places(torch.tensor([size]))[0]
    for x, y in [(0, 0), (47, 19), (20, 10), (5, 17)]:
        ink = torch.zeros(size)
        ink[y, x] = 1
        after = model.encode(*pad_together([ink], *size)).places[0]
        changed = (after - empty).abs().amax(1) > 1e-5
        x0, y0, x1, y1 = boxes.unbind(1)
        own = (x0 <= x) & (x < x1) & (y0 <= y) & (y < y1)
        near = (x0 - 7 <= x) & (x < x1 + 7) & (y0 - 7 <= y) & (y < y1 + 7)
        assert own.sum() == 1
        assert changed[own].all()
        assert not changed[~near].any()


@pytest.mark.parametrize("architecture", BOTH)
def test_the_penalised_weights_are_those_of_the_papers_code(architecture: Architecture) -> None:
    """Convolutions, fully connected layers, the embedding; no biases, nothing of the LSTM."""
    model = tiny_paper(architecture)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    decayed = {names[id(parameter)] for parameter in model.decayed()}
    assert len(decayed) == len(model.decayed())
    assert decayed == {
        *(f"encoder.convolutions.{i}.weight" for i in range(3)),
        "decoder.embedding.weight",
        "decoder.initial.shared.weight",
        *(f"decoder.initial.heads.{i}.weight" for i in range(4)),
        *(f"decoder.attention.{part}.weight" for part in ("of_picture", "of_state")),
        *(f"decoder.attention.{part}.weight" for part in ("second", "third")),
        *(f"decoder.output.{i}.weight" for i in (0, 2, 4)),
    }


def test_new_weights_are_glorot_uniform_and_biases_zero() -> None:
    torch.manual_seed(0)
    config = tiny_paper("strips").config
    model = PaperModel(config)
    decoder = model.decoder
    flat, units = 4 * 8 * 5, config.lstm_units
    first = (
        flat + units + 12
    )  # fan in and out of the attention's first layer, which is in two parts
    fans = {
        model.encoder.convolutions[1].weight: 9 * (3 + 4),
        decoder.embedding.weight: config.vocab_size + config.embedding_dim,
        decoder.attention.of_picture.weight: first,
        decoder.attention.of_state.weight: first,
        decoder.attention.second.weight: 12 + 10,
        decoder.initial.heads[3].weight: config.init_dim + units,
        decoder.cells[0].kernel: (6 + 20 + units) + 4 * units,
        decoder.cells[1].peepholes: 2 * units,
        decoder.output[4].weight: config.output_dim + config.vocab_size,
    }
    for weight, fan in fans.items():
        assert isinstance(weight, nn.Parameter)
        limit = math.sqrt(6 / fan)
        assert 0.85 * limit < weight.abs().max() <= limit
        assert weight.mean().abs() < 0.25 * limit
    biases = [p for name, p in model.named_parameters() if name.endswith("bias")]
    assert len(biases) == 3 + 5 + 3 + 2 + 3
    assert not any(bias.any() for bias in biases)
