"""Ray at the edge: a cluster to run on, and how many workers of each kind it bears.

In: options. Out: a connected Ray and a `Plan`. Nothing else in the package starts or stops Ray.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from i2l_batch.config import TranscribeConfig
from i2l_batch.errors import UsageError

THREADS_PER_READER = 4
"""CPU threads of a model. More gain little on pictures this small; fewer models save memory."""

EXTRACT_CPUS = 0.5
"""What an extraction task asks Ray for: it computes in a child process, and often waits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Workers and what each is given. Their sum never exceeds the cluster, so nothing waits for
    ever."""

    readers: int
    """Model actors."""
    reader_cpus: float
    reader_gpus: int
    reader_threads: int
    extractors: int
    """Extraction tasks at the same time."""


def plan(config: TranscribeConfig, cpus: int, gpus: int) -> Plan:
    """Share out the cores and GPUs of a cluster.

    On GPUs there is one model each. On CPUs there is a model for every four cores, on one core one
    model and one extraction share it. Half a core per model stays free for extraction.
    """
    if config.device == "cuda" and not gpus:
        raise UsageError("--device cuda: no GPU in the Ray cluster; use --device cpu or auto")
    if config.gpus and config.gpus > gpus:
        raise UsageError(f"--gpus {config.gpus}: the Ray cluster has {gpus}")
    if gpus and config.device != "cpu":
        readers = config.gpus or gpus
        extractors = config.workers or max(1, cpus - readers)
        return Plan(
            readers=readers,
            reader_cpus=min(0.5, cpus / (2 * readers)),
            reader_gpus=1,
            reader_threads=1,
            extractors=extractors,
        )
    readers = max(1, cpus // THREADS_PER_READER)
    threads = max(1, cpus // readers)
    return Plan(
        readers=readers,
        reader_cpus=threads - EXTRACT_CPUS,
        reader_gpus=0,
        reader_threads=threads,
        extractors=config.workers or readers,
    )


@contextmanager
def connected(config: TranscribeConfig) -> Iterator[Plan]:
    """Connect to the named cluster, or start one on this machine for as long as the block runs."""
    # Ray would print a progress line, a dashboard address and a warning on each start.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    if ray.is_initialized():  # a caller's own Ray: use it, leave it as it is
        yield plan(config, *_resources())
        return
    try:
        ray.init(
            address=config.ray_address or "local",
            include_dashboard=None if config.ray_address else False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=True,
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise UsageError(f"--ray-address {config.ray_address}: no Ray cluster there") from error
    try:
        yield plan(config, *_resources())
    finally:
        ray.shutdown()


def _resources() -> tuple[int, int]:
    import ray

    total = ray.cluster_resources()
    return max(1, int(total.get("CPU", 1))), int(total.get("GPU", 0))
