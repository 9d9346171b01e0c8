"""Work in real Ray workers: errors for the user come through, accidents end somewhere."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import torch
from rich.console import Console

from i2l_batch.cluster import Machine
from i2l_batch.errors import I2LError, UsageError
from i2l_batch.train.crew import share_out
from i2l_batch.train.display import Display
from i2l_batch.train.monitor import Monitor, Status
from i2l_batch.train.stopping import Stop
from i2l_batch.train.team import Team
from i2l_batch.train.workers import work_together

pytestmark = [
    pytest.mark.usefixtures("cluster"),
    # Ray Train builds Ray Data's context, which warns of its own defaults.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


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


def run(work: Failing, workers: int, folder: Path) -> str:
    """Let workers do it, until the second failure; returns what the screen showed, if anything."""
    console = Console(file=io.StringIO(), soft_wrap=True)
    crew = share_out([Machine(1)], workers, False, "cpu")
    with Display(console=console) as display:
        try:
            log = folder / "failures.log"
            work_together(work, crew, display, Stop(), failures_log=log, most_failures=2)
        finally:
            assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_an_error_for_the_user_ends_the_run_at_once(tmp_path: Path) -> None:
    """One worker of two raises it, while the other waits for it in a sum."""
    with pytest.raises(UsageError, match="that will not do"):
        run(Failing(UsageError("that will not do")), 2, tmp_path)
    assert not (tmp_path / "failures.log").exists()


def test_a_failure_that_comes_again_is_told_in_one_line(tmp_path: Path) -> None:
    text = r"worker 0 failed at step \d: ValueError: a bug; 2 starts in a row got no further, see "
    with pytest.raises(I2LError, match=text) as caught:
        run(Failing(ValueError("a bug\nof two lines")), 1, tmp_path)
    log = tmp_path / "failures.log"
    assert str(log) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert log.read_text().count("Traceback") == 2
