"""A run on a cluster of several machines has a model on each, and gives the rows of a run without
one although a machine is lost in the middle of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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

PAPERS, BOOKS, PAGES = 4, 6, 16
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
config = TranscribeConfig(model=Path(model), ray_address=address, batch_size=1, commit_seconds=0.2)
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


@contextmanager
def running(
    machines: Machines, papers: Path, output: Path, model: Path
) -> Iterator[subprocess.Popen[str]]:
    """A run in a process of its own."""
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, papers, output, model, machines.address],
        cwd=ROOT,
        env=machines.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield driver
    finally:
        driver.kill()
        driver.communicate()


@pytest.mark.parametrize("count", [3, 2])
def test_a_machine_is_lost(
    count: int,
    machines: Machines,
    papers: Path,
    undisturbed: Rows,
    tmp_path: Path,
    checkpoint: Path,
) -> None:
    """With its model, the document that it was extracting, and the crops that it kept. A model in
    place of that one took from another machine what that needs for extraction: where one of two
    was lost, the last one waited for itself."""
    found = machines.have(count)
    output = tmp_path / "out"
    with running(machines, papers, output, checkpoint) as driver:

        def begun() -> bool:
            models = all(machine.workers("SlowReader") for machine in found)
            return models and len(committed_documents(output)) > 1

        wait_until(lambda: begun() or driver.poll() is not None, 120)
        models = [len(machine.workers("SlowReader")) for machine in found]
        machines.lose(found[-1])
        said, failures = driver.communicate(timeout=240)
    assert models == [1] * count, failures
    assert said.startswith(f"{ALL} documents = {ALL} ok"), failures
    assert rows(output) == undisturbed
    assert all(row["attempts"] == 1 for row in documents(output).values())
