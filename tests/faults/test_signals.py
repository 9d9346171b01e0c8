"""Ctrl-C and SIGTERM: the first commits what is finished, a second leaves at once; the same command
goes on from there."""

from __future__ import annotations

import random
import signal
import sys
import time
from pathlib import Path

import pytest

from i2l_batch.committed import committed_documents
from i2l_batch.errors import StoreError
from i2l_batch.store import Store
from tests.faults import driver as program
from tests.faults.conftest import PAPERS
from tests.faults.watcher import watched
from tests.processes import wait_until
from tests.runs import Rows, documents, rows, run


@pytest.mark.skipif(sys.platform != "linux", reason="drivers are told from others in /proc")
def test_signals(
    papers: Path,
    undisturbed: Rows,
    tmp_path: Path,
    checkpoint: Path,
    cluster: str,
    chance: random.Random,
) -> None:
    output, done = tmp_path / "out", 0
    with watched(output):
        for number in (signal.SIGINT, signal.SIGTERM):
            for twice in (False, True):
                with program.start(papers, output, checkpoint, cluster) as driver:
                    wait_until(lambda: len(committed_documents(output)) > done)  # noqa: B023
                    with pytest.raises(StoreError, match=f"is in use by process {driver.pid}"):
                        Store.open(output, settings={}, model={})
                    driver.send_signal(number)
                    if twice:
                        time.sleep(chance.random() / 10)
                        driver.send_signal(number)
                    assert driver.communicate(timeout=60) == (None, "")
                # The second may find a process that has done all, and whose Python has put its
                # handlers away: then it is the signal that ends it.
                assert driver.returncode in ({130, -number} if twice else {130})
                assert done < len(documents(output)) < PAPERS
                assert rows(output).items() <= undisturbed.items()
                done = len(documents(output))
        run([papers], output, checkpoint)
    assert rows(output) == undisturbed
