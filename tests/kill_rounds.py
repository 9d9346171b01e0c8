"""A program: store documents, be killed at a random line of the store's code, do it again.

Usage: kill_rounds.py FOLDER SEED KILLS. Each round is a forked process, which sends itself SIGKILL
before a line of the writing modules that the seed chose, or writes to the end. After each round
another process checks the folder: every file with a final name is readable, every committed
document has all its rows, no row is there twice. Prints the lines where it was killed; exits 1 when
a check fails.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pyarrow.parquet as pq
from formula_samples import add, expected, open_store, read

from i2l_batch.results import open_results, original_name

DOCUMENTS = {f"paper-{number:02d}": number % 5 for number in range(40)}
"""Source -> number of its formulas."""

WRITING = ("durable.py", "folder.py", "lock.py")
"""The modules that touch the disk; between two of their lines lies all that others do."""
LINES = 200  # about what a round that is left alone executes of these


def write(folder: Path, kill_at: int) -> None:
    left = kill_at

    def trace(frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        nonlocal left
        if Path(frame.f_code.co_filename).name not in WRITING:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                name = f"{Path(frame.f_code.co_filename).name}:{frame.f_code.co_name}"
                os.write(1, f"killed {name}:{frame.f_lineno}\n".encode())
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace if kill_at else None)
    with open_store(folder, part_rows=30) as store:
        done = store.committed()
        for source, formulas in DOCUMENTS.items():
            if source not in done:
                add(store, source, formulas=formulas)
        store.close(status="finished", counts={}, timings={})


def check(folder: Path) -> None:
    if not list(folder.glob("runs/*.json")):
        return  # killed before there was a record
    for path in folder.glob("*/*.parquet"):
        pq.read_table(path)
    rows = read(folder)
    assert len(rows) == len(set(rows))
    names = open_results(folder).documents()["source"].to_pylist()
    assert len(names) == len(set(names))
    committed = [original_name(name) for name in names]
    assert set(rows) == set().union(*(expected(s, "v1", DOCUMENTS[s]) for s in committed))


def start_again(folder: Path) -> None:
    with open_store(folder, overwrite=True) as store:
        assert store.committed() == {}


def in_child(action: Callable[[], None]) -> int:
    """Run an action in a forked process; its exit status as `os.waitpid` gives it."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            action()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]


def main(folder: Path, seed: int, kills: int) -> int:
    random_numbers = random.Random(seed)
    for number in range(kills + 1):
        kill_at = random_numbers.randint(1, LINES) if number < kills else 0
        status = in_child(lambda at=kill_at: write(folder, at))
        finished = status == 0
        if not finished and os.WTERMSIG(status) != signal.SIGKILL:
            return 1
        if in_child(lambda: check(folder)) != 0:
            return 1
        if finished and number < kills:  # all was stored before the kill: start again
            os.write(1, b"finished\n")
            if in_child(lambda: start_again(folder)) != 0:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
