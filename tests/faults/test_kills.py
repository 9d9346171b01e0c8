"""Whatever is killed, and whenever, no paper is lost, no row is doubled, no file is half."""

from __future__ import annotations

import functools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from i2l_batch.committed import committed_documents
from tests.faults import driver as program
from tests.faults.conftest import PAPERS
from tests.faults.plugs import PLUGS, pull
from tests.faults.watcher import watched
from tests.processes import descendants, is_alive, wait_until
from tests.runs import Rows, documents, rows, run

ROUNDS = int(os.environ.get("I2L_FAULT_ROUNDS", "7"))
"""Of each kind."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


def all_is_there(papers: Path, undisturbed: Rows, output: Path, checkpoint: Path) -> None:
    """Each paper has its rows, or a row that says why not; then another try gives its rows."""
    found = documents(output)
    assert len(found) == PAPERS
    whole = {name for name, row in found.items() if row["status"] == "ok"}
    for name in found.keys() - whole:
        assert found[name]["error_message"]
    read = {name: row for name, row in rows(output).items() if row[0]}
    assert read.items() <= undisturbed.items()
    assert len(rows(output)) == sum(row["formulas"] for row in found.values())
    if len(whole) < PAPERS:
        run([papers], output, checkpoint, retry_failed=True)
    assert rows(output) == undisturbed
    assert {row["status"] for row in documents(output).values()} == {"ok"}


def run_to_its_end(
    start: Callable[[], subprocess.Popen[str]], plugs: list[str], chance: random.Random
) -> tuple[int, str]:
    """A run out of which plugs are pulled, the last in the list first; a driver that was killed is
    started again. Its exit code and what it said."""
    while True:
        with start() as driver:
            while plugs and pull(plugs[-1], driver, chance):
                plugs.pop()
            _, said = driver.communicate()
        if driver.returncode != -signal.SIGKILL:
            return driver.returncode, said


def test_any_process_at_any_moment(
    papers: Path,
    undisturbed: Rows,
    tmp_path: Path,
    checkpoint: Path,
    cluster: str,
    chance: random.Random,
) -> None:
    """A run that has ended all the same is checked, and another begins, until enough is killed."""
    plugs = ["driver", *PLUGS] * ROUNDS
    chance.shuffle(plugs)
    while plugs:
        output = tmp_path / f"out-{len(plugs)}"
        start = functools.partial(program.start, papers, output, checkpoint, cluster)
        with watched(output):
            code, said = run_to_its_end(start, plugs, chance)
        assert code in (0, 1)
        assert "Traceback" not in said
        all_is_there(papers, undisturbed, output, checkpoint)


@pytest.mark.usefixtures("cluster")
def test_ray_itself(
    papers: Path, undisturbed: Rows, tmp_path: Path, checkpoint: Path, chance: random.Random
) -> None:
    """The driver waited for ever for the workers of a Ray that was dead."""
    output, done = tmp_path / "out", 0
    with watched(output):
        for _ in range(2):
            with program.start(papers, output, checkpoint) as driver:
                wait_until(lambda: len(committed_documents(output)) >= done + 2)  # noqa: B023
                time.sleep(chance.random() / 5)
                (raylet,) = descendants(driver.pid, "raylet/raylet")
                below = [p for name in PLUGS.values() for p in descendants(driver.pid, name)]
                os.kill(raylet, signal.SIGKILL)
                _, said = driver.communicate(timeout=60)
            assert said == (
                "i2l: Ray has died on this machine, perhaps for want of memory; what is finished is"
                " committed, the same command goes on\n"
            )
            assert driver.returncode == 2
            assert rows(output).items() <= undisturbed.items()
            assert {row["status"] for row in documents(output).values()} == {"ok"}
            done = len(documents(output))
            wait_until(lambda: not any(map(is_alive, below)), 30)  # noqa: B023
        run([papers], output, checkpoint)
    assert rows(output) == undisturbed
