"""A GPU that is too small, as far as a CPU can be one: a model with no memory for large batches."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor

from i2l_batch.models.compact import Compact
from i2l_batch.models.decoder import Memory
from i2l_batch.stages import Reader
from i2l_batch.transcriber import Transcriber

ROOM = 40_000
"""Pixels of a batch that a `CrampedReader` has memory for: of a few formulas of tests' papers."""

_Kind = TypeVar("_Kind", bound=Compact)


class Cramped(Compact):
    """Has memory for `room` pixels at once, and for `strength` pictures in all."""

    room = 10**9
    strength = 10**9

    def encode(self, images: Tensor, sizes: Tensor) -> Memory:
        self.tried = [*getattr(self, "tried", []), images.numel()]
        self.strength -= len(images)
        if images.numel() > self.room or self.strength < 0:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return super().encode(images, sizes)


def put_in(transcriber: Transcriber, kind: type[_Kind]) -> _Kind:
    """Put a model of another class, with the same weights, in the place of a transcriber's own."""
    assert isinstance(transcriber.reader.model, Compact)
    model = kind(transcriber.reader.model.config)
    model.load_state_dict(transcriber.reader.model.state_dict())
    transcriber.reader.model = model.eval()
    return model


class CrampedReader(Reader):
    """A model actor on such a GPU."""

    def load(self) -> None:
        super().load()
        put_in(self._transcriber, Cramped).room = ROOM
