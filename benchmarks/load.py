"""Many documents, or a long one: memory of every process, rates and the driver's cost over time.

    python benchmarks/load.py files [--count 5000] [--wait 0.06] [--work FOLDER]
    python benchmarks/load.py book [--pages 3000] [--wait 0.03] [--work FOLDER]
    python benchmarks/load.py papers --source FOLDER [--work FOLDER]

In: a number of small PDFs, or of pages of one, which are made first. Out: a line every few seconds,
and from these the growth of memory by a fitted line, rates of each third of the run, what each
stage and the driver cost. `files` also runs again over what is done, and with `--overwrite` and a
reader that takes no time. The reader waits instead of computing: the figures are those of all but
the model. `papers`: the same of papers that are there, read by the model. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from ray._private import worker as ray_worker

from benchmarks.pipeline import descendants, look
from benchmarks.synthetic_papers import make_book, make_papers
from i2l_batch.account import Account
from i2l_batch.config import ExtractConfig, TranscribeConfig
from i2l_batch.pipeline import transcribe
from i2l_batch.progress import Progress
from i2l_batch.records import Transcript
from i2l_batch.stages import Piece, Reader
from tests.fake_readers import hashed

EVERY = 2.0
"""Seconds between two looks."""


class WaitingReader(Reader):
    """Takes its time over each formula, and does nothing in it."""

    def load(self) -> None:
        """Nothing to load."""

    def read(
        self, picks: list[tuple[int, int]], *chunks: list[Piece]
    ) -> tuple[list[Transcript], float]:
        """A picture is read as its hash."""
        began = time.monotonic()
        time.sleep(float(os.environ["LOAD_WAIT"]) * len(picks))
        answers = [hashed(chunks[chunk][piece].crop) for chunk, piece in picks]
        return answers, time.monotonic() - began


class Teller(Progress):
    """Tells how far the run is as JSON on stdout, a line every few seconds."""

    _next = 0.0

    def update(self, account: Account, formulas: int, *, waiting: int, works: bool = True) -> None:
        """See `Progress`."""
        super().update(account, formulas, waiting=waiting, works=works)
        now = time.monotonic()
        if now >= self._next:
            self._next = now + EVERY
            cpu = time.process_time()
            worker: Any = ray_worker.global_worker
            objects = len(worker.core_worker.get_all_reference_counts())
            tell = {"documents": account.ended, "formulas": formulas, "waiting": waiting}
            print(json.dumps(tell | {"cpu": cpu, "objects": objects}), flush=True)


def child(source: Path, output: Path, overwrite: bool) -> None:
    """One run in this process."""
    config = TranscribeConfig(extract=ExtractConfig(document_timeout=3600), overwrite=overwrite)
    reader = WaitingReader if "LOAD_WAIT" in os.environ else Reader
    account = transcribe([str(source)], output, config, Teller(-1), reader=reader)
    print(json.dumps({"account": account.line(), "cpu": time.process_time()}), flush=True)


def watch(
    source: Path, output: Path, wait: float | None, *, overwrite: bool = False
) -> list[dict[str, Any]]:
    """A run in a process of its own: what it told, each with the time and the memory (MiB, PSS) of
    every kind of process. wait: seconds for each formula; null to read it with the model."""
    command = [sys.executable, __file__, "child", "--source", source, "--work", output]
    began = time.monotonic()
    run = subprocess.Popen(
        [*map(str, command), *(["--overwrite"] if overwrite else [])],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ if wait is None else os.environ | {"LOAD_WAIT": str(wait)},
    )
    assert run.stdout
    told, spent = [], {}
    for line in run.stdout:
        seconds = time.monotonic() - began
        told.append(json.loads(line) | {"seconds": seconds, "memory": memory(run.pid)})
        spent |= cpu_times(run.pid)
    assert run.wait() == 0
    costs: dict[str, float] = defaultdict(float)
    for kind, cost in spent.values():
        costs[kind] += cost
    told[-1]["costs"] = dict(costs)
    return told


STORE, OWN = "object store", "ray's own"


def cpu_times(root: int) -> dict[int, tuple[str, float]]:
    """Kind and seconds of CPU so far of every process."""
    times = {}
    for pid in descendants(root):
        kind, _ = look(pid)
        with suppress(OSError):  # it is gone
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks = int(fields[11]) + int(fields[12])
            times[pid] = "driver" if pid == root else kind or "?", ticks / os.sysconf("SC_CLK_TCK")
    return times


def memory(root: int) -> dict[str, float]:
    """Proportional set sizes in MiB by kind of process, summed; and of the object store what was
    ever in use of it at a time (its pages are used again, and never given back)."""
    sizes: dict[str, float] = defaultdict(float)
    for pid in descendants(root):
        kind, _ = look(pid)
        if pid == root:
            kind = "driver"
        with suppress(OSError):  # it is gone
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
            size = {line.split()[0]: int(line.split()[1]) / 1024 for line in lines}
            sizes[kind or "?"] += size["Pss:"] - size["Pss_Shmem:"]
            sizes[STORE] += size["Pss_Shmem:"]
    return dict(sizes)


def table(told: list[dict[str, Any]], lines: int = 16) -> Iterator[str]:
    """Some of the lines, evenly."""
    yield "seconds documents formulas waiting  driver  workers  models  ray's own  objects   store"
    for index in np.linspace(0, len(told) - 1, min(lines, len(told))).astype(int):
        at = told[index]
        sizes = at["memory"]
        workers = sizes.get("extraction worker", 0) + sizes.get("extraction child", 0)
        yield (
            f"{at['seconds']:7.0f} {at['documents']:9} {at['formulas']:8} {at['waiting']:7}"
            f"{sizes['driver']:8.0f} {workers:8.0f} {sizes.get('model actor', 0):7.0f}"
            f"{sizes.get(OWN, 0):10.0f} {at['objects']:8} {sizes.get(STORE, 0):7.1f}"
        )


def laws(told: list[dict[str, Any]], by: str) -> Iterator[str]:
    """Growth over the second half of the run, rates of its thirds, the driver's cost."""
    done = np.array([at[by] for at in told], float)
    seconds = np.array([at["seconds"] for at in told])
    half = done >= done[-1] / 2
    for name in ("driver", OWN, STORE):
        size = [at["memory"].get(name, 0) for at in told]
        slope = np.polyfit(done[half], np.array(size)[half], 1)[0] * 1000 if half.sum() > 2 else 0
        yield f"{name}: {slope:+.2f} MiB per 1,000 {by} in the second half; most {max(size):.1f}"
    first = np.argmax(done > 0)
    ends = np.linspace(done[first], done[-1], 4)
    times = np.interp(ends, done[first:], seconds[first:])
    rates = (ends[1:] - ends[:-1]) / np.diff(times)
    yield f"{by}/s of the thirds: " + ", ".join(f"{rate:.1f}" for rate in rates)
    cost = (told[-1]["cpu"] - told[first]["cpu"]) / (done[-1] - done[first])
    yield f"the driver's CPU time: {1000 * cost:.2f} ms of each of the {by}"


