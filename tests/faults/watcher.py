"""A program: read a results folder again and again while a run writes into it.

Usage: python -m tests.faults.watcher FOLDER. Until its stdin ends, whatever has its final name must
be whole, and what is committed must stay. Prints how often it looked and how many files it read.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq

from i2l_batch.committed import committed_documents
from tests.processes import ROOT

PAUSE = 0.25
"""Seconds between two looks."""


def is_whole(path: Path) -> bool:
    """False if it has gone meanwhile: it was never committed, and the next run removed it."""
    try:
        if path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        else:
            pq.ParquetFile(path).read()
    except FileNotFoundError:
        assert not path.exists()
        return False
    return True


@contextmanager
def watched(folder: Path) -> Iterator[None]:
    """In the block another process looks at a folder, at least once, and finds nothing amiss."""
    watcher = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.watcher", str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with watcher:
        try:
            yield
            said, error = watcher.communicate()
        finally:
            watcher.kill()
    assert watcher.returncode == 0, error
    looks, files = map(int, said.split())
    assert looks > 0
    assert files > 0


def main(folder: Path) -> None:
    looks, files, committed = 0, 0, set[str]()
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        paths = [*folder.glob("*/*.parquet"), *folder.glob("runs/*.json")]
        files += sum(map(is_whole, paths))
        now = committed_documents(folder).keys()
        assert now >= committed, f"gone: {committed - now}"
        committed |= now
        looks += 1
    print(looks, files)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
