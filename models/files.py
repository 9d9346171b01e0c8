"""Where a checkpoint's files are and what names its weights.

Apart from `checkpoint`, so that the driver of a run need not load torch.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from i2l_batch.errors import CheckpointError

WEIGHTS, CONFIG, VOCABULARY = "model.safetensors", "config.json", "vocab.json"
SHIPPED = Path(__file__).resolve().parent / "weights" / "compact"
"""The checkpoint that comes with the package."""


def weights_sha256(folder: Path) -> str:
    """Hash of the weights: the exact model that a row was made with."""
    try:
        return hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    except OSError as error:
        raise CheckpointError(f"{folder} is not a checkpoint: {WEIGHTS} is missing") from error
