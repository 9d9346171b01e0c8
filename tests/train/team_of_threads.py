"""A team without processes: threads that wait for each other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from i2l_batch.train.monitor import Status

T = TypeVar("T")


class Meeting:
    """Where the members of a team lay down their tensors."""

    def __init__(self, size: int) -> None:
        self.barrier = threading.Barrier(size, timeout=60)
        self.tensors: list[Tensor] = [torch.empty(0)] * size


class Member:
    """One thread of a team."""

    device = torch.device("cpu")

    def __init__(self, rank: int, size: int, meeting: Meeting) -> None:
        self.rank, self.size = rank, size
        self._meeting = meeting

    def sum(self, tensor: Tensor) -> None:
        tensor.copy_(torch.stack(self._all(tensor)).sum(0))

    def broadcast(self, tensor: Tensor) -> None:
        tensor.copy_(self._all(tensor)[0])

    def barrier(self) -> None:
        self._all(torch.empty(0))

    def _all(self, tensor: Tensor) -> list[Tensor]:
        meeting = self._meeting
        meeting.tensors[self.rank] = tensor.clone()
        meeting.barrier.wait()
        found = list(meeting.tensors)
        meeting.barrier.wait()
        return found


def together(size: int, work: Callable[[Member], T]) -> list[T]:
    """What `work` returns in each member of a team; the first error, if there is one."""
    meeting = Meeting(size)
    results: dict[int, T] = {}
    errors: list[BaseException] = []

    def run(rank: int) -> None:
        try:
            results[rank] = work(Member(rank, size, meeting))
        except BaseException as error:
            errors.append(error)
            meeting.barrier.abort()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise next(
            (e for e in errors if not isinstance(e, threading.BrokenBarrierError)), errors[0]
        )
    return [results[rank] for rank in range(size)]


class Watcher:
    """A monitor that remembers, and asks for a stop once a step is reached."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.stop_after = stop_after
        self.seen: list[Status] = []
        self.said: list[str] = []

    def report(self, status: Status) -> None:
        self.seen.append(status)

    def say(self, text: str) -> None:
        self.said.append(text)

    def stop_requested(self) -> bool:
        return self.stop_after is not None and len(self.seen) + 1 >= self.stop_after