def report(title: str, told: list[dict[str, Any]], output: Path, *by: str) -> None:
    """Print what was told."""
    last, samples = told[-1], [at for at in told if "documents" in at]
    print(f"\n{title}: {last['account']}")
    print(f"  {last['seconds']:.1f} s, driver {last['cpu']:.1f} s of CPU")
    record = json.loads(max((output / "runs").glob("*.json")).read_text())
    costs = ", ".join(f"{kind} {cost:.1f}" for kind, cost in sorted(last["costs"].items()))
    print(f"  seconds of CPU: {costs}")
    print("  timings " + ", ".join(f"{k} {v:.2f}" for k, v in record["timings"].items()))
    if len(samples) > 3:
        for line in [*table(samples), *(law for name in by for law in laws(samples, name))]:
            print("  " + line)
    else:
        print(f"  memory {last['memory']}")
    sys.stdout.flush()


def main() -> None:
    """Options to one call."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["files", "book", "papers", "child"])
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--pages", type=int, default=3000)
    parser.add_argument("--wait", type=float, default=0.06)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--overwrite", action="store_true")
    options = parser.parse_args()
    if options.what == "child":
        child(options.source, options.work, options.overwrite)
        return
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        if options.what == "papers":
            output = Path(folder) / "out"
            report("papers", watch(options.source, output, None), output, "formulas")
            for name in ("formulas", "documents"):
                size = sum(path.stat().st_size for path in (output / name).iterdir())
                print(f"  {name}: {size} bytes")
            return
        source, output = Path(folder) / "in", Path(folder) / "out"
        if options.what == "book":
            make_book(source / "book.pdf", options.pages)
            report("book", watch(source, output, options.wait), output, "formulas")
            return
        make_papers(source, options.count)
        report("first run", watch(source, output, options.wait), output, "documents", "formulas")
        report("again", watch(source, output, options.wait), output)
        told = watch(source, output, 0.0, overwrite=True)
        report("overwriting, a reader without cost", told, output, "documents")


if __name__ == "__main__":
    main()
