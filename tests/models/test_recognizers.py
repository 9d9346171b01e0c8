"""Laws of every model: what a picture gives depends on nothing but the picture and the tokens."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from i2l_batch.models.beam_search import BeamConfig, beam_search
from i2l_batch.models.recognizer import Recognizer
from i2l_batch.models.stepper import ModelStepper
from tests.models.tiny_model import (
    ARCHITECTURES,
    SIZES,
    assert_close,
    pad_together,
    pictures,
    some_tokens,
    tiny,
)

EVERY_MODEL = pytest.mark.parametrize("architecture", ARCHITECTURES)
BOS, EOS = 1, 2


def batch() -> tuple[Tensor, Tensor]:
    return pad_together(pictures(), 32, 64)


@torch.inference_mode()
def stepwise(
    model: Recognizer, images: Tensor, sizes: Tensor, tokens: Tensor
) -> tuple[Tensor, Tensor]:
    """Log-probabilities (B, K, T, V) and attention (B, K, T, L) of tokens (B, K, T), by steps."""
    memory = model.encode(images, sizes)
    state = model.start(memory, tokens.shape[1])
    outputs, attention = [], []
    for t in range(tokens.shape[2]):
        state, log_probabilities, weights = model.step(state, tokens[..., t], memory)
        outputs.append(log_probabilities)
        attention.append(weights)
    return torch.stack(outputs, 2), torch.stack(attention, 2)


@EVERY_MODEL
def test_step_by_step_equals_teacher_forcing(architecture: str) -> None:
    model, tokens = tiny(architecture), some_tokens(3)
    logits, attention = model(*batch(), tokens)
    steps, looked = stepwise(model, *batch(), tokens[:, None])
    assert_close(steps[:, 0], logits.log_softmax(-1))
    assert_close(looked[:, 0], attention[-1])


@EVERY_MODEL
def test_attention_sums_to_one_over_the_places(architecture: str) -> None:
    model, tokens = tiny(architecture), some_tokens(3)
    _, attention = model(*batch(), tokens)
    assert attention
    places = model.places(torch.tensor(SIZES)).shape[1]
    for weights in attention:
        assert weights.shape == (3, 6, places)
        assert_close(weights.sum(-1), torch.ones(3, 6))
        assert (weights >= 0).all()


@EVERY_MODEL
@torch.inference_mode()
@pytest.mark.parametrize("padding", [(32, 64), (40, 64), (64, 128)])
def test_padding_and_neighbours_change_nothing(architecture: str, padding: tuple[int, int]) -> None:
    model, tokens = tiny(architecture), some_tokens(3)
    together, _ = model(*pad_together(pictures(), *padding), tokens)
    for i, picture in enumerate(pictures()):
        tight = tuple(-(-side // 8) * 8 for side in picture.shape)
        alone, _ = model(*pad_together([picture], *tight), tokens[i : i + 1])
        assert_close(together[i : i + 1], alone)


@EVERY_MODEL
@torch.inference_mode()
def test_the_picture_matters(architecture: str) -> None:
    """Without this, the law above would hold for a model that looks at nothing."""
    model, tokens = tiny(architecture), some_tokens(1).expand(3, -1)
    logits, _ = model(*batch(), tokens)
    assert (logits[0] - logits[1]).abs().max() > 0.01
    assert (logits[1] - logits[2]).abs().max() > 0.01


@EVERY_MODEL
def test_hypotheses_of_a_picture_do_not_see_each_other(architecture: str) -> None:
    model, tokens = tiny(architecture), some_tokens(3 * 4).view(3, 4, 6)
    together, _ = stepwise(model, *batch(), tokens)
    for k in range(4):
        alone, _ = stepwise(model, *batch(), tokens[:, k : k + 1])
        assert_close(together[:, k : k + 1], alone)


@EVERY_MODEL
@torch.inference_mode()
def test_selected_hypotheses_go_on_as_their_parents_would(architecture: str) -> None:
    """After `select`, each new hypothesis has the past of its parent, in the picture it was in."""
    model = tiny(architecture)
    images, sizes = batch()
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
            alone, _ = stepwise(model, images[one], sizes[one], history)
            assert_close(selected[r, k], alone[0, 0, -1])


@EVERY_MODEL
@torch.inference_mode()
def test_later_tokens_do_not_change_earlier_outputs(architecture: str) -> None:
    model, tokens = tiny(architecture), some_tokens(3)
    whole, _ = model(*batch(), tokens)
    half, _ = model(*batch(), tokens[:, :3])
    assert_close(whole[:, :3], half)


@EVERY_MODEL
@torch.inference_mode()
def test_what_the_search_says_of_a_hypothesis_is_what_teacher_forcing_says(
    architecture: str,
) -> None:
    """Log-probabilities are real sums, and the attention is that of the hypothesis's own tokens."""
    model = tiny(architecture)
    images, sizes = batch()
    config = BeamConfig(bos=BOS, eos=EOS, beam_size=4, max_length=7, record_attention=True)
    stepper = ModelStepper(model, model.encode(images, sizes), config.beam_size)
    found = beam_search(stepper, len(images), config)
    assert any(h.finished for hypotheses in found for h in hypotheses)
    for i, hypotheses in enumerate(found):
        for h in hypotheses:
            written = [*h.tokens, EOS][: h.num_steps]
            tokens = torch.tensor([[BOS, *written[:-1]]])
            logits, attention = model(images[i : i + 1], sizes[i : i + 1], tokens)
            sums = logits.log_softmax(-1)[0, range(len(written)), written].sum()
            assert h.log_probability == pytest.approx(float(sums), abs=1e-4)
            assert h.attention is not None
            places = attention[-1].shape[-1]
            assert_close(h.attention[:, :places], attention[-1][0])
            assert not h.attention[:, places:].any()


@EVERY_MODEL
def test_every_parameter_learns(architecture: str) -> None:
    model, tokens = tiny(architecture).train(), some_tokens(3)
    logits, _ = model(*batch(), tokens)
    logits.log_softmax(-1)[..., 0].sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


@EVERY_MODEL
def test_half_precision_is_close_and_trains(architecture: str) -> None:
    """Under autocast, as on a GPU; log-probabilities are float32 all the same."""
    model, tokens = tiny(architecture), some_tokens(3)
    exact = torch.cat([p.flatten() for p in gradients(model, tokens)])
    with torch.autocast("cpu", torch.bfloat16):
        logits, _ = model(*batch(), tokens)
        steps, _ = stepwise(model, *batch(), tokens[:, None])
        rounded = torch.cat([p.flatten() for p in gradients(model, tokens)])
    assert steps.dtype == torch.float32
    torch.testing.assert_close(steps[:, 0], logits.float().log_softmax(-1), rtol=0.05, atol=0.05)
    assert torch.nn.functional.cosine_similarity(exact, rounded, 0) > 0.98


def gradients(model: Recognizer, tokens: Tensor) -> list[Tensor]:
    logits, _ = model(*batch(), tokens)
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), tokens.flatten())
    return list(torch.autograd.grad(loss, list(model.parameters())))
