"""A checkpoint is a folder: `model.safetensors`, `config.json`, `vocab.json`. Data only, no pickle.

In: a model and its tokenizer. Out: the same again.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from i2l_batch.durable import whole_file
from i2l_batch.errors import CheckpointError
from i2l_batch.models.build import build_model
from i2l_batch.models.config import to_json
from i2l_batch.models.files import CONFIG, VOCABULARY, WEIGHTS, read_config
from i2l_batch.models.recognizer import Recognizer
from i2l_batch.models.tokenizer import Tokenizer


def save_checkpoint(folder: Path, model: Recognizer, tokenizer: Tokenizer) -> None:
    """Write a checkpoint; each file appears whole or not at all, the weights last.

    Weights are stored in 16-bit floats (bfloat16 would lose three digits, float32 costs twice the
    space); batch statistics keep 32 bits.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / CONFIG, json.dumps(to_json(model.config), indent=1).encode())
    _write(folder / VOCABULARY, json.dumps(tokenizer.vocabulary, indent=0).encode())
    learned = {name for name, _ in model.named_parameters()}
    tensors = {
        name: tensor.detach().cpu().to(torch.float16 if name in learned else tensor.dtype)
        for name, tensor in model.state_dict().items()
    }
    _write(folder / WEIGHTS, save({name: t.contiguous() for name, t in tensors.items()}))


def load_checkpoint(folder: Path, device: str = "cpu") -> tuple[Recognizer, Tokenizer]:
    """The model in float32, ready for inference, and its tokenizer.

    Raises:
        CheckpointError: a file is missing or unreadable, or the files contradict each other.
    """
    config = read_config(folder)
    try:
        tokenizer = Tokenizer(_string_list(json.loads((folder / VOCABULARY).read_text("utf-8"))))
        tensors = load((folder / WEIGHTS).read_bytes())
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{folder} is not a checkpoint: {Path(error.filename).name} is missing"
        ) from error
    except (ValueError, OSError, SafetensorError) as error:
        raise CheckpointError(f"the checkpoint {folder} cannot be read: {error}") from error
    except CheckpointError as error:
        raise CheckpointError(f"{folder}: {error}") from error
    if len(tokenizer) != config.vocab_size:
        raise CheckpointError(
            f"{folder}: vocab.json has {len(tokenizer)} tokens, "
            f"config.json says {config.vocab_size}"
        )
    # Not on the meta device: initialising there loads torch's compiler, for a second and 100 MB.
    with torch.random.fork_rng(devices=[]):
        model = build_model(config)
    _fill(model, tensors, folder)
    return model.to(device).eval(), tokenizer


def _string_list(values: object) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise CheckpointError("vocab.json is not a list of tokens")
    return values


def _fill(model: nn.Module, tensors: dict[str, torch.Tensor], folder: Path) -> None:
    """Copy tensors into the model, all of them or none."""
    own = model.state_dict()
    wrong = sorted(set(own) ^ set(tensors)) + [
        name for name in own if name in tensors and own[name].shape != tensors[name].shape
    ]
    if wrong:
        raise CheckpointError(
            f"{folder}: weights and config.json disagree in {len(wrong)} tensors, "
            f"such as {wrong[0]}"
        )
    with torch.no_grad():
        for name, target in own.items():
            target.copy_(tensors[name])


def _write(path: Path, content: bytes) -> None:
    with whole_file(path) as file:
        file.write(content)
