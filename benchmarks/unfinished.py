"""What it costs to keep answers for the next run, and what that saves when a driver is killed.

    python -m benchmarks.unfinished costs
    python -m benchmarks.unfinished book [--pages 3000] [--wait 0.03] [--share 0.9] [--work FOLDER]

`costs`: seconds of the driver and bytes, by the number of answers that are kept, of a hundred
tokens and with three alternatives, without and with the places of their symbols.

`book`: a book of so many pages, each with a formula, and a reader that waits so long over each. The
driver is killed once that share of the formulas is kept, and the command given again. Prints how
long both runs took, what was taken over, and what the second one still had to do.
"""

from __future__ import annotations

import argparse
import gzip
import os
import signal
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from benchmarks.load import make_book
from i2l_batch.batches import Key
from i2l_batch.kept import KEPT_NAME
from i2l_batch.records import Box, Candidate, Source, Symbol, Transcript
from i2l_batch.results import open_results
from i2l_batch.resume import Decision
from i2l_batch.store import Store
from i2l_batch.tickets import OpenDocument, Ticket
from i2l_batch.unfinished import Unfinished

TOKENS = 100


def answer(number: int, *, located: bool) -> Transcript:
    """One like those of a model; no two alike."""
    latex = " ".join(rf"\alpha_{number * TOKENS + place}" for place in range(TOKENS))
    box = Box(x0=number + 1 / 3, y0=1 / 3, x1=number + 2 / 3, y1=2 / 3)
    symbol = Symbol(token=r"\alpha", box=box, weight=1 / (number + 3))
    return Transcript(
        latex=latex,
        confidence=1 / (number + 3),
        score=-1 / (number + 3),
        lowest=-1 / (number + 3),
        num_tokens=TOKENS,
        stop="eos",
        valid=True,
        flags=(),
        alternatives=(Candidate(latex=latex, score=-1 / (number + 3)),) * 3,
        symbols=(symbol,) * TOKENS if located else None,
    )


def costs(count: int, folder: Path, *, located: bool) -> None:
    """Print what it costs to keep so many answers."""
    source = Source(path="/a.pdf", name="a.pdf", num_bytes=1, media="pdf")
    document = OpenDocument(Decision(source=source, action="transcribe", attempts=0))
    tickets = [Ticket(document, 0, n, Key(64, n, n.to_bytes(16, "little"))) for n in range(count)]
    for ticket in tickets:
        ticket.answer(answer(ticket.crop, located=located))
    with Store.open(folder, settings={}, model={}) as store:
        unfinished, times = Unfinished(store), [time.perf_counter()]
        unfinished.note(tickets)
        times.append(time.perf_counter())
        unfinished.save()
        times.append(time.perf_counter())
        size = (folder / KEPT_NAME).stat().st_size
        Unfinished(store)
        times.append(time.perf_counter())
    note, save, load = (later - earlier for earlier, later in pairwise(times))
    print(f"{count} answers{' with places' if located else ''}: noted in {note:.3f} s, "
          f"written in {save:.3f} s, {size / 1e6:.2f} MB, read in {load:.3f} s")  # fmt: skip


def kept(output: Path) -> int:
    """Answers that the next run would find."""
    path = output / KEPT_NAME
    return len(gzip.decompress(path.read_bytes()).splitlines()) - 1 if path.exists() else 0


def book(pages: int, wait: float, share: float, work: Path) -> None:
    """Print what is left to do after a death."""
    make_book(work / "in" / "book.pdf", pages)
    load = str(Path(__file__).with_name("load.py"))
    command = [sys.executable, load, "child", "--source", work / "in", "--work", work / "out"]
    for is_killed in (True, False):
        began = time.monotonic()
        with subprocess.Popen(
            list(map(str, command)),
            env=os.environ | {"LOAD_WAIT": str(wait)},
            stdout=subprocess.DEVNULL,
        ) as driver:
            while driver.poll() is None:
                if is_killed and kept(work / "out") >= share * pages:
                    driver.send_signal(signal.SIGKILL)
                time.sleep(0.2)
        how = "killed" if is_killed else "ended by itself"
        print(f"{how} after {time.monotonic() - began:.1f} s, {kept(work / 'out')} answers kept")
    last = open_results(work / "out").runs()[-1]
    print(f"taken over {last['counts']['taken_over']}, timings {last['timings']}")


def main() -> None:
    """Options to calls."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["costs", "book"])
    parser.add_argument("--pages", type=int, default=3000)
    parser.add_argument("--wait", type=float, default=0.03)
    parser.add_argument("--share", type=float, default=0.9)
    parser.add_argument("--work", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as work:
        if options.what == "book":
            book(options.pages, options.wait, options.share, Path(work))
        for count in (240, 3000, 20_000) if options.what == "costs" else ():
            for located in (False, True):
                costs(count, Path(work) / f"{count}-{located}", located=located)


if __name__ == "__main__":
    main()
