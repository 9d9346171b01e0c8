"""How fast one process writes and reads a results folder, and with how much memory.

    python benchmarks/store.py [--folder DIR] [--crop-rows 200000] [--documents 100000]

First rows with a 5 kB crop each, of random bytes (as incompressible as PNG), in documents of 20
formulas: made by `formula_row`, added, committed. Then a folder of many documents without crops,
10 formulas each: written, told to a resumed run, queried; then again with one document in ten
replaced. Figures go to benchmarks/store.md.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from i2l_batch.query import connect
from i2l_batch.records import Box, Candidate, Crop, Document, Transcript
from i2l_batch.results import open_results
from i2l_batch.store import Store, formula_row

LATEX = (
    r"\frac { \partial u } { \partial t } + ( u \cdot \nabla ) u"
    r" = - \frac { 1 } { \rho } \nabla p + \nu _ { %d } \Delta u"
)


def crop(index: int, png: bytes) -> Crop:
    """A display formula of a paper."""
    box = Box(x0=72.0, y0=100.0 + index, x1=540.0, y1=130.0 + index)
    return Crop(
        page=1 + index // 8,
        index=index % 8,
        kind="display",
        number=str(index),
        box=box,
        page_width=612.0,
        page_height=792.0,
        dpi=200,
        em=28.0,
        png=png,
    )


def transcript(number: int) -> Transcript:
    """Sixty tokens and a beam of five."""
    return Transcript(
        latex=LATEX % number,
        confidence=(number * 7919 % 10007) / 10007,
        score=-(number % 1000) / 500,
        lowest=-(number % 1000) / 100,
        num_tokens=60,
        stop="eos",
        valid=True,
        flags=(),
        alternatives=tuple(Candidate(latex=LATEX % (number + k), score=-2.0 - k) for k in range(4)),
    )


def write(folder: Path, documents: range, formulas: int, crop_bytes: int) -> None:
    """One run: documents of `formulas` formulas, crops of `crop_bytes` random bytes (0: none)."""
    with Store.open(folder, settings={}, model={}) as store:
        fill(store, documents, formulas, crop_bytes)


def fill(store: Store, documents: range, formulas: int, crop_bytes: int) -> None:
    """Make the rows and add them."""
    for number in documents:
        source, sha256 = f"batch-{number % 97:02d}/paper-{number:07d}.pdf", f"{number:064x}"
        rows = [
            formula_row(
                source,
                sha256,
                crop(index, os.urandom(crop_bytes)),
                transcript(number * formulas + index),
                keep_crop=crop_bytes > 0,
                model="compact-1",
            )
            for index in range(formulas)
        ]
        document = Document(
            source=source,
            source_sha256=sha256,
            num_bytes=500_000,
            pages=12,
            formulas=formulas,
            status="ok",
            seconds=1.0,
            attempts=1,
            run=store.run,
        )
        store.add(document, rows)


@contextmanager
def timed(what: str, rows: int = 0) -> Iterator[None]:
    """Print seconds, CPU seconds, the peak of resident memory so far, rows per second."""
    start, cpu = time.perf_counter(), time.process_time()
    yield
    seconds = time.perf_counter() - start
    rate = f"  {rows / seconds:9,.0f} rows/s" if rows else ""
    cpu = time.process_time() - cpu
    unit = 2**20 if sys.platform == "darwin" else 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    print(f"{what:44} {seconds:7.2f} s {cpu:7.2f} s CPU  peak {peak:4.0f} MiB{rate}", flush=True)


def read(folder: Path) -> None:
    """What a resumed run and a query do."""
    with timed("  open_results + documents()"):
        documents = open_results(folder).documents().num_rows
    with Store.open(folder, settings={}, model={}) as store, timed("  Store.committed()"):
        assert len(store.committed()) == documents
    with timed("  query: connect"):
        connection = connect(folder)
    for sql in (
        "SELECT count(*) FROM formulas",
        "SELECT source, latex, confidence FROM formulas ORDER BY confidence LIMIT 5",
        "SELECT count(*) FROM formulas WHERE latex LIKE '%nu _ { 77%'",
        "FROM formulas WHERE source = 'batch-07/paper-0000007.pdf' ORDER BY page, index",
    ):
        with timed(f"  {sql[:42]}"):
            connection.execute(sql).fetchall()


def size(folder: Path) -> str:
    """Files and bytes of parquet in a folder."""
    paths = list(folder.rglob("*.parquet"))
    return f"{len(paths)} files, {sum(path.stat().st_size for path in paths) / 1e6:,.0f} MB"


def main() -> None:
    """Write and read both folders."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "store-benchmark"
    )
    parser.add_argument("--crop-rows", type=int, default=200_000)
    parser.add_argument("--documents", type=int, default=100_000)
    arguments = parser.parse_args()
    shutil.rmtree(arguments.folder, ignore_errors=True)

    with timed("imports only"):
        folder, rows = arguments.folder / "crops", arguments.crop_rows
    with timed(f"write {rows:,} rows with 5 kB crops", rows):
        write(folder, range(rows // 20), 20, 5000)
    print("  " + size(folder))
    shutil.rmtree(folder)

    folder, documents = arguments.folder / "documents", arguments.documents
    with timed(f"write {documents:,} documents, no crops", documents * 10):
        write(folder, range(documents), 10, 0)
    print("  " + size(folder))
    read(folder)
    with timed("replace every tenth document", documents):
        write(folder, range(0, documents, 10), 10, 0)
    read(folder)
    shutil.rmtree(arguments.folder)


if __name__ == "__main__":
    main()
