"""Starting from other weights: known tokens keep what was learned, new ones start anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from i2l_batch.errors import UsageError
from i2l_batch.models.build import build_model
from i2l_batch.models.checkpoint import save_checkpoint
from i2l_batch.models.config import ModelConfig
from i2l_batch.models.recognizer import Recognizer
from i2l_batch.models.tokenizer import EOS, Tokenizer
from i2l_batch.train.config_file import override
from i2l_batch.train.fine_tuning import start_from, vocabulary_axes
from i2l_batch.train.presets import preset

SMALL = ["model.height=32", "model.width=64", "model.lstm_units=12"]
MODELS = {
    "compact": override(preset("compact-tiny"), ["model.dim=16"]).model,
    "strips": override(preset("strips-tiny"), SMALL).model,
    "nopool": override(preset("nopool-tiny"), SMALL).model,
}


def built(config: ModelConfig, tokenizer: Tokenizer, seed: int) -> Recognizer:
    torch.manual_seed(seed)
    return build_model(replace(config, vocab_size=len(tokenizer))).eval()


@pytest.mark.parametrize("name", MODELS)
def test_a_grown_vocabulary_keeps_what_was_learned(tmp_path: Path, name: str) -> None:
    """On known tokens the new model says what the old one did, up to the new tokens' share."""
    old_tokenizer, new_tokenizer = Tokenizer.from_tokens("bdfz"), Tokenizer.from_tokens("abcdef")
    old = built(MODELS[name], old_tokenizer, 0)
    save_checkpoint(tmp_path / "old", old, old_tokenizer)
    new = built(MODELS[name], new_tokenizer, 1)
    line = start_from(tmp_path / "old", new, new_tokenizer)
    assert line.endswith("7 tokens are known, 3 start anew, 1 are left behind")
    images, sizes = torch.rand(2, 16, 32), torch.tensor([[16, 32], [12, 20]])
    outputs = []
    for model, tokenizer in ((old, old_tokenizer), (new, new_tokenizer)):
        tokens = torch.tensor([[1, *tokenizer.encode("bdf")]] * 2)
        shared = [*range(EOS, 4), *tokenizer.encode("bdf")]
        with torch.no_grad():
            outputs.append(model(images, sizes, tokens)[0][:, :, shared])
    assert torch.allclose(*outputs, atol=0.02)  # checkpoints have 16 bits


@pytest.mark.parametrize("name", MODELS)
def test_new_tokens_start_as_a_new_model_has_them(tmp_path: Path, name: str) -> None:
    old_tokenizer, new_tokenizer = Tokenizer.from_tokens("abc"), Tokenizer.from_tokens("abcd")
    save_checkpoint(tmp_path / "old", built(MODELS[name], old_tokenizer, 0), old_tokenizer)
    new, untouched = (built(MODELS[name], new_tokenizer, 1) for _ in range(2))
    start_from(tmp_path / "old", new, new_tokenizer)
    fresh = new_tokenizer.encode("d")[0]
    axes = vocabulary_axes(new.config)
    assert axes
    for key, axis in axes.items():
        rows = [model.state_dict()[key].select(axis, fresh) for model in (new, untouched)]
        assert torch.equal(*rows)


def test_the_same_tokens_in_another_order_are_followed(tmp_path: Path) -> None:
    """As many tokens on both sides: the shapes do not tell that rows must move."""
    old_tokenizer, new_tokenizer = Tokenizer.from_tokens("bcd"), Tokenizer.from_tokens("abc")
    old = built(MODELS["strips"], old_tokenizer, 0)
    save_checkpoint(tmp_path / "old", old, old_tokenizer)
    new = built(MODELS["strips"], new_tokenizer, 1)
    start_from(tmp_path / "old", new, new_tokenizer)
    for key, axis in vocabulary_axes(new.config).items():
        one = old.state_dict()[key].select(axis, old_tokenizer.encode("b")[0])
        other = new.state_dict()[key].select(axis, new_tokenizer.encode("b")[0])
        assert torch.allclose(one, other, atol=1e-3)


def test_a_model_of_other_sizes_is_refused_by_name(tmp_path: Path) -> None:
    tokenizer = Tokenizer.from_tokens("abc")
    save_checkpoint(tmp_path / "old", built(MODELS["strips"], tokenizer, 0), tokenizer)
    wider = replace(MODELS["strips"], width=128)
    with pytest.raises(UsageError, match=r"is of another model \(width 64 there, 128 here\)"):
        start_from(tmp_path / "old", built(wider, tokenizer, 0), tokenizer)
    with pytest.raises(UsageError, match="architecture strips there, compact here"):
        start_from(tmp_path / "old", built(MODELS["compact"], tokenizer, 0), tokenizer)
