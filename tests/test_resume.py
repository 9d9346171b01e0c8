"""Whatever is killed in the middle of a run, the rows are those of an undisturbed one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from i2l_batch.committed import CommittedDocument, committed_documents
from i2l_batch.errors import StoreError, UsageError
from i2l_batch.extract.files import file_sha256
from i2l_batch.records import Problem, Source
from i2l_batch.resume import decide, decide_all
from i2l_batch.store import Store
from tests.extract import pdfs
from tests.fake_readers import SlowReader
from tests.processes import descendants, is_alive, wait_until
from tests.runs import Rows, direct_rows, documents, rows, run

PAPERS = 25
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    for number in range(PAPERS):
        # No two formulas look the same, or they would be read only once.
        pdfs.paper(folder / f"{number:02d}.pdf", pages=1 + number % 2, first=10 + 2 * number)
    return folder


@pytest.fixture(scope="module")
def undisturbed(papers: Path) -> Rows:
    return direct_rows([papers])


def all_parts_are_whole(output: Path) -> None:
    for part in output.glob("*/*.parquet"):
        pq.read_table(part)


DRIVER = """
import sys
from pathlib import Path
from i2l_batch.config import TranscribeConfig
from i2l_batch.interrupts import end_in_order
from i2l_batch.pipeline import transcribe
from i2l_batch.progress import Progress
from tests.fake_readers import SlowReader
end_in_order()
papers, output, model, address = sys.argv[1:]
config = TranscribeConfig(model=Path(model), ray_address=address, batch_size=2, commit_seconds=0.2)
try:
    account = transcribe([papers], Path(output), config, Progress(-1), reader=SlowReader)
except KeyboardInterrupt:
    sys.exit(130)
