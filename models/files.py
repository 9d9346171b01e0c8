"""Where a checkpoint's files are and what names it.

Apart from `checkpoint`, so that the driver of a run need not load torch.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from i2l_batch.errors import CheckpointError
from i2l_batch.models.config import ModelConfig, from_json

WEIGHTS, CONFIG, VOCABULARY = "model.safetensors", "config.json", "vocab.json"
CALIBRATION = "calibration.json"
"""How sure of its answers the model is to be; a checkpoint need not have it."""
SHIPPED = Path(__file__).resolve().parent / "weights" / "compact"
"""The checkpoint that comes with the package."""


def checkpoint_sha256(folder: Path) -> str:
    """Hash of a checkpoint's files, wherever it lies: the exact model that made a row.

    Raises:
        CheckpointError: a file is missing.
    """
    digest = hashlib.sha256()
    for name in (WEIGHTS, CONFIG, VOCABULARY, CALIBRATION):
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            if name == CALIBRATION and isinstance(error, FileNotFoundError):
                continue
            raise CheckpointError(f"{folder} is not a checkpoint: {name} is missing") from error
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def model_id(folder: Path, digest: str) -> str:
    """What rows call the model of a checkpoint: `compact-1a2b3c4d`, wherever the folder lies.

    Args:
        folder: the checkpoint.
        digest: its `checkpoint_sha256`, which takes a while for a large one.

    Raises:
        CheckpointError: the configuration names no architecture.
    """
    try:
        architecture = json.loads((folder / CONFIG).read_bytes())["architecture"]
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{folder}: {CONFIG} names no architecture") from error
    return f"{architecture}-{digest[:8]}"


def read_config(folder: Path) -> ModelConfig:
    """The sizes of a checkpoint's model. Raises CheckpointError."""
    try:
        return from_json(json.loads((folder / CONFIG).read_text("utf-8")))
    except FileNotFoundError as error:
        raise CheckpointError(f"{folder} is not a checkpoint: {CONFIG} is missing") from error
    except (ValueError, OSError) as error:
        raise CheckpointError(f"the checkpoint {folder} cannot be read: {error}") from error
    except CheckpointError as error:
        raise CheckpointError(f"{folder}: {error}") from error
