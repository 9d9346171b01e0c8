"""The state of a training run on disk: enough to go on after the process died; no pickle.

In: model, optimizer, counters. Out: `RUN/latest/` (a checkpoint with `optimizer.safetensors` and
`progress.json` beside the weights).
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from i2l_batch.durable import sync_folder, whole_file
from i2l_batch.errors import CheckpointError, UsageError
from i2l_batch.models.checkpoint import load_checkpoint, save_checkpoint
from i2l_batch.models.recognizer import Recognizer
from i2l_batch.models.tokenizer import Tokenizer


@dataclass(kw_only=True, slots=True)
class Progress:
    """How far a run has come."""

    step: int = 0
    seconds: float = 0.0
    """Training time so far, over all starts."""
    images: int = 0
    best_limit: int = 0
    """Longest formulas, in tokens, that `best/` was validated on."""
    best_bleu: float = -1.0
    """BLEU of `best/` on them; 0-1."""


def save_state(
    folder: Path,
    model: Recognizer,
    tokenizer: Tokenizer,
    optimizer: torch.optim.Optimizer,
    progress: Progress,
) -> None:
    """Write the run's state; the old one stays readable until the new one is whole."""
    _recover(folder)
    incoming = folder.with_name(f".{folder.name}.new")
    save_checkpoint(incoming, model, tokenizer)
    tensors: dict[str, Tensor] = {
        # The checkpoint rounds to 16 bits; training goes on from the exact weights.
        f"weights.{name}": tensor
        for name, tensor in model.state_dict().items()
    }
    for name, parameter in model.named_parameters():
        for key, value in optimizer.state.get(parameter, {}).items():
            tensors[f"{key}.{name}"] = torch.as_tensor(value)
    contiguous = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    with whole_file(incoming / "optimizer.safetensors") as file:
        file.write(save(contiguous))
    with whole_file(incoming / "progress.json") as file:
        file.write(json.dumps(asdict(progress)).encode())
    outgoing = _outgoing(folder)
    _remove(outgoing)
    if folder.exists():
        os.replace(folder, outgoing)
    os.replace(incoming, folder)
    sync_folder(folder.parent)
    _remove(outgoing)


def restore_state(
    folder: Path, model: Recognizer, tokenizer: Tokenizer, optimizer: torch.optim.Optimizer
) -> Progress:
    """Load what `save_state` wrote into model and optimizer; a new `Progress` if there is none.

    Raises:
        UsageError: the state is of another model or vocabulary.
        CheckpointError: its files are missing or damaged.
    """
    _recover(folder)
    if not folder.exists():
        return Progress()
    saved, saved_tokenizer = load_checkpoint(folder)
    if saved.config != model.config or saved_tokenizer.vocabulary != tokenizer.vocabulary:
        raise UsageError(
            f"{folder} was trained on another data set or model: "
            "resume with the same ones, or give another run folder"
        )
    try:
        tensors = load((folder / "optimizer.safetensors").read_bytes())
        progress = Progress(**json.loads((folder / "progress.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError, SafetensorError) as error:
        raise CheckpointError(f"cannot resume from {folder}: {error}") from error
    model.load_state_dict(
        {k.removeprefix("weights."): v for k, v in tensors.items() if k.startswith("weights.")}
    )
    for name, parameter in model.named_parameters():
        optimizer.state[parameter] = {
            key: tensors[f"{key}.{name}"]
            for key in ("step", "exp_avg", "exp_avg_sq")
            if f"{key}.{name}" in tensors
        }
    return progress


def _outgoing(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def _recover(folder: Path) -> None:
    """Undo the first of the two renames, if the process died between them."""
    if not folder.exists() and _outgoing(folder).exists():
        os.replace(_outgoing(folder), folder)


def _remove(folder: Path) -> None:
    if folder.exists():
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
