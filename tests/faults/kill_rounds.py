"""A program: store documents, be killed at a line of the store's code, do it again.

Usage: python -m tests.faults.kill_rounds FOLDER SEED

Takes the lines of the functions that touch the disk in an order that the seed gives. Each round is
a forked process, which sends itself SIGKILL when it comes by the round's line for the first or a
later time (that too the seed says), or writes to the end if it never does. A round resumes, or
overwrites with another version of the documents. After each round another process checks the
folder: every file with a final name is readable, every committed document has all its rows, no row
is there twice, all rows are of one version, and nothing but an overwriting round has made them
fewer. Prints `<function> <line> killed` or `finished`; exits 1 when a check fails.
"""

from __future__ import annotations

import inspect
import json
import os
import random
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pyarrow.parquet as pq

from i2l_batch import durable, folder
from i2l_batch.committed import committed_documents
from i2l_batch.kept import Kept
from i2l_batch.locations import LocalFolder
from i2l_batch.results import open_results
from i2l_batch.source_names import original_name
from i2l_batch.store import Store
from tests.formula_samples import add, expected, open_store, read

DOCUMENTS = {f"paper-{number:02d}": number % 5 for number in range(30)}
"""Source -> number of its formulas."""

FUNCTIONS = {
    Store._commit: 2,
    durable.whole_file: 6,
    durable.sync_folder: 6,
    folder.start_run: 1,
    folder._clean_up: 1,
    folder.remove_earlier: 3,
    LocalFolder.prepare: 1,
    LocalFolder.remove: 3,
    Kept.write: 3,
    Kept.remove: 1,
}
"""What touches the disk -> how often a round comes by, at least."""


def places() -> list[tuple[CodeType, int, int]]:
    """All lines of the functions, and how often a round comes by."""
    return [
        (code, line, times)
        for code, times in ((inspect.unwrap(f).__code__, n) for f, n in FUNCTIONS.items())
        for line in sorted({line for *_, line in code.co_lines() if line})
        if line > code.co_firstlineno
    ]


def version_in(results: Path) -> str | None:
    """The version of the committed documents; null where there are none."""
    versions = {document.source_sha256 for document in committed_documents(results).values()}
    assert len(versions) <= 1, versions
    return versions.pop() if versions else None


def write(results: Path, overwrite: bool, code: CodeType, line: int, times: int) -> None:
    left = times

    def trace(frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        nonlocal left
        if frame.f_code is not code:
            return None
        if event == "line" and frame.f_lineno == line:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    version = version_in(results) or "v1"
    if overwrite:
        version = {"v1": "v2", "v2": "v1"}[version]
    sys.settrace(trace)
    with open_store(results, part_rows=45, overwrite=overwrite) as store:
        done = store.committed()
        kept = store.kept.read()
        assert kept in ([], ["kept"] * len(kept)), kept
        for source, formulas in DOCUMENTS.items():
            if source not in done:
                add(store, source, version, formulas=formulas)
                if formulas == 4:
                    store.kept.write(["kept"] * len(source))
        store.close(status="finished", counts={}, timings={})


def check(results: Path, at_least: int, was: str | None) -> None:
    """Check a folder in which there were `at_least` documents of version `was`."""
    for path in results.glob("*/*.parquet"):
        pq.read_table(path)
    for path in results.glob("runs/*.json"):
        json.loads(path.read_text())
    if not list(results.glob("runs/*.json")):
        return  # killed before there was a record
    rows = read(results)
    assert len(rows) == len(set(rows))
    names = open_results(results).documents()["source"].to_pylist()
    assert len(names) == len(set(names))
    committed = [original_name(name) for name in names]
    version = version_in(results)
    assert len(names) >= at_least or version != was
    assert set(rows) == set().union(*(expected(s, version or "", DOCUMENTS[s]) for s in committed))


def in_child(action: Callable[..., None], *arguments: Any) -> int:
    """Run an action in a forked process; its exit status as `os.waitpid` gives it."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            action(*arguments)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]


def main(results: Path, seed: int) -> int:
    numbers = random.Random(seed)
    was, count = None, 0
    for code, line, times in numbers.sample(places(), k=len(places())):
        overwrite = count == len(DOCUMENTS) or numbers.random() < 0.3
        status = in_child(write, results, overwrite, code, line, numbers.randint(1, times))
        finished = status == 0
        print(code.co_name, line, "finished" if finished else "killed", flush=True)
        if not finished and os.WTERMSIG(status) != signal.SIGKILL:
            return 1
        if in_child(check, results, len(DOCUMENTS) if finished else count, was) != 0:
            return 1
        was, count = version_in(results), len(committed_documents(results))
        if finished and count < len(DOCUMENTS):
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
