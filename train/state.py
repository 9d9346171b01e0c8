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

from i2l_batch.durable import reason, sync_folder, whole_file
from i2l_batch.errors import CheckpointError, StoreError, UsageError
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
    dataset: str = ""
    """Fingerprint of the data set."""
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
    unlogged: list[float] = field(default_factory=list)
    """Sums over the steps since the latest row of the metrics table, as `report` has them."""
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


def is_there(folder: Path) -> bool:
    """Whether there is a state, if only after `recover`."""
    return folder.exists() or _outgoing(folder).exists()


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
    with _reading(folder / CONFIG) as path:
        config = from_json(json.loads(path.read_text("utf-8")))
    with _reading(folder / VOCABULARY) as path:
        vocabulary = Tokenizer(json.loads(path.read_text("utf-8"))).vocabulary
    with _reading(folder / PROGRESS) as path:
        progress = Progress(**json.loads(path.read_text("utf-8")))
    if config != model.config or vocabulary != tokenizer.vocabulary:
        raise UsageError(
            f"{folder} was trained on another data set or model: "
            "resume with the same ones, or give another run folder"
        )
    with _reading(folder / OPTIMIZER) as path, read_tensors(path) as file, torch.no_grad():
        for name, target in model.state_dict().items():
            target.copy_(file.get_tensor(f"weights.{name}"))
        there = file.keys()
        for name, parameter in model.named_parameters():
            optimizer.state[parameter] = {
                key: file.get_tensor(f"{key}.{name}").to(_device(key, parameter, optimizer))
                for key in ("step", "exp_avg", "exp_avg_sq")
                if f"{key}.{name}" in there
            }
    progress.stopped = False
    return progress


@contextmanager
def _reading(path: Path) -> Iterator[Path]:
    """Turn what a missing or damaged file causes in the block into a CheckpointError."""
    try:
        yield path
    except FileNotFoundError as error:
        raise CheckpointError(f"cannot go on, {path} is missing") from error
    except (
        OSError,
        ValueError,
        TypeError,
        RuntimeError,
        SafetensorError,
        CheckpointError,
    ) as error:
        raise CheckpointError(f"cannot go on, {path} is damaged ({error})") from error


def _device(key: str, parameter: Tensor, optimizer: torch.optim.Optimizer) -> torch.device | str:
    """Where torch keeps an optimizer's tensor: counts of steps on the CPU, unless it is fused."""
    counts = key == "step" and not optimizer.defaults.get("fused")
    return "cpu" if counts else parameter.device


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder` to write into, which then takes its place."""
    incoming, outgoing = folder.with_name(f".{folder.name}.new"), _outgoing(folder)
    try:
        recover(folder)
        shutil.rmtree(incoming, ignore_errors=True)
        incoming.mkdir(parents=True)
        yield incoming
        shutil.rmtree(outgoing, ignore_errors=True)
        if folder.exists():
            os.replace(folder, outgoing)
        os.replace(incoming, folder)
        sync_folder(folder.parent)
    except BaseException as error:
        shutil.rmtree(incoming, ignore_errors=True)  # it may be what fills the disk
        if isinstance(error, OSError):
            raise StoreError(f"cannot write {folder}: {reason(error)}") from error
        raise
    shutil.rmtree(outgoing, ignore_errors=True)


def _outgoing(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")
