"""Work in real Ray workers: errors for the user come through, accidents end somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from i2l_batch.cluster import Machine
from i2l_batch.errors import I2LError, UsageError
from i2l_batch.train.launch.crew import share_out
from i2l_batch.train.launch.display import Display
from i2l_batch.train.launch.group import work_together
from i2l_batch.train.launch.stopping import Stop
from tests.train.failing_work import Failing

pytestmark = [
    pytest.mark.usefixtures("cluster"),
    # Ray Train builds Ray Data's context, which warns of its own defaults.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def run(work: Failing, workers: int, log: Path) -> None:
    """Let workers do it, and start them once."""
    crew = share_out([Machine(1)], workers, False, "cpu")
    with Display(-1) as display:
        work_together(work, crew, display, Stop(), failures_log=log, most_failures=1)


def test_an_error_for_the_user_ends_the_run_at_once(tmp_path: Path) -> None:
    """One worker of two raises it, while the other waits for it in a sum."""
    log = tmp_path / "failures.log"
    with pytest.raises(UsageError, match=r"^that will not do$"):
        run(Failing(UsageError("that will not do")), 2, log)
    assert not log.exists()


def test_a_failure_that_comes_again_is_told_in_one_line(tmp_path: Path) -> None:
    log = tmp_path / "failures.log"
    with pytest.raises(I2LError) as caught:
        run(Failing(ValueError("a bug\nof two lines")), 1, log)
    assert re.fullmatch(
        r"worker 0 failed at step \d: ValueError: a bug; 1 starts in a row got no further, "
        + re.escape(f"see {log}"),
        str(caught.value),
    )
    assert "of two lines" in log.read_text()
