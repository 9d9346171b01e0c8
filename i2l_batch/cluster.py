"""Ray at the edge: a cluster to run on, and how many workers of each kind it bears.

In: options. Out: a connected Ray and a `Plan`. Nothing else in the package starts or stops Ray.
"""

from __future__ import annotations

import logging
import math
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

from i2l_batch.batches import Limits, limits
from i2l_batch.config import TranscribeConfig
from i2l_batch.errors import I2LError, UsageError
from i2l_batch.interrupts import handlers_kept, whole
from i2l_batch.own_ray import private_ray
from i2l_batch.probe import check_answer
from i2l_batch.scratch import new_folder, remove_abandoned

READER_BYTES = 1_200_000_000
"""Memory of a process that reads on a CPU."""

EXTRACT_CPUS = 0.5
"""What an extraction task asks Ray for at most: it computes in a child process, and often waits."""


class Machine(NamedTuple):
    """One computer of a cluster."""

    cpus: int
    gpus: int = 0
    memory: float = math.inf
    """Bytes that workers may use."""
    node: str = ""
    """Ray's id of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Workers and what each is given. Their sum never exceeds the cluster, and a model never asks
    for more than one machine has: nothing waits for ever."""

    homes: tuple[str, ...]
    """For each model actor, Ray's id of the machine that it runs on. Left to itself Ray may put
    more on one machine than its memory bears; and one that is replaced after a loss of its machine
    would take on another what is left there for extraction, for ever."""
    reader_cpus: float
    reader_gpus: float
    reader_threads: int
    batch: Limits
    """What a reader decodes at once."""
    extractors: int
    """Extraction tasks at the same time."""
    extract_cpus: float

    @property
    def readers(self) -> int:
        """Number of model actors."""
        return len(self.homes)


