"""Two real processes add up, share and wait; one that dies does not leave the other hanging."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
from contextlib import suppress

import torch

from i2l_batch.train.team import Distributed, Solo, Team

MEMBER = """
import os, sys, time
from datetime import timedelta
import torch, torch.distributed as dist
from i2l_batch.train.team import Distributed, LostWorkerError

dist.init_process_group("gloo", timeout=timedelta(seconds=60))
team = Distributed(torch.device("cpu"))
values = torch.tensor([1.0, 10.0]) * (team.rank + 1)
team.sum(values)
shared = torch.tensor(float(team.rank + 5))
team.broadcast(shared)
began = time.monotonic()
time.sleep(1.0 * team.rank)
team.barrier()
waited = time.monotonic() - began >= 0.9
print(team.rank, team.size, values.tolist(), shared.item(), waited, flush=True)
if team.rank == 1:
    os._exit(9)
try:
    team.sum(values)
except LostWorkerError as error:
    print("lost:", "another worker died" in str(error))
"""


def quiet_port() -> int:
    """A port that nobody listens at, and that the system gives to no outgoing connection (those of
    Linux and macOS begin at 32768): it is free a moment later too."""
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("a hundred ports are taken")


def test_two_processes() -> None:
    port = quiet_port()
    members = [
        subprocess.Popen(
            [sys.executable, "-c", MEMBER],
            env=os.environ
            | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
            | {"RANK": str(rank), "WORLD_SIZE": "2"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    said = [member.communicate(timeout=90)[0].splitlines() for member in members]
    assert said[0] == ["0 2 [3.0, 30.0] 5.0 True", "lost: True"]
    assert said[1] == ["1 2 [3.0, 30.0] 5.0 True"]


def test_alone_every_sum_is_what_it_is() -> None:
    team = Solo()
    values = torch.tensor([1.0, 2.0])
    team.sum(values)
    team.broadcast(values)
    team.barrier()
    assert values.tolist() == [1.0, 2.0]
    assert (team.rank, team.size, team.device.type) == (0, 1, "cpu")


def test_both_are_teams() -> None:
    """What a checker of types sees, written down: the loop takes either."""
    kinds: list[type[Team]] = [Solo, Distributed]
    for kind in kinds:
        assert all(hasattr(kind, name) for name in ("sum", "broadcast", "barrier"))
