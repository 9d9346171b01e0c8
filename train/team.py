"""The processes that train one model together, as the training loop sees them.

In: tensors of this process. Out: their sums over all processes, or the first process's values. Who
started the processes, and on which machines, is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import torch
import torch.distributed as dist
from torch import Tensor


class LostWorkerError(RuntimeError):
    """Another process of the team died or does not answer; its own error tells why."""


class Team(Protocol):
    """All processes call the same methods in the same order with tensors of the same shapes.

    Tensors are on `device`: NCCL takes no others. If a process dies the others' calls raise
    LostWorkerError, or the others die too.
    """

    @property
    def rank(self) -> int:
        """Which process this is; 0 alone writes files and reports."""
        ...

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    @property
    def device(self) -> torch.device:
        """Where this process computes."""
        ...

    def sum(self, tensor: Tensor) -> None:
        """Replace the values by their sums over all processes."""
        ...

    def broadcast(self, tensor: Tensor) -> None:
        """Replace the values by those of process 0."""
        ...

    def barrier(self) -> None:
        """Wait until all processes have come here."""
        ...


@dataclass(frozen=True, slots=True)
class Solo:
    """A process that trains alone: every sum is what it is."""

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    rank: int = 0
    size: int = 1

    def sum(self, tensor: Tensor) -> None:
        """Leave the tensor."""

    def broadcast(self, tensor: Tensor) -> None:
        """Leave the tensor."""

    def barrier(self) -> None:
        """Go on."""


class Distributed:
    """A member of the process group that torch.distributed has set up: gloo or NCCL.

    The two differ in backend and device only. Run so far: gloo, on CPUs. Not run: NCCL on several
    GPUs.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.rank = dist.get_rank()
        self.size = dist.get_world_size()

    def sum(self, tensor: Tensor) -> None:
        """Replace the values by their sums over all processes."""
        with _together():
            dist.all_reduce(tensor)

    def broadcast(self, tensor: Tensor) -> None:
        """Replace the values by those of process 0."""
        with _together():
            dist.broadcast(tensor, src=0)

    def barrier(self) -> None:
        """Wait until all processes have come here."""
        arrived = torch.ones(1, device=self.device)
        self.sum(arrived)
        arrived.item()  # NCCL returns before it is done; a value can be read only afterwards


@contextmanager
def _together() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise LostWorkerError(f"another worker died or does not answer ({error})") from error
