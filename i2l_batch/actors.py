"""The model actors of a run: how one is started on a machine.

In: a plan of the machines and the run's settings. Out: actors of Ray, each with a model. Knows
nothing of what they read, and not when one is needed.
"""

from __future__ import annotations

from typing import Any

from i2l_batch.cluster import Plan, is_alive
from i2l_batch.config import TranscribeConfig
from i2l_batch.stages import Reader


class Actors:
    """Where the readers of a run come from."""

    def __init__(self, plan: Plan, config: TranscribeConfig, reader: type[Reader]) -> None:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        self._affinity = NodeAffinitySchedulingStrategy
        self._reader: Any = ray.remote(
            num_cpus=plan.reader_cpus, num_gpus=plan.reader_gpus, max_restarts=0
        )(reader)
        self._arguments = (
            config.model,
            config.device,
            config.beam_size,
            config.batch_size,
            config.max_length,
            config.attention,
            plan.reader_threads,
        )

    def start(self, home: str) -> Any | None:
        """A model actor on a machine, wherever if that has no name; null when it is gone."""
        if not is_alive(home):
            return None
        # Where it cannot be, it fails. It must not wait for a machine that never comes back.
        there = self._affinity(home, soft=False) if home else "DEFAULT"
        return self._reader.options(scheduling_strategy=there).remote(*self._arguments)
