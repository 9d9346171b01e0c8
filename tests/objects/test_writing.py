"""Writing to an object store: what is committed stays, whatever happens on the way there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from i2l_batch.committed import committed_documents
from i2l_batch.errors import StoreError
from i2l_batch.kept import KEPT_NAME
from i2l_batch.lease import Lease, Timing
from i2l_batch.results import open_results
from tests.formula_samples import add, expected, open_store, read
from tests.objects.bucket import QUICK, Bucket
from tests.objects.proxy import Fault

ROOT = Path(__file__).resolve().parent.parent.parent


def test_a_store_that_falters_costs_nothing(bucket: Bucket) -> None:
    """A failure of each kind at each step of a commit."""
    faults: list[Fault] = ["busy", "cut request", "cut answer", "stall"]
    steps = [("PUT", "/formulas/part"), ("PUT", "/documents/part"), ("GET", ".lease")]
    rows: set[tuple[str, str]] = set()
    with open_store(bucket.folder("r", Timing(renew=60, dead=90, settle=0.4))) as store:
        for fault in faults:
            for method, part in steps if fault != "stall" else steps[1:2]:
                bucket.faults(fault, 1, method, part)
                add(store, f"{fault}{part}", formulas=2)
                store.flush()
                rows |= expected(f"{fault}{part}", "v1", 2)
    assert set(read(bucket.uri("r"))) == rows
    assert len(open_results(bucket.uri("r")).parts) == 10


def test_what_is_kept_for_the_next_run(bucket: Bucket) -> None:
    """Its writer is killed, and stores falter."""
    uri = bucket.uri("r")
    first = open_store(bucket.folder("r", Timing(renew=1e6, dead=0.5, settle=0.2)))
    for fault in ("busy", "cut request", "cut answer"):
        bucket.faults(fault, 1, "PUT", KEPT_NAME)
        first.kept.write([fault, "x"])
    assert read(uri) == []  # who reads results does not see it
    with open_store(bucket.folder("r")) as store:
        assert store.kept.read() == ["cut answer", "x"]
        with pytest.raises(StoreError, match="was taken over by process"):
            first.kept.write(["late"])
        add(store, "a.pdf")
        bucket.faults("busy", 1, "DELETE", KEPT_NAME)
    assert f"r/{KEPT_NAME}" not in bucket.objects()
    assert set(read(uri)) == expected("a.pdf", "v1", 1)
    first.close(status="failed", counts={}, timings={})


def test_an_upload_that_breaks_off_leaves_nothing_under_the_name(bucket: Bucket) -> None:
    """Of a large object, which is put in pieces, and of a small one."""
    for size in (100, 24_000_000):
        folder = bucket.folder("r", max_attempts=1)
        bucket.proxy.fault = lambda method, path: (
            "cut request" if method == "PUT" and "partNumber=1" not in path else None
        )
        with pytest.raises(StoreError, match=r"cannot write s3://.*/r/formulas/x"):
            folder.put("formulas/x", b"x" * size)
        bucket.proxy.fault = lambda _method, _path: None
        assert bucket.objects() == {}
    folder.put("formulas/x", b"x" * size)
    assert bucket.objects() == {"r/formulas/x": size}


def test_a_block_that_raises_writes_nothing(bucket: Bucket) -> None:
    folder = bucket.folder("r")
    with pytest.raises(ZeroDivisionError), folder.whole_file("formulas/x") as file:
        file.write(b"half" * (1 // (file.write(b"half") - 4)))
    assert bucket.objects() == {}
    with folder.whole_file("formulas/x") as file:
        file.write(b"half")
        file.write(b" and half")
    assert bucket.get("r/formulas/x") == b"half and half"


def test_a_store_that_is_gone_ends_the_run_and_what_is_committed_stays(bucket: Bucket) -> None:
    store = open_store(bucket.folder("r", max_attempts=2))
    add(store, "a.pdf", formulas=2)
    store.flush()
    add(store, "b.pdf", formulas=2)
    bucket.proxy.fault = lambda _method, _path: "cut request"
    began = time.monotonic()
    with pytest.raises(
        StoreError, match=r"cannot read s3://.*/.lease.*NETWORK_CONNECTION"
    ) as caught:
        store.close(status="failed", counts={}, timings={})
    assert time.monotonic() - began < 20
    assert "\n" not in str(caught.value)
    bucket.proxy.fault = lambda _method, _path: None
    assert set(read(bucket.uri("r"))) == expected("a.pdf", "v1", 2)
    with open_store(bucket.folder("r")) as store:  # it is back, and so are we
        assert list(store.committed()) == ["a.pdf"]
        add(store, "b.pdf", formulas=2)
    assert set(read(bucket.uri("r"))) == expected("a.pdf", "v1", 2) | expected("b.pdf", "v1", 2)


def test_what_may_not_be_written_is_told_at_once(bucket: Bucket) -> None:
    bucket.proxy.fault = lambda method, _path: "forbidden" if method == "PUT" else None
    began = time.monotonic()
    with pytest.raises(StoreError, match=r"ACCESS_DENIED.*check AWS_ACCESS_KEY_ID"):
        open_store(bucket.folder("r"))
    assert time.monotonic() - began < 10
    assert bucket.objects() == {}


PROGRAM = """
import sys
from tests.formula_samples import add, open_store
from tests.objects.bucket import QUICK
from i2l_batch.object_folder import ObjectFolder
from i2l_batch.object_uri import parse_place
store = open_store(ObjectFolder(parse_place(sys.argv[1]), QUICK), overwrite=sys.argv[2] == "over")
print("ready", flush=True)
for source in ("a.pdf", "b.pdf"):
    if source not in store.committed():
        add(store, source, sys.argv[3], formulas=3)
        store.flush()
