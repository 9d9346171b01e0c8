"""How many Ray workers train together, and what each of them is given.

In: the machines of a cluster and what the user asks for. Out: a `Crew` that fits. Pure arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from i2l_batch.cluster import Machine
from i2l_batch.errors import UsageError
from i2l_batch.picture_reader import Device


@dataclass(frozen=True, kw_only=True, slots=True)
class Crew:
    """Workers and what each is given."""

    workers: int
    gpus: bool
    """Whether each has a GPU: then they talk by NCCL, otherwise by gloo."""
    cpus: float
    """What each asks Ray for; all together never ask for more than there is."""
    threads: int
    """CPU threads of each."""

    def __str__(self) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        if self.workers == 1:
            return f"1 worker on {'a GPU' if self.gpus else 'the CPU'}, {threads}"
        return f"{self.workers} workers on {'GPUs' if self.gpus else 'CPUs'}, {threads} each"


def share_out(machines: Sequence[Machine], workers: int | None, gpus: bool, device: Device) -> Crew:
    """What each worker is given, so that all of them find a place at the same time.

    Args:
        workers: null for one on each GPU.
        gpus: every worker must have a GPU, as with `device` cuda; with auto it is enough that there
            are as many as workers.

    Raises:
        UsageError: there are fewer GPUs than workers that must have one, or none to count.
    """
    found = 0 if device == "cpu" else sum(machine.gpus for machine in machines)
    if workers is None and not found:
        raise UsageError("this Ray cluster has no GPU for us: say --workers N for CPU workers")
    workers = workers or found
    must = gpus or device == "cuda"
    if must and found < workers:
        asked = "--gpus" if gpus else "--device cuda"
        raise UsageError(
            f"{asked}: every worker needs a GPU, {workers} are asked for and there are {found}; "
            "ask for fewer workers, or leave the option out to train on CPUs"
        )
    if must or found >= workers:
        cpus = min(machine.cpus / machine.gpus for machine in machines if machine.gpus)
        # One core feeds a GPU; what is idle serves as further threads.
        return Crew(workers=workers, gpus=True, cpus=min(1.0, cpus), threads=max(1, int(cpus)))
    for cores in range(max(machine.cpus for machine in machines), 0, -1):
        if sum(machine.cpus // cores for machine in machines) >= workers:
            return Crew(workers=workers, gpus=False, cpus=cores, threads=cores)
    # More workers than cores: each machine takes as many, and they share one core of it.
    cpus = int(1e4 / -(-workers // len(machines))) / 1e4  # Ray counts in ten-thousandths
    return Crew(workers=workers, gpus=False, cpus=cpus, threads=1)
