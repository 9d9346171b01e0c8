"""Requests that an object store gets, counted by a proxy in front of the tests' store.

    python -m benchmarks.object_storage

Prints a table: what was done, requests by method, and seconds, which say little: the store is a
Python program on the same machine.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.fs as pafs

from i2l_batch.fetch import local_file
from i2l_batch.lease import Timing
from i2l_batch.query import connect
from i2l_batch.results import open_results
from i2l_batch.sources import list_sources
from tests.formula_samples import document, open_store, row
from tests.objects.bucket import Bucket
from tests.objects.proxy import Proxy

NO_RENEWALS = Timing(renew=1e6, dead=1e6, settle=3.0)
"""They are three requests each, and not part of any step."""

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def counted(what: str, proxy: Proxy) -> Iterator[None]:
    """Print what the block asked for."""
    start, began = len(proxy.requests), time.monotonic()
    yield
    seconds = time.monotonic() - began
    methods = Counter(method for method, _ in proxy.requests[start:])
    counts = ", ".join(f"{count} {method}" for method, count in sorted(methods.items()))
    print(f"| {what} | {sum(methods.values())} | {counts} | {seconds:.2f} |", flush=True)


def measure(bucket: Bucket) -> None:
    """Each step of a run, of reading its results, and of its papers."""
    proxy, numbers = bucket.proxy, random.Random(0)
    results, folder = bucket.uri("results"), bucket.folder("results", NO_RENEWALS)
    with counted("open a new results folder", proxy):
        store = open_store(folder)
    for megabytes in (1, 30):
        for name in ("a", "b"):
            source = f"{name}-{megabytes}.pdf"
            rows = [row(source, "v", i, numbers.randbytes(megabytes * 10_000)) for i in range(50)]
            store.add(document(store, source, "v", formulas=50), rows)
        with counted(f"commit a part of {megabytes} MB", proxy):
            store.flush()
    with counted("keep 1 MB of answers", proxy):
        store.kept.write([numbers.randbytes(1_000_000).hex()])
    with counted("read them", proxy):
        store.kept.read()
    with counted("close it", proxy):
        store.close(status="finished", counts={}, timings={})
    with counted("open a results folder of a run to resume", proxy):
        store = open_store(folder)
        store.committed()
    store.close(status="finished", counts={}, timings={})
    with counted("open_results, 2 parts, 2 runs", proxy):
        opened = open_results(results)
    with counted("connect", proxy):
        connection = connect(opened)
    for sql in ("count(*)", "max(confidence)", "max(octet_length(crop.bytes))"):
        with counted(f"SELECT {sql} FROM formulas", proxy):
            connection.sql(f"SELECT {sql} FROM formulas").fetchall()
    for number in range(30):
        bucket.put(f"papers/{number:02d}.pdf", numbers.randbytes(1_000_000))
    bucket.put("large.pdf", numbers.randbytes(20_000_000))
    with counted("list 30 papers", proxy):
        list(list_sources([bucket.uri("papers/")]))
    for name, size in (("papers/00.pdf", 1), ("large.pdf", 20)):
        with counted(f"fetch a paper of {size} MB", proxy), local_file(bucket.uri(name), 60):
            pass


def main() -> None:
    """Start the store, measure, end it."""
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")
    os.environ.setdefault("RAY_TMPDIR", tempfile.gettempdir())
    program = [sys.executable, str(ROOT / "tests" / "objects" / "s3_server.py")]
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(program, stdin=pipe, stdout=pipe, stderr=null) as server:
        assert server.stdout is not None
        url = server.stdout.readline().decode().strip()
        files = pafs.S3FileSystem(
            region="us-east-1", endpoint_override=url, allow_bucket_creation=True
        )
        files.create_dir("benchmark")
        proxy = Proxy(url)
        try:
            print("| step | requests | by method | seconds |\n|---|---|---|---|")
            measure(Bucket("benchmark", files, proxy))
        finally:
            proxy.stop()
            server.terminate()


if __name__ == "__main__":
    main()
