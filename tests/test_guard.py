"""Whatever a document does to the process that opens it, the guard says what, and goes on."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from i2l_batch.config import ExtractConfig
from i2l_batch.errors import ErrorType, SourceError, UsageError
from i2l_batch.extract import extract_chunk
from i2l_batch.guard import ExtractionGuard
from tests.extract import pdfs

CONFIG = ExtractConfig(document_timeout=60)


@pytest.fixture(scope="module")
def guard() -> Iterator[ExtractionGuard]:
    with ExtractionGuard() as guard:
        yield guard


def error_of(call: Callable[[], object]) -> SourceError:
    with pytest.raises(SourceError) as caught:
        call()
    return caught.value


def test_guarded_and_direct_extraction_agree(guard: ExtractionGuard, tmp_path: Path) -> None:
    path = str(pdfs.paper(tmp_path / "a.pdf", pages=3))
    assert guard.extract_chunk(path, "pdf", CONFIG, 2) == extract_chunk(path, "pdf", CONFIG, 2)


def test_errors_of_the_document_come_through(guard: ExtractionGuard, tmp_path: Path) -> None:
    (tmp_path / "empty.pdf").touch()
    (tmp_path / "text.pdf").write_text("no pdf " * 100)
    pdfs.without_pages(tmp_path / "zero.pdf")
    pdfs.paper(tmp_path / "locked.pdf", password="secret")
    expected: dict[str, ErrorType] = {
        "empty.pdf": "corrupt",
        "text.pdf": "corrupt",
        "zero.pdf": "corrupt",
        "locked.pdf": "encrypted",
        "missing.pdf": "unreadable",
    }
    for name, error_type in expected.items():
        path = str(tmp_path / name)
        error = error_of(lambda path=path: guard.extract_chunk(path, "pdf", CONFIG))
        assert error.error_type == error_type
        assert path in str(error)
    locked = str(tmp_path / "locked.pdf")
    open_config = ExtractConfig(pdf_password="secret")
    assert len(guard.extract_chunk(locked, "pdf", open_config).crops) == 1
    with pytest.raises(UsageError):
        guard.extract_chunk(locked, "pdf", ExtractConfig(pages="x", pdf_password="secret"))


def test_a_hanging_document_times_out_and_the_next_one_works(
    guard: ExtractionGuard, tmp_path: Path
) -> None:
    hanging = str(pdfs.hanging(tmp_path / "hang.pdf"))
    good = str(pdfs.paper(tmp_path / "good.pdf"))
    guard.extract_chunk(good, "pdf", CONFIG)
    begin = time.monotonic()
    error = error_of(lambda: guard.extract_chunk(hanging, "pdf", CONFIG, seconds=0.5))
    assert error.error_type == "timeout"
    assert time.monotonic() - begin < 5
    assert len(guard.extract_chunk(good, "pdf", CONFIG).crops) == 1


def test_a_greedy_document_runs_out_of_memory(guard: ExtractionGuard, tmp_path: Path) -> None:
    greedy = str(pdfs.greedy(tmp_path / "greedy.pdf"))
    config = ExtractConfig(memory_limit=128, document_timeout=60)
    error = error_of(lambda: guard.extract_chunk(greedy, "pdf", config))
    assert error.error_type == "out_of_memory"
    good = str(pdfs.paper(tmp_path / "good.pdf"))
    assert len(guard.extract_chunk(good, "pdf", config).crops) == 1


def test_a_crash_is_told_from_other_ends(tmp_path: Path) -> None:
    hanging = str(pdfs.hanging(tmp_path / "hang.pdf"))
    before = set(children_of(os.getpid(), "extract.child"))
    with ExtractionGuard() as guard:
        guard.extract_chunk(str(pdfs.paper(tmp_path / "good.pdf")), "pdf", CONFIG)
        (child,) = set(children_of(os.getpid(), "extract.child")) - before
        killer = threading.Timer(0.5, os.kill, (child, signal.SIGSEGV))
        killer.start()
        error = error_of(lambda: guard.extract_chunk(hanging, "pdf", CONFIG))
    assert error.error_type == "crashed"
    assert "SIGSEGV" in str(error)


def test_one_child_serves_many_documents_and_is_gone_afterwards(tmp_path: Path) -> None:
    path = str(pdfs.paper(tmp_path / "a.pdf"))
    before = set(children_of(os.getpid(), "extract.child"))
    with ExtractionGuard() as guard:
        assert set(children_of(os.getpid(), "extract.child")) == before
        guard.extract_chunk(path, "pdf", CONFIG)
        first = set(children_of(os.getpid(), "extract.child")) - before
        guard.extract_chunk(path, "pdf", CONFIG)
        assert set(children_of(os.getpid(), "extract.child")) - before == first
        assert len(first) == 1
    assert not first & set(children_of(os.getpid()))


def test_a_child_that_starts_late_is_of_no_use(tmp_path: Path) -> None:
    """It was kept, and the next document took its "ready" for an answer."""
    path = str(pdfs.paper(tmp_path / "a.pdf"))
    before = set(children_of(os.getpid(), "extract.child"))
    with ExtractionGuard(start_seconds=0) as guard:
        for _ in range(2):
            error = error_of(lambda: guard.extract_chunk(path, "pdf", CONFIG))
            assert "did not start in time" in str(error)
            assert set(children_of(os.getpid(), "extract.child")) == before


def test_the_child_dies_with_its_parent_even_when_stuck(tmp_path: Path) -> None:
    hanging = pdfs.hanging(tmp_path / "hang.pdf")
    program = (
        "from i2l_batch.config import ExtractConfig; from i2l_batch.guard import ExtractionGuard; "
        f"ExtractionGuard().extract_chunk({str(hanging)!r}, 'pdf', ExtractConfig())"
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    children: list[int] = []
    while not children:
        assert parent.poll() is None
        time.sleep(0.1)
        children = children_of(parent.pid, "extract.child")
    time.sleep(3)  # long enough to be stuck in the document
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{child}") for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def children_of(parent: int, program: str = "") -> list[int]:
    """Process ids of the children whose command line holds `program`, zombies included."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], check=True, capture_output=True, text=True
    )
    rows = [line.split(None, 2) for line in listed.stdout.splitlines()]
    return [int(pid) for pid, ppid, args in rows if int(ppid) == parent and program in args]
