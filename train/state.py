"""The state of a training run on disk: enough to go on after the process died; no pickle.

In: model, optimizer, counters. Out: `RUN/latest/`, a checkpoint with `optimizer.safetensors` and
`progress.json` beside the weights, and `RUN/best/`, a checkpoint. Each is replaced as a whole.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor

from i2l_batch.durable import sync_folder, whole_file
from i2l_batch.errors import CheckpointError, UsageError
from i2l_batch.models.checkpoint import save_checkpoint
from i2l_batch.models.config import from_json
from i2l_batch.models.files import CONFIG, VOCABULARY
from i2l_batch.models.recognizer import Recognizer
from i2l_batch.models.tokenizer import Tokenizer
from i2l_batch.train.tensor_file import read_tensors, write_tensors

OPTIMIZER, PROGRESS = "optimizer.safetensors", "progress.json"


@dataclass(kw_only=True, slots=True)
class Progress:
    """How far a run has come."""

    step: int = 0
    """Optimizer steps, over all starts."""
    total_steps: int = 0
    """Steps of the whole run."""
    samples: int = 0
    """Samples that an epoch has."""
    images: int = 0
    """Samples learned from so far, each time anew."""
    seconds: float = 0.0
    """Training time so far, over all starts; validation apart."""
    validated: int = 0
    """Step of the latest validation."""
    bleu: float | None = None
    """BLEU of the latest validation; 0-1."""
    best_step: int = 0
    """Step that `best/` is of."""
    best_bleu: float = -1.0
    """BLEU of `best/`; 0-1."""
    unlogged: list[list[float]] = field(default_factory=list)
    """Figures of the steps since the latest row of the metrics table."""
    stopped: bool = False
    """Whether the run was asked to stop before its end."""


def save_state(
    folder: Path,
    model: Recognizer,
    tokenizer: Tokenizer,
    optimizer: torch.optim.Optimizer,
    progress: Progress,
) -> None:
    """Write the run's state; the old one stays readable until the new one is whole."""
    tensors: dict[str, Tensor] = {
        # The checkpoint rounds to 16 bits; training goes on from the exact weights.
        f"weights.{name}": tensor
        for name, tensor in model.state_dict().items()
    }
    for name, parameter in model.named_parameters():
        for key, value in optimizer.state.get(parameter, {}).items():
            tensors[f"{key}.{name}"] = torch.as_tensor(value)
    with _replacing(folder) as incoming:
        save_checkpoint(incoming, model, tokenizer)
        write_tensors(incoming / OPTIMIZER, tensors)
        with whole_file(incoming / PROGRESS) as file:
            file.write(json.dumps(asdict(progress), indent=1).encode())


def save_best(folder: Path, model: Recognizer, tokenizer: Tokenizer) -> None:
    """Write a checkpoint; the old one stays until the new one is whole."""
    with _replacing(folder) as incoming:
        save_checkpoint(incoming, model, tokenizer)


def recover(folder: Path) -> None:
    """Undo the first of the two renames, if the process died between them."""
    if not folder.exists() and _outgoing(folder).exists():
        os.replace(_outgoing(folder), folder)


def restore_state(
    folder: Path, model: Recognizer, tokenizer: Tokenizer, optimizer: torch.optim.Optimizer
) -> Progress | None:
    """Load what `save_state` wrote into model and optimizer; null if there is none.

    Raises:
        UsageError: the state is of another model or vocabulary.
        CheckpointError: its files are missing or damaged.
    """
    if not folder.exists():
        return None
    try:
        config = from_json(json.loads((folder / CONFIG).read_text("utf-8")))
        saved_tokenizer = Tokenizer(json.loads((folder / VOCABULARY).read_text("utf-8")))
        progress = Progress(**json.loads((folder / PROGRESS).read_text("utf-8")))
        vocabulary = saved_tokenizer.vocabulary
        if config != model.config or vocabulary != tokenizer.vocabulary:
            raise UsageError(
                f"{folder} was trained on another data set or model: "
                "resume with the same ones, or give another run folder"
            )
        with read_tensors(folder / OPTIMIZER) as file, torch.no_grad():
            for name, target in model.state_dict().items():
                target.copy_(file.get_tensor(f"weights.{name}"))
            there = file.keys()
            for name, parameter in model.named_parameters():
                optimizer.state[parameter] = {
                    key: _memory(key, file.get_tensor(f"{key}.{name}"), parameter)
                    for key in ("step", "exp_avg", "exp_avg_sq")
                    if f"{key}.{name}" in there
                }
    except (
        OSError,
        ValueError,
        TypeError,
        RuntimeError,
        SafetensorError,
        CheckpointError,
    ) as error:
        raise CheckpointError(f"cannot resume from {folder}: {error}") from error
    progress.stopped = False
    return progress


def _memory(key: str, tensor: Tensor, parameter: Tensor) -> Tensor:
    """torch keeps the optimizer's count of steps on the CPU, wherever the model is."""
    return tensor if key == "step" else tensor.to(parameter.device)


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder` to write into, which then takes its place."""
    recover(folder)
    incoming = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.mkdir(parents=True)
    yield incoming
    outgoing = _outgoing(folder)
    shutil.rmtree(outgoing, ignore_errors=True)
    if folder.exists():
        os.replace(folder, outgoing)
    os.replace(incoming, folder)
    sync_folder(folder.parent)
    shutil.rmtree(outgoing, ignore_errors=True)


def _outgoing(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")
