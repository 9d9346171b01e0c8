"""Work that fails: in a module of its own, as it travels to Ray workers by its name."""

from __future__ import annotations

import torch

from i2l_batch.train.monitor import Monitor, Status
from i2l_batch.train.team import Team


class Failing:
    """Three steps together, then the last worker raises an error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __call__(self, team: Team, monitor: Monitor) -> None:
        for step in range(1, 10):
            total = torch.ones(1)
            team.sum(total)
            assert total.item() == team.size
            if step == 4 and team.rank == team.size - 1:
                raise self.error
            monitor.report(
                Status(
                    step=step,
                    total_steps=9,
                    epoch=0.0,
                    loss=1.0,
                    images_per_second=1.0,
                    bleu=None,
                    seconds=1.0,
                )
            )
            monitor.stop_requested()
