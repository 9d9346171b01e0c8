"""What can be killed in a run, and a hand that does it at random moments."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time

from tests.processes import descendants

SEED = int(os.environ.get("I2L_FAULT_SEED", "1"))
"""Of all random choices."""

PLUGS = {"model": "ray::SlowReader.read", "worker": "ray::extract", "child": "extract.child"}
"""Processes that a driver has others start, by what their command line holds. A model is one that
reads: that it dies three times in a row while it loads is taken for its own fault."""


def pull(plug: str, driver: subprocess.Popen[str], chance: random.Random) -> bool:
    """Kill a process of that kind at a random moment; false if the driver ends before there is one.

    Of the driver the moment is mostly one after its start, in which much can be lost.
    """
    waits_for = PLUGS["model"] if plug == "driver" and chance.random() < 0.8 else PLUGS.get(plug)
    _pass(driver, chance.random())
    while driver.poll() is None:
        # Looked for once: between two looks a worker may turn to something else.
        found = descendants(os.getpid(), waits_for) if waits_for else [driver.pid]
        if found and plug == "driver":
            _pass(driver, chance.random())
            driver.kill()
            return driver.wait() == -signal.SIGKILL
        if found and _kill(chance.choice(found)):
            return True
        time.sleep(0.05)
    return False


def _pass(driver: subprocess.Popen[str], seconds: float) -> None:
    """Wait so long, unless the driver ends."""
    try:
        driver.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
