from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from i2l_batch.errors import CheckpointError
from i2l_batch.models.checkpoint import load_checkpoint, save_checkpoint
from i2l_batch.models.config import CompactConfig, ModelConfig, PaperConfig, from_json, to_json
from i2l_batch.models.files import CONFIG, SHIPPED, checkpoint_sha256, model_id
from i2l_batch.models.tokenizer import Tokenizer
from tests.models.tiny_model import ARCHITECTURES, pad_together, tiny, tiny_model

TOKENIZER = Tokenizer.from_tokens("abcdefg")
FILES = {"model.safetensors", "config.json", "vocab.json"}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "here", tiny_model(), TOKENIZER)
    return tmp_path / "here"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_checkpoint_gives_back_what_was_saved(architecture: str, tmp_path: Path) -> None:
    """Learned numbers come back rounded to 16 bits, all others exactly; in float32, for reading."""
    saved = tiny(architecture)
    save_checkpoint(tmp_path, saved, TOKENIZER)
    model, tokenizer = load_checkpoint(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == FILES
    assert tokenizer.vocabulary == TOKENIZER.vocabulary
    assert model.config == saved.config
    assert not model.training
    learned = dict(saved.named_parameters())
    for name, tensor in model.state_dict().items():
        before = saved.state_dict()[name]
        assert tensor.dtype == before.dtype
        rounded = before.half().float() if name in learned else before
        assert torch.equal(tensor, rounded), name


def test_the_checkpoint_in_the_package_loads() -> None:
    model, tokenizer = load_checkpoint(SHIPPED)
    assert model.config.architecture == "compact"
    assert model.config.vocab_size == len(tokenizer)


def test_rounding_changes_no_probability_by_a_percent(checkpoint: Path) -> None:
    model, _ = load_checkpoint(checkpoint)
    images, sizes = pad_together([torch.rand(20, 30)], 24, 32)
    tokens = torch.tensor([[1, 5, 6]])
    with torch.inference_mode():
        before = tiny_model()(images, sizes, tokens)[0].log_softmax(-1)
        after = model(images, sizes, tokens)[0].log_softmax(-1)
    assert (before - after).abs().max() < 0.01


def test_saving_a_loaded_checkpoint_gives_the_same_files(checkpoint: Path) -> None:
    again = checkpoint.parent / "again"
    save_checkpoint(again, *load_checkpoint(checkpoint))
    for name in FILES:
        assert (again / name).read_bytes() == (checkpoint / name).read_bytes()
    assert checkpoint_sha256(again) == checkpoint_sha256(checkpoint)


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_file_changes_the_hash(checkpoint: Path, name: str) -> None:
    before = checkpoint_sha256(checkpoint)
    (checkpoint / name).write_bytes((checkpoint / name).read_bytes() + b" ")
    assert checkpoint_sha256(checkpoint) != before


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_missing_file_is_named(checkpoint: Path, name: str) -> None:
    (checkpoint / name).unlink()
    with pytest.raises(CheckpointError, match=f"not a checkpoint: {name} is missing"):
        load_checkpoint(checkpoint)


def test_a_folder_without_weights_has_no_hash(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"model\.safetensors is missing"):
        checkpoint_sha256(tmp_path)


def test_a_model_is_called_by_its_architecture_and_hash(checkpoint: Path) -> None:
    config = json.loads((checkpoint / CONFIG).read_text())
    digest = checkpoint_sha256(checkpoint)
    assert model_id(checkpoint, digest) == f"{config['architecture']}-{digest[:8]}"
    (checkpoint / CONFIG).write_text("{}")
    with pytest.raises(CheckpointError, match="names no architecture"):
        model_id(checkpoint, digest)


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize("content", [b"", b"{ no json", b"\xff\xfe\x00", b"[1, 2]", b"3"])
def test_a_damaged_file_is_one_clear_error(checkpoint: Path, name: str, content: bytes) -> None:
    (checkpoint / name).write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(checkpoint)
    assert "\n" not in str(caught.value)


def test_cut_weights_are_refused(checkpoint: Path) -> None:
    path = checkpoint / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(checkpoint)


def test_a_vocabulary_of_another_model_is_refused(checkpoint: Path) -> None:
    (checkpoint / "vocab.json").write_text(json.dumps(TOKENIZER.vocabulary[:-1]), "utf-8")
    with pytest.raises(CheckpointError, match=r"vocab\.json has 10 tokens, config\.json says 11"):
        load_checkpoint(checkpoint)


def without_one(tensors: dict[str, torch.Tensor]) -> None:
    del tensors["decoder.positions"]


def with_one_more(tensors: dict[str, torch.Tensor]) -> None:
    tensors["decoder.more"] = torch.zeros(1)


def with_another_shape(tensors: dict[str, torch.Tensor]) -> None:
    tensors["decoder.positions"] = torch.zeros(3, 16)


@pytest.mark.parametrize("change", [without_one, with_one_more, with_another_shape])
def test_weights_of_another_model_are_refused(
    checkpoint: Path, change: Callable[[dict[str, torch.Tensor]], None]
) -> None:
    path = checkpoint / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)
    with pytest.raises(CheckpointError, match=r"disagree in 1 tensors, such as decoder\.\w+"):
        load_checkpoint(checkpoint)


@pytest.mark.parametrize(
    "config",
    [
        CompactConfig(vocab_size=7, channels=(1, 2, 3, 4), dim=12),
        PaperConfig(architecture="nopool", vocab_size=7, channels=(1, 2), init_dim=0),
        PaperConfig(architecture="strips", vocab_size=7, attention_dims=(3, 4), height=64),
    ],
)
def test_a_config_goes_through_json(config: ModelConfig) -> None:
    assert from_json(json.loads(json.dumps(to_json(config)))) == config


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"vocab_size": 7}, "names no known architecture"),
        ({"architecture": "compact", "vocab_size": 7, "depth": 1}, "unknown fields: depth"),
        ({"architecture": "compact", "dim": 16}, "does not describe a model: .*vocab_size"),
        (
            {"architecture": "compact", "vocab_size": 7, "channels": 3},
            "channels must be a list of whole numbers from 1 on, not 3",
        ),
        (
            {"architecture": "compact", "vocab_size": "7"},
            "vocab_size must be a whole number from 1 on, not '7'",
        ),
        (
            {"architecture": "compact", "vocab_size": 7, "channels": [1, 2]},
            "channels must be 4 whole numbers",
        ),
        (
            {"architecture": "compact", "vocab_size": 7, "dim": 10, "num_heads": 4},
            "dim 10 is not a multiple of num_heads 4",
        ),
        (
            {"architecture": "stripes", "vocab_size": 7},
            "names no known architecture, but 'stripes'",
        ),
        (
            {"architecture": "strips", "vocab_size": 7, "channels": []},
            r"channels must be a list of whole numbers from 1 on, not \(\)",
        ),
        (
            {"architecture": "strips", "vocab_size": 7, "init_dim": -1},
            "init_dim must be a whole number from 0 on, not -1",
        ),
        (
            {"architecture": "nopool", "vocab_size": 7, "attention_dims": [1]},
            "attention_dims must be 2 whole numbers",
        ),
        (
            {"architecture": "nopool", "vocab_size": 7, "height": 100},
            "the canvas of 100x1088 does not divide by 32",
        ),
    ],
)
def test_a_wrong_config_is_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        from_json(values)