sys.exit(account.exit_code)
"""


def start_driver(papers: Path, output: Path, model: Path, address: str) -> subprocess.Popen[str]:
    """A run in a process of its own, on the Ray of the tests."""
    arguments = [str(papers), str(output), str(model), address]
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, *arguments],
        cwd=Path(__file__).resolve().parent.parent,
        stderr=subprocess.PIPE,
        text=True,
    )


def watch(output: Path, driver: subprocess.Popen[str], enough: int) -> None:
    """Read the folder again and again until `enough` documents are committed."""

    def seen() -> bool:
        all_parts_are_whole(output)
        return len(committed_documents(output)) >= enough or driver.poll() is not None

    wait_until(seen, 120)


@linux
def test_a_driver_that_is_killed_again_and_again(
    papers: Path, undisturbed: Rows, tmp_path: Path, checkpoint: Path, cluster: str
) -> None:
    chance = random.Random(5)
    rounds = int(os.environ.get("I2L_FAULT_ROUNDS", "2"))
    output, done = tmp_path / "out", 0
    for _ in range(rounds):
        driver = start_driver(papers, output, checkpoint, cluster)
        watch(output, driver, min(done + chance.randint(1, 8), PAPERS))
        time.sleep(chance.random() / 5)
        driver.kill()
        driver.communicate()
        all_parts_are_whole(output)
        found = rows(output)
        assert found.items() <= undisturbed.items()
        assert len(committed_documents(output)) >= done
        done = len(committed_documents(output))
    driver = start_driver(papers, output, checkpoint, cluster)
    assert driver.communicate()[1] == ""
    assert driver.returncode == 0
    assert rows(output) == undisturbed
    assert len(documents(output)) == PAPERS


@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_commits_what_is_finished(
    papers: Path,
    undisturbed: Rows,
    tmp_path: Path,
    checkpoint: Path,
    cluster: str,
    number: signal.Signals,
) -> None:
    output = tmp_path / "out"
    driver = start_driver(papers, output, checkpoint, cluster)
    watch(output, driver, 2)
    with pytest.raises(StoreError, match=f"is in use by process {driver.pid}"):
        Store.open(output, settings={}, model={})
    driver.send_signal(number)
    assert driver.communicate()[1] == ""
    assert driver.returncode == 130
    assert 2 <= len(documents(output)) < PAPERS
    assert rows(output).items() <= undisturbed.items()


@linux
@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("victim", ["ray::SlowReader", "ray::extract", "extract.child"])
def test_workers_that_are_killed(
    papers: Path, undisturbed: Rows, tmp_path: Path, checkpoint: Path, victim: str
) -> None:
    """A model; an extraction worker with its child; a child alone, which blames its document."""
    output, killed = tmp_path / "out", list[int]()

    def kill() -> None:
        wait_until(lambda: len(committed_documents(output)) >= 3, 120)
        # Looked for once: between two looks a worker may turn to something else.
        wait_until(lambda: killed.extend(descendants(os.getpid(), victim)) or killed)
        for pid in killed:
            os.kill(pid, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    account, _ = run([papers], output, checkpoint, SlowReader, batch_size=2, commit_seconds=0.2)
    thread.join()
    assert killed
    assert account.adds_up
    if account.failed:
        assert victim == "extract.child"
        run([papers], output, checkpoint, retry_failed=True)
    assert rows(output) == undisturbed
    assert not any(map(is_alive, killed))


@pytest.mark.parametrize("status", ["ok", "failed"])
@pytest.mark.parametrize("retry", [False, True])
def test_what_is_done_with_an_input_that_is_known(tmp_path: Path, status: str, retry: bool) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"content")
    source = Source(path=str(path), name="a.pdf", num_bytes=7, media="pdf")

    def earlier(sha256: str | None, num_bytes: int = 7) -> CommittedDocument:
        return CommittedDocument(
            source_sha256=sha256,
            num_bytes=num_bytes,
            formulas=0,
            status=status,  # pyright: ignore[reportArgumentType]
            attempts=1,
        )

    same = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    known = "retry" if retry and status == "failed" else "skip"
    assert decide(source, None, retry).action == "transcribe"
    assert decide(source, earlier(same), retry).action == known
    assert decide(source, earlier(same), retry).attempts == 1
    assert decide(source, earlier(None), retry).action == known
    assert decide(source, earlier("0" * 64), retry).action == "redo"
    assert decide(source, earlier(same, 8), retry).action == "redo"
    assert decide(source, earlier("0" * 64), retry).attempts == 0


def test_decisions_come_in_order_and_are_told(tmp_path: Path) -> None:
    """More files than are read between two looks; each is decided as it would be alone."""
    sources, committed = list[Source | Problem](), dict[str, CommittedDocument]()
    for number in range(150):
        path = tmp_path / f"{number}.pdf"
        path.write_bytes(b"content")
        source = Source(path=str(path), name=path.name, num_bytes=7, media="pdf")
        if number % 3:
            sha256 = file_sha256(str(path)) if number % 3 == 1 else "0" * 64
            committed[path.name] = CommittedDocument(
                source_sha256=sha256, num_bytes=7, formulas=1, status="ok", attempts=1
            )
        sources.append(source)
    sources[0] = Problem(path="/no", name="no", num_bytes=0, error_type="unreadable", message="no")
    told = list[tuple[int, int]]()
    found = decide_all(sources, committed, False, tmp_path, lambda *seen: told.append(seen))
    actions = [decision.action if decision else None for decision in found]
    assert actions == [None, "skip", "redo", *["transcribe", "skip", "redo"] * 49]
    assert told[-1] == (150, 150)
    assert len(told) > 1


def test_a_file_does_not_replace_another_of_its_name(tmp_path: Path) -> None:
    old, new = tmp_path / "2020" / "001.pdf", tmp_path / "2021" / "001.pdf"
    for path in (old, new):
        path.parent.mkdir()
        path.write_bytes(path.parent.name.encode() * 9)
    source = Source(path=str(new), name="001.pdf", num_bytes=36, media="pdf")
    earlier = CommittedDocument(
        path=str(old), source_sha256=file_sha256(str(old)), num_bytes=36, formulas=1, status="ok",
        attempts=1,
    )  # fmt: skip

    def action() -> str:
        (found,) = decide_all([source], {"001.pdf": earlier}, False, Path("out"))
        assert found is not None
        return found.action

    with pytest.raises(UsageError) as caught:
        action()
    assert str(caught.value) == (
        f"001.pdf is already in out, from {old}: name the folder above both, or another -o"
    )
    old.unlink()  # it was moved, and then changed
    assert action() == "redo"
    old.symlink_to(new)
    assert action() == "redo"
    new.write_bytes(b"2020" * 9)  # it was copied
    old.unlink()
    old.write_bytes(new.read_bytes())
    assert action() == "skip"
