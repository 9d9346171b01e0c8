"""A run on a cluster of several machines gives the rows of a run without one, also when a machine
is lost in the middle of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from i2l_batch.committed import committed_documents
from tests.cluster.machines import Machines
from tests.extract import pdfs
from tests.processes import wait_until
from tests.runs import Rows, direct_rows, documents, rows

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has many addresses for itself, and /proc"
)
ROOT = Path(__file__).resolve().parent.parent.parent

PAPERS, BOOKS, PAGES = 6, 6, 20
"""Papers of one formula, and books of many: the crops of a book are too large to travel with Ray's
messages, and stay on the machine that extracted them."""
ALL = PAPERS + BOOKS

DRIVER = """
import sys
from pathlib import Path
from i2l_batch.config import TranscribeConfig
from i2l_batch.pipeline import transcribe
from i2l_batch.progress import Progress
from tests.fake_readers import SlowReader
papers, output, model, address = sys.argv[1:]
config = TranscribeConfig(model=Path(model), ray_address=address, batch_size=8, commit_seconds=0.2)
account = transcribe([papers], Path(output), config, Progress(1), reader=SlowReader)
print(account.line())
"""


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    folder = Path(tempfile.mkdtemp(prefix="i2l-c-", dir="/tmp"))
    found = Machines(folder)
    yield found
    found.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    for number in range(PAPERS):
        pdfs.paper(folder / f"{number:02d}.pdf", first=100 + number)
    for number in range(BOOKS):
        pdfs.paper(folder / f"book {number}.pdf", pages=PAGES, first=1000 + number * PAGES)
    return folder


@pytest.fixture(scope="module")
def undisturbed(papers: Path) -> Rows:
    return direct_rows([papers])


def start(machines: Machines, papers: Path, output: Path, model: Path) -> subprocess.Popen[str]:
    """A run in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, papers, output, model, machines.address],
        cwd=ROOT,
        env=machines.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("count", [2, 3])
def test_each_machine_has_a_model(
    count: int,
    machines: Machines,
    papers: Path,
    undisturbed: Rows,
    tmp_path: Path,
    checkpoint: Path,
) -> None:
    """Ray by itself puts two on one: they ask for half a core each."""
    found = machines.have(count)
    with start(machines, papers, tmp_path / "out", checkpoint) as driver:
        wait_until(
            lambda: (
                all(machine.workers("SlowReader") for machine in found) or driver.poll() is not None
            )
        )
        models = [len(machine.workers("SlowReader")) for machine in found]
        said, failures = driver.communicate(timeout=100)
    assert models == [1] * count, failures
    assert said.startswith(f"{ALL} documents = {ALL} ok"), failures
    assert rows(tmp_path / "out") == undisturbed


def test_a_machine_is_lost(
    machines: Machines, papers: Path, undisturbed: Rows, tmp_path: Path, checkpoint: Path
) -> None:
    """With its model, the documents that it was extracting, and the crops that it kept."""
    *_, victim = machines.have(3)
    with start(machines, papers, tmp_path / "out", checkpoint) as driver:
        wait_until(lambda: committed_documents(tmp_path / "out") or driver.poll() is not None)
        assert victim.workers("SlowReader")
        machines.lose(victim)
        said, failures = driver.communicate(timeout=100)
    assert said.startswith(f"{ALL} documents = {ALL} ok"), failures
    assert rows(tmp_path / "out") == undisturbed
    assert all(row["attempts"] == 1 for row in documents(tmp_path / "out").values())
