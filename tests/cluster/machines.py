"""A Ray cluster of several machines on this one: each is a `ray start` of its own, with an address
and one core, and asks for a token. Nothing of it is shared with another Ray."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.processes import descendants, wait_until

RAY = str(Path(sys.executable).with_name("ray"))
OPTIONS = (
    *("--block", "--num-cpus=1", "--num-gpus=0", "--object-store-memory=100000000"),
    *("--include-log-monitor=false", "--min-worker-port=0", "--max-worker-port=0"),
)
"""With ports of workers that no other Ray has."""
HEAD = ("--head", "--port=0", "--include-dashboard=false")
"""Ray takes a port and says which: one that we had found free could be taken before it starts."""


class Machine:
    """One of them."""

    def __init__(self, process: subprocess.Popen[bytes], said: Path) -> None:
        self._process, self._said = process, said

    @property
    def is_up(self) -> bool:
        """Whether it has joined the cluster."""
        said = self._said.read_text()
        assert self._process.poll() is None, said
        return "block forever" in said

    @property
    def address(self) -> str:
        """Where it takes others into its cluster, if it is the first one."""
        found = re.search(r"--address='(\S+)'", self._said.read_text())
        assert found
        return found[1]

    def workers(self, name: str) -> list[int]:
        """Its worker processes that Ray calls so."""
        return descendants(self._process.pid, f"ray::{name}")

    def cut_the_power(self) -> None:
        """SIGKILL to all of its processes, at the same time as far as that goes."""
        for pid in [self._process.pid, *descendants(self._process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()


class Machines:
    """All of them; the first one is this machine, where drivers run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.environment: Mapping[str, str] = os.environ | {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_USAGE_STATS_ENABLED": "0",
            # A machine is dead when it cannot be reached five times: after 5 s instead of 15.
            "RAY_health_check_period_ms": "1000",
        }
        """What a driver needs to be let in, and the machines."""
        self.machines: list[Machine] = []
        self._started = 0

    @property
    def address(self) -> str:
        """Of the cluster, once there are machines."""
        return self.machines[0].address

    def have(self, count: int) -> list[Machine]:
        """Start machines until there are so many."""
        if not self.machines:
            self._wait([self._start(*HEAD)])
        started = []
        for _ in range(count - len(self.machines)):
            # Every address of 127.0.0.0/8 is this machine.
            here = f"--node-ip-address=127.0.0.{2 + self._started}"
            started.append(self._start(f"--address={self.address}", here))
        self._wait(started)
        return self.machines

    def lose(self, machine: Machine) -> None:
        """A machine dies."""
        self.machines.remove(machine)
        machine.cut_the_power()

    def stop(self) -> None:
        """End them all."""
        for machine in self.machines[::-1]:
            machine.cut_the_power()

    def _start(self, *options: str) -> Machine:
        self._started += 1
        folder = self._folder / str(self._started)  # of it Ray makes socket paths: short
        folder.mkdir()
        said = folder / "said"
        with said.open("wb") as output:
            process = subprocess.Popen(
                [RAY, "start", *OPTIONS, f"--temp-dir={folder}", *options],
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.machines.append(Machine(process, said))
        return self.machines[-1]

    def _wait(self, started: list[Machine]) -> None:
        for machine in started:
            wait_until(lambda machine=machine: machine.is_up, 120)