def plan(config: TranscribeConfig, machines: Sequence[Machine]) -> Plan:
    """Share out the cores and GPUs of a cluster.

    On GPUs there is one model each, or as many as asked for. On CPUs there is a model for every
    core, if there is memory for so many: on these small pictures two models of one thread read one
    and a half times as much as one of two threads (benchmarks/transcribe.md). Half a core per model
    stays for extraction.

    Raises:
        UsageError: GPUs are asked for that are not there.
    """
    cpus, gpus = sum(m.cpus for m in machines), sum(m.gpus for m in machines)
    if config.device == "cpu" and config.gpus:
        raise UsageError(f"--gpus {config.gpus} and --device cpu contradict each other")
    if config.device == "cuda" and not gpus:
        raise UsageError("--device cuda: Ray finds no GPU here; use --device cpu or auto")
    if config.gpus and config.gpus > gpus:
        raise UsageError(f"--gpus {config.gpus}: Ray finds {gpus} here")
    on_gpus = gpus > 0 and config.device != "cpu"
    if on_gpus:
        hosts, sharing = [m for m in machines if m.gpus], config.models_per_gpu
        # One on each machine, then a second one on each: extraction has cores everywhere.
        ranks = range(max(m.gpus for m in hosts))
        places = [m.node for rank in ranks for m in hosts if rank < m.gpus]
        homes = places[: config.gpus] * sharing
        # Where torch finds no use for the GPU it computes on the CPU, and needs the threads.
        threads = max(1, min(m.cpus // (m.gpus * sharing) for m in hosts))
        reader_cpus = min(0.5, *(m.cpus / (2 * m.gpus * sharing) for m in hosts))
        extractors = max(1, cpus - len(homes))
    else:
        models = [max(1, int(min(m.cpus, m.memory // READER_BYTES))) for m in machines]
        homes = [m.node for m, count in zip(machines, models, strict=True) for _ in range(count)]
        extractors = len(homes)
        threads = min(m.cpus // count for m, count in zip(machines, models, strict=True))
        reader_cpus = threads - EXTRACT_CPUS
    extractors = config.workers or extractors
    return Plan(
        homes=tuple(homes),
        reader_cpus=reader_cpus,
        reader_gpus=_share_of_gpu(config.models_per_gpu) if on_gpus else 0,
        reader_threads=threads,
        batch=limits(gpu=on_gpus, batch_size=config.batch_size),
        extractors=extractors,
        extract_cpus=min(EXTRACT_CPUS, (cpus - len(homes) * reader_cpus) / extractors),
    )


def _share_of_gpu(models: int) -> float:
    """What each of so many asks of a GPU, in the ten thousandths that Ray counts in; rounded up as
    Ray would do it, the last one would not fit."""
    return math.floor(10_000 / models) / 10_000


@contextmanager
def connected(config: TranscribeConfig) -> Iterator[Plan]:
    """A cluster as `session` gives it, and how its machines are shared out.

    Raises:
        UsageError: there is no cluster at the address, or it lacks what the options ask for.
        I2LError: Ray does not start.
    """
    with session(config.ray_address) as machines:
        yield plan(config, machines)


@contextmanager
def session(address: str | None) -> Iterator[list[Machine]]:
    """Connect to the named cluster, or start one on this machine for as long as the block runs.

    Raises:
        UsageError: there is no cluster at the address.
        I2LError: Ray does not start.
    """
    # Ray reports what it is used for to its makers, unless told not to before it starts.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray warns of a default that will change; it does not matter to us which it is.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    # Ray prints every death of a worker on stdout, which is for data; we say it ourselves.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", "^")
    ray = sys.modules.get("ray")
    if ray and ray.is_initialized():  # a caller's own Ray: use it, leave it as it is
        yield _machines()
        return
    with nullcontext() if address else private_ray():
        with handlers_kept():
            import ray
        remove_abandoned()
        folder, lock = (None, None) if address else new_folder()
        try:
            _start(ray, address, folder)
            yield _machines()
        finally:
            with whole():
                ray.shutdown()
                if folder and lock:
                    shutil.rmtree(folder, ignore_errors=True)
                    lock.release()


def _start(ray: Any, address: str | None, folder: str | None) -> None:
    try:
        with handlers_kept():
            if address and "://" not in address:
                from ray._private.services import canonicalize_bootstrap_address

                if where := canonicalize_bootstrap_address(address):  # it finds what `auto` means
                    check_answer(where)
            ray.init(
                address=address or "local",  # not None: that would obey RAY_ADDRESS
                include_dashboard=None if address else False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                _temp_dir=folder,
            )
    except Exception as error:
        reason = _first_line(error)
        if address and _lacks_token(error):
            raise UsageError(
                f"--ray-address {address}: the cluster asks for a token: set RAY_AUTH_MODE=token,"
                " and RAY_AUTH_TOKEN unless ~/.ray/auth_token has it"
            ) from error
        if address:
            message = f"--ray-address {address}: no Ray cluster can be reached there ({reason})"
            raise UsageError(message) from error
        raise I2LError(f"Ray does not start on this machine: {reason}") from error


def _lacks_token(error: BaseException | None) -> bool:
    """Whether a cluster refused us for want of its token, as those of Ray 2.60 do."""
    while error is not None:
        if "InvalidAuthToken" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _machines() -> list[Machine]:
    """The living machines that offer CPUs."""
    import ray

    machines = []
    for node in ray.nodes():
        offer = node["Resources"]
        if node["Alive"] and int(offer.get("CPU", 0)):
            cpus, gpus = int(offer["CPU"]), int(offer.get("GPU", 0))
            machines.append(Machine(cpus, gpus, offer.get("memory", math.inf), node["NodeID"]))
    return machines or [Machine(1)]  # which the cluster may get when it is asked for


def is_alive(node: str) -> bool:
    """Whether a machine is there still; an empty id stands for whichever there is."""
    import ray

    return not node or any(other["NodeID"] == node and other["Alive"] for other in ray.nodes())


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).split("\n")), "") or type(error).__name__
