"""Weights of one model as the start of another with the same sizes and maybe another vocabulary.

In: a checkpoint, a new model. Out: the new model with the old weights, row by row where a weight
has a row per token. Knows nothing of training.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from i2l_batch.durable import reason
from i2l_batch.errors import CheckpointError, UsageError
from i2l_batch.models.build import build_model
from i2l_batch.models.checkpoint import load_checkpoint
from i2l_batch.models.config import ModelConfig, from_json, to_json
from i2l_batch.models.files import CONFIG
from i2l_batch.models.recognizer import Recognizer
from i2l_batch.models.tokenizer import Tokenizer
from i2l_batch.train.config import TrainConfig
from i2l_batch.train.presets import UNKNOWN, preset
from i2l_batch.train.run_folder import BEST


def config_for(checkpoint: Path) -> TrainConfig:
    """Settings to train a checkpoint's model further: those of its architecture, its sizes.

    Raises as `start_from`.
    """
    sizes = _sizes(checkpoint)
    return replace(preset(sizes.architecture), model=replace(sizes, vocab_size=UNKNOWN))


def start_from(checkpoint: Path, model: Recognizer, tokenizer: Tokenizer) -> str:
    """Copy a checkpoint's weights into a model; returns a line on the vocabulary.

    Tokens that both know keep what was learned of them; the others start as they are in `model`.

    Raises:
        UsageError: the checkpoint is of a model with other sizes, or the folder is a run's.
        CheckpointError: it cannot be read.
    """
    _check_sizes(checkpoint, _sizes(checkpoint), model.config)
    old, old_tokenizer = load_checkpoint(checkpoint)
    places = {token: i for i, token in enumerate(old_tokenizer.vocabulary)}
    known = [(i, places[t]) for i, t in enumerate(tokenizer.vocabulary) if t in places]
    to, origin = torch.tensor(known).unbind(1)
    axes = vocabulary_axes(model.config)
    learned = old.state_dict()
    with torch.no_grad():
        for name, target in model.state_dict().items():
            source = learned[name].to(target.device)
            if name in axes:
                rows = source.index_select(axes[name], origin.to(target.device))
                target.index_copy_(axes[name], to.to(target.device), rows)
            else:
                target.copy_(source)
    fresh = len(tokenizer) - len(known)
    dropped = len(old_tokenizer) - len(known)
    return (
        f"weights from {checkpoint}: {len(known)} tokens are known, {fresh} start anew, "
        f"{dropped} are left behind"
    )


def vocabulary_axes(config: ModelConfig) -> dict[str, int]:
    """The weights that have a row per token: name to axis."""
    one, other = (_shapes(replace(config, vocab_size=size)) for size in (8, 9))
    return {
        name: next(axis for axis, size in enumerate(shape) if size != other[name][axis])
        for name, shape in one.items()
        if shape != other[name]
    }


def _shapes(config: ModelConfig) -> dict[str, torch.Size]:
    with torch.device("meta"):
        tensors: dict[str, Tensor] = build_model(config).state_dict()
    return {name: tensor.shape for name, tensor in tensors.items()}


def _check_sizes(checkpoint: Path, old: ModelConfig, new: ModelConfig) -> None:
    one, other = to_json(old), to_json(new)
    differences = [
        f"{key} {one.get(key)} there, {other.get(key)} here"
        for key in dict.fromkeys([*one, *other])
        if key != "vocab_size" and one.get(key) != other.get(key)
    ]
    if differences:
        raise UsageError(
            f"{checkpoint} is of another model ({'; '.join(differences)}): "
            "without --preset and --config the checkpoint's sizes are taken"
        )


def _sizes(checkpoint: Path) -> ModelConfig:
    """The sizes of a checkpoint's model."""
    path = checkpoint / CONFIG
    try:
        return from_json(json.loads(path.read_text("utf-8")))
    except FileNotFoundError as error:
        if (best := checkpoint / BEST).is_dir():
            raise UsageError(
                f"{checkpoint} is a run, not a checkpoint: use --from {best}"
            ) from error
        raise CheckpointError(f"{checkpoint} is not a checkpoint: {CONFIG} is missing") from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {reason(error)}") from error
    except (ValueError, CheckpointError) as error:
        raise CheckpointError(f"{path} is damaged: {error}") from error
