"""What the driver of a run pays for each input and for each batch, however many there are.

    python benchmarks/load_driver.py [--count 100000] [--work FOLDER]

First bytes and time for each input before the first one is opened: so many empty files are listed,
and compared with a folder in which none or all of them are committed. Then the time to choose a
batch, by the number of readers.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import random
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from i2l_batch.batches import Key
from i2l_batch.committed import committed_documents
from i2l_batch.flow import POOL_BATCHES
from i2l_batch.pool import Pool
from i2l_batch.records import Document, Problem, Source
from i2l_batch.resume import Decision, decide_all
from i2l_batch.sources import list_sources
from i2l_batch.store import Store
from i2l_batch.tickets import OpenDocument, Ticket


def names(folder: Path, count: int) -> None:
    """Bytes and time that each input costs before anything is done with it."""
    for number in range(count):
        path = folder / "in" / f"{number // 1000:04d}" / f"{number:08d}v1.pdf"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    facts = {"source_sha256": hashlib.sha256().hexdigest(), "num_bytes": 0, "pages": 0}
    results = folder / "out"
    with Store.open(results, settings={}, model={}, part_seconds=math.inf) as store:
        for source in list_sources([str(folder / "in")]):
            row = Document(
                source=source.name, path=source.path, formulas=0, status="empty", seconds=0.0,
                attempts=1, run=store.run, **facts,
            )  # fmt: skip
            store.add(row, [])
    for traced in (False, True):  # to trace memory takes time
        if traced:
            tracemalloc.start()
        sources = _step("inputs", count, _listed, folder / "in")
        _step("decisions of a new run", count, decide_all, sources, {}, False, results)
        known = _step("committed documents", count, committed_documents, results)
        _step("decisions of a run that is done", count, decide_all, sources, known, False, results)
    size = sum(path.stat().st_size for path in (results / "documents").iterdir())
    print(f"documents table: {size / count:.0f} bytes each")


def _listed(folder: Path) -> list[Source | Problem]:
    return list(list_sources([str(folder)]))


def _step(name: str, count: int, make: Callable[..., Any], *arguments: Any) -> Any:
    """Make something, and tell what that took for each of its elements."""
    before, began = tracemalloc.get_traced_memory()[0], time.perf_counter()
    tracemalloc.reset_peak()
    made = make(*arguments)
    if tracemalloc.is_tracing():
        now, peak = tracemalloc.get_traced_memory()
        held, most = (now - before) / count, (peak - before) / count
        print(f"{name}: {held:.0f} bytes each, {most:.0f} while they are made")
    else:
        print(f"{name}: {1e6 * (time.perf_counter() - began) / count:.1f} microseconds each")
    return made


def pool() -> None:
    """What the driver pays for a batch of 64 when its pool is full."""
    chance = random.Random(1)
    source = Source(path="/a.pdf", name="a.pdf", num_bytes=1, media="pdf")
    document = OpenDocument(Decision(source=source, action="transcribe", attempts=0))

    def some(count: int) -> list[Ticket]:
        keys = [Key(40, chance.randrange(20, 900), b"") for _ in range(count)]
        return [Ticket(document, 0, crop, key) for crop, key in enumerate(keys)]

    for readers in (2, 32, 256, 1024):
        waiting = Pool()
        waiting.add(some(POOL_BATCHES * 32 * readers))
        began = time.process_time()
        for _ in range(200):
            waiting.take(64)
            waiting.add(some(64))
        milliseconds = 1000 * (time.process_time() - began) / 200
        print(f"{readers} readers, {len(waiting)} wait: {milliseconds:.2f} ms a batch of 64")


def main() -> None:
    """Options to two calls."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--work", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        names(Path(folder), options.count)
    pool()


if __name__ == "__main__":
    main()
