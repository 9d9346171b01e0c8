"""Many tensors to a safetensors file, one after another, and back: no second copy in memory.

`safetensors.torch.save` collects all bytes first; for a model with its optimizer's memory that is
another gigabyte. The format: length of the header (8 bytes, little-endian), header (JSON with type,
shape and place of each tensor), contents.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from i2l_batch.durable import whole_file

_TYPES = {torch.float32: "F32", torch.float16: "F16", torch.int64: "I64"}


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors from any device; the file is there whole or not at all. Raises StoreError."""
    header: dict[str, object] = {}
    end = 0
    for name, tensor in tensors.items():
        start, end = end, end + tensor.numel() * tensor.element_size()
        header[name] = {
            "dtype": _TYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # contents start at a multiple of 8 bytes
    with whole_file(path) as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for tensor in tensors.values():
            file.write(tensor.detach().cpu().contiguous().flatten().numpy().data)


@contextmanager
def read_tensors(path: Path) -> Iterator[Any]:
    """The file with `keys()` and `get_tensor(name)`, each tensor read when it is asked for.

    Raises:
        OSError, SafetensorError: the file is missing or damaged.
    """
    with safe_open(path, framework="pt") as file:
        yield file
