"""A run of `i2l transcribe` out of which something is killed every few seconds, beside a quiet one.

    python -m benchmarks.faults PAPERS... -o FOLDER [--seconds 20] [--seed 1] [-- options of i2l]

Every `--seconds` one of these gets SIGKILL, each kind as likely as the others: the driver, a model
actor, an extraction worker, the raylet. A driver that was killed, or ends because Ray has died, is
started again by the same command, until a run ends by itself; then documents that failed are tried
once more (`--retry-failed`), without kills. The rows must be those of the quiet run, but for run
ids and times; numbers may differ by 0.001, as they do with the batch that a formula is read in.
Looks for processes in /proc (Linux only). Both results stay in FOLDER; a quiet run that is there is
not done again.

What was read of a paper outlives a death, but not what was extracted: where starting and extracting
the longest paper takes longer than what lies between two deaths of the driver, a run never ends. A
slow machine needs more `--seconds`. How many answers each run took over is in its record.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from i2l_batch.results import open_results
from tests.processes import descendants

VICTIMS = {
    "driver": "",
    "model actor": "ray::Reader",
    "extraction worker": "ray::extract",
    "raylet": "raylet/raylet",
}
"""What their command lines hold, below the driver."""

PATIENCE = 300
"""Tenths of a second that a process is waited for."""

TOLERANCE = 1e-3

OWN = {"run", "seconds", "attempts", "error_message"}
"""Columns that tell of the run."""


def main() -> None:
    """Both runs, and what is told of them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("papers", nargs="+")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    own, options = split(sys.argv[1:])
    args = parser.parse_args(own)
    quiet, disturbed = args.output / "quiet", args.output / "disturbed"
    command = [str(Path(sys.executable).with_name("i2l")), "transcribe", *args.papers, "-q"]
    command += ["--commit-seconds", "5", *options]
    began = time.monotonic()
    code = subprocess.run([*command, "-o", str(quiet)]).returncode
    print(f"quiet run: exit code {code}, {time.monotonic() - began:.0f} s", flush=True)
    began = time.monotonic()
    again = [*command, "-o", str(disturbed)]
    kills, starts, code = disturb(again, args.seconds, random.Random(args.seed))
    print(f"under kills: exit code {code}, {time.monotonic() - began:.0f} s, {starts} starts")
    for victim in VICTIMS:
        print(f"  {kills[victim]:3} x {victim}")
    compare(quiet, disturbed, "then")
    if code:
        code = subprocess.run([*again, "--retry-failed"]).returncode
        compare(quiet, disturbed, f"after --retry-failed (exit code {code})")


def split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """What stands before and behind `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:end], arguments[end + 1 :]


def disturb(
    command: list[str], seconds: float, chance: random.Random
) -> tuple[Counter[str], int, int]:
    """Run a command, killing, until it ends by itself: kills by victim, starts, its exit code."""
    kills, starts, ray_died = Counter[str](), 0, False
    driver: subprocess.Popen[bytes] | None = None
    while True:
        if driver is None or driver.poll() is not None:
            if driver and driver.returncode != -signal.SIGKILL and not ray_died:
                return kills, starts, driver.returncode
            driver, ray_died, starts = subprocess.Popen(command), False, starts + 1
        try:
            driver.wait(seconds)
        except subprocess.TimeoutExpired:
            victim = kill_one(driver, chance)
            if not victim:
                continue
            kills[victim] += 1
            print(f"  killed: {victim}", flush=True)
            ray_died = victim == "raylet"
            if victim in ("driver", "raylet"):
                driver.wait()


def kill_one(driver: subprocess.Popen[bytes], chance: random.Random) -> str | None:
    """Kill one process; of which kind, or null if the driver ends before. One that is not there is
    waited for, but not for ever: in the end nothing is left to be extracted."""
    while True:
        victim = chance.choice(list(VICTIMS))
        for _ in range(PATIENCE):
            if driver.poll() is not None:
                return None
            below = descendants(driver.pid, VICTIMS[victim])
            found = [driver.pid] if victim == "driver" else below
            if found:
                os.kill(chance.choice(found), signal.SIGKILL)
                return victim
            time.sleep(0.1)


def compare(quiet: Path, disturbed: Path, when: str) -> None:
    """Print how the rows of two folders differ."""
    for table, key in (("documents", "source"), ("formulas", "formula_id")):
        expected, found = rows(quiet, table, key), rows(disturbed, table, key)
        lost, more = expected.keys() - found.keys(), found.keys() - expected.keys()
        other = Counter(
            column
            for name in expected.keys() & found.keys()
            for column in expected[name].keys() - OWN
            if not is_equal(expected[name][column], found[name][column])
        )
        print(f"{when}: {len(found)} {table}, {len(lost)} lost, {len(more)} too many, "
              f"other values: {dict(other) or 'none'}", flush=True)  # fmt: skip


def rows(folder: Path, table: str, key: str) -> dict[str, dict[str, Any]]:
    """The rows of a results folder by their key; none is there twice."""
    results = open_results(folder)
    found = results.documents() if table == "documents" else results.formulas().to_table()
    listed = found.to_pylist()
    named = {row[key]: row for row in listed}
    assert len(named) == len(listed), "rows are there twice"
    return named


def is_equal(one: Any, other: Any) -> bool:
    """Whether two values are the same, numbers up to the tolerance."""
    if isinstance(one, float) and isinstance(other, float):
        return one == other or abs(one - other) <= TOLERANCE
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_equal(one[key], other[key]) for key in one)
    return one == other


if __name__ == "__main__":
    main()