store.close(status="finished", counts={}, timings={})
"""


def writer(uri: str, *arguments: str) -> subprocess.Popen[str]:
    program = [sys.executable, "-c", PROGRAM, uri, *arguments]
    return subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("place", "committed"), [("documents/part", 0), ("runs/", 1)])
def test_a_writer_that_is_killed_at_a_put(bucket: Bucket, place: str, committed: int) -> None:
    """Between the two puts, and after them; the next one does not wait for its lease."""
    uri = bucket.uri("r")
    seen: list[str] = []
    child = writer(uri, "resume", "v1")

    def kill(method: str, path: str) -> Fault | None:
        if method == "PUT" and place in path:
            seen.append(path)
            if place != "runs/" or len(seen) == 2:  # the first is the start's
                os.kill(child.pid, signal.SIGKILL)
                return "cut request"
        return None

    bucket.proxy.fault = kill
    assert child.wait(60) == -signal.SIGKILL
    child.communicate()
    bucket.proxy.fault = lambda _method, _path: None
    assert len(committed_documents(uri)) == committed
    assert "r/.lease" in bucket.objects()
    assert len(read(uri)) == 3 * committed
    if place == "documents/part":
        assert len(bucket.objects("r/formulas")) == 1  # the orphan, which does not count
    with open_store(bucket.folder("r", Timing(renew=30, dead=1e9, settle=0.4))) as store:
        assert len(store.committed()) == committed
        assert len(bucket.objects("r/formulas")) == committed
        for source in {"a.pdf", "b.pdf"} - store.committed().keys():
            add(store, source, formulas=3)
    assert set(read(uri)) == expected("a.pdf", "v1", 3) | expected("b.pdf", "v1", 3)
    states = [run["status"] for run in open_results(uri).runs()]
    assert states == ["interrupted", "finished"]


def test_overwriting_replaces_at_the_first_commit(bucket: Bucket) -> None:
    uri = bucket.uri("r")
    with open_store(bucket.folder("r")) as store:
        add(store, "a.pdf")
        add(store, "b.pdf")
    with open_store(bucket.folder("r"), overwrite=True) as store:
        add(store, "a.pdf", "v2", formulas=2)
        assert set(read(uri)) == expected("a.pdf", "v1", 1) | expected("b.pdf", "v1", 1)
        store.flush()
        assert set(read(uri)) == expected("a.pdf", "v2", 2)
    assert len(bucket.objects("r/documents")) == len(bucket.objects("r/runs")) == 1


def test_a_foreign_prefix_is_refused_untouched(bucket: Bucket) -> None:
    bucket.put("r/thesis.tex", b"precious")
    with pytest.raises(StoreError, match=r"holds no results of ours \(thesis.tex is in it\)"):
        open_store(bucket.folder("r"))
    with pytest.raises(StoreError, match="is a file: choose a folder for the results"):
        open_store(bucket.folder("r/thesis.tex"))
    assert bucket.objects() == {"r/thesis.tex": 8}


# --- one writer ------------------------------------------------------------------------------


def test_a_second_writer_is_refused_while_the_first_lives(bucket: Bucket) -> None:
    with open_store(bucket.folder("r")) as store:
        with pytest.raises(StoreError, match=rf"is in use by process {os.getpid()} on \S+ since"):
            open_store(bucket.folder("r"))
        add(store, "a.pdf")
    open_store(bucket.folder("r")).close(status="finished", counts={}, timings={})
    assert "r/.lease" not in bucket.objects()


def test_of_many_that_start_together_at_most_one_gets_in(bucket: Bucket) -> None:
    """Each is alone with the store from its first look to its verdict, as far as it can tell."""
    held: list[Lease] = []
    refused: list[str] = []
    barrier = threading.Barrier(4)

    def start() -> None:
        folder = bucket.folder("r", Timing(renew=0.2, dead=5.0, settle=1.0))
        barrier.wait()
        try:
            held.append(folder.lock())
        except StoreError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(held) <= 1
    assert len(held) + len(refused) == 4
    for lease in held:
        lease.check()
        lease.release()


def test_a_lease_of_a_machine_that_died_is_taken_over(bucket: Bucket) -> None:
    """Its process is not known here, and its clock does not matter: it shows no more life."""
    bucket.put("r/.lease", b'{"token": "other", "machine": "m", "pid": 1, "started": "2099"}')
    began = time.monotonic()
    with open_store(bucket.folder("r")) as store:
        assert QUICK.dead <= time.monotonic() - began
        add(store, "a.pdf")
    assert set(read(bucket.uri("r"))) == expected("a.pdf", "v1", 1)


def test_who_lost_the_lease_commits_nothing_more(bucket: Bucket) -> None:
    """It slept too long, and another one went on in its place."""
    asleep = open_store(bucket.folder("r", Timing(renew=1e6, dead=1.0, settle=0.4)))
    add(asleep, "a.pdf", "old")
    with open_store(bucket.folder("r", Timing(renew=0.2, dead=0.5, settle=0.4))) as awake:
        add(awake, "a.pdf", "new")
        awake.flush()
        with pytest.raises(StoreError, match=r"was taken over by process \d+ on .*: nothing more"):
            asleep.flush()
        add(awake, "b.pdf", "new")
    with pytest.raises(StoreError, match="was taken over by another process"):
        asleep.close(status="failed", counts={}, timings={})
    assert set(read(bucket.uri("r"))) == expected("a.pdf", "new", 1) | expected("b.pdf", "new", 1)
    with open_store(bucket.folder("r")):  # removes what the sleeper put before it looked
        pass
    assert len(bucket.objects("r/formulas")) == len(open_results(bucket.uri("r")).parts) == 2
