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
from safetensors.torch import load, save
from torch import Tensor

from i2l_batch.models.checkpoint import save_checkpoint
from i2l_batch.models.compact import Compact
from i2l_batch.models.tokenizer import Tokenizer


@dataclass(kw_only=True, slots=True)
class Progress:
    """How far a run has come."""

    step: int = 0
    seconds: float = 0.0
    """Training time so far, over all starts."""
    images: int = 0
    best_bleu: float = -1.0


def save_state(
    folder: Path,
    model: Compact,
    tokenizer: Tokenizer,
    optimizer: torch.optim.Optimizer,
    progress: Progress,
) -> None:
    """Write the run's state; the old one stays readable until the new one is whole."""
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
    (incoming / "optimizer.safetensors").write_bytes(save(contiguous))
    (incoming / "progress.json").write_text(json.dumps(asdict(progress)), "utf-8")
    outgoing = folder.with_name(f".{folder.name}.old")
    _remove(outgoing)
    if folder.exists():
        os.replace(folder, outgoing)
    os.replace(incoming, folder)
    _remove(outgoing)


def restore_state(folder: Path, model: Compact, optimizer: torch.optim.Optimizer) -> Progress:
    """Load what `save_state` wrote into model and optimizer; a new `Progress` if there is none."""
    if not folder.exists():
        folder = folder.with_name(f".{folder.name}.old")  # died between the two renames
    if not folder.exists():
        return Progress()
    tensors = load((folder / "optimizer.safetensors").read_bytes())
    model.load_state_dict(
        {k.removeprefix("weights."): v for k, v in tensors.items() if k.startswith("weights.")}
    )
    for name, parameter in model.named_parameters():
        optimizer.state[parameter] = {
            key: tensors[f"{key}.{name}"]
            for key in ("step", "exp_avg", "exp_avg_sq")
            if f"{key}.{name}" in tensors
        }
    return Progress(**json.loads((folder / "progress.json").read_text("utf-8")))


def _remove(folder: Path) -> None:
    if folder.exists():
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
