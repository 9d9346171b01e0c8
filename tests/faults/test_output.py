"""A results folder that is full, closed, removed or wanted by two: one line says so, what was
committed is whole, and the same command goes on when it is mended."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from i2l_batch.committed import committed_documents
from i2l_batch.errors import StoreError
from i2l_batch.store import Store
from tests.faults import driver as program
from tests.faults.watcher import watched
from tests.processes import descendants, wait_until
from tests.runs import direct_rows, documents, rows, run

IS_ROOT = os.getuid() == 0
CAPABILITIES = "--bounding-set=-dac_override,-dac_read_search"
"""Without these of its privileges root obeys permissions, too."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 100 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk takes more rights")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.usefixtures("cluster")
def test_a_full_disk(few: Path, small_disk: Path, checkpoint: Path) -> None:
    output, expected = small_disk / "out", direct_rows([few])
    with watched(output):
        with pytest.raises(StoreError) as caught:
            run([few], output, checkpoint, commit_seconds=0)
        assert "No space left on device; make room or choose another folder" in str(caught.value)
        assert "\n" not in str(caught.value)
        done = documents(output)
        assert 1 <= len(done) < 6
        assert len(rows(output)) == 4 * len(done)
        assert rows(output).items() <= expected.items()
        (small_disk / "rest").write_bytes(bytes(shutil.disk_usage(small_disk).free))
        with pytest.raises(StoreError, match=r"cannot write .*: No space left on device"):
            run([few], output, checkpoint)
        subprocess.run(["mount", "-o", "remount,size=9m", str(small_disk)], check=True)
        run([few], output, checkpoint)
    assert rows(output) == expected


def test_a_lock_that_could_not_be_written_is_not_held(small_disk: Path) -> None:
    """The same process was told that it uses the folder itself."""
    output = small_disk / "out"
    Store.open(output, settings={}, model={}).close(status="finished", counts={}, timings={})
    (output / ".lock").write_bytes(b"")
    filler = small_disk / "rest"
    filler.write_bytes(bytes(shutil.disk_usage(small_disk).free))
    for _ in range(2):
        with pytest.raises(StoreError, match="No space left on device"):
            Store.open(output, settings={}, model={})
    filler.unlink()
    Store.open(output, settings={}, model={}).close(status="finished", counts={}, timings={})


@pytest.mark.skipif(IS_ROOT and not shutil.which("setpriv"), reason="root may write everywhere")
def test_a_folder_that_is_closed(few: Path, tmp_path: Path, checkpoint: Path, cluster: str) -> None:
    through = ["setpriv", CAPABILITIES] if IS_ROOT else []
    output, expected = tmp_path / "out", direct_rows([few])
    output.mkdir(0o500)
    with program.start(few, output, checkpoint, cluster, through=through) as driver:
        _, said = driver.communicate(timeout=60)
    assert said == f"i2l: cannot write {output}/.lock: Permission denied\n"
    assert driver.returncode == 2
    output.chmod(0o700)
    with watched(output):
        driver = program.start(few, output, checkpoint, cluster, through=through)
        wait_until(lambda: committed_documents(output))
        (output / "formulas").chmod(0o500)
        with driver:
            _, said = driver.communicate(timeout=60)
        part = rf"{output}/formulas/part-\S+\.parquet"
        advice = "make room or choose another folder"
        assert re.fullmatch(rf"i2l: cannot write {part}: Permission denied; {advice}\n", said)
        assert driver.returncode == 2
        assert 1 <= len(documents(output)) < 6
        (output / "formulas").chmod(0o700)
        run([few], output, checkpoint)
    assert rows(output) == expected


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("name", ["", "documents", "formulas", ".lock"])
def test_a_folder_that_is_removed(few: Path, tmp_path: Path, checkpoint: Path, name: str) -> None:
    """All of it, or a part."""
    output, expected = tmp_path / "out", direct_rows([few])

    def remove(_: int) -> None:
        if output.exists() and committed_documents(output):
            target = output / name
            target.unlink() if target.is_file() else shutil.rmtree(target, ignore_errors=True)

    with pytest.raises(StoreError) as caught:
        run([few], output, checkpoint, commit_seconds=0, meddle=remove)
    assert "\n" not in str(caught.value)
    # The error's traceback still holds the readers: they end only if they were ended.
    wait_until(lambda: not descendants(os.getpid(), "ray::HashReader"), 20)
    if name == "formulas":  # rows that were committed are gone, and that is not passed over
        with pytest.raises(StoreError, match="is missing: put the file back"):
            run([few], output, checkpoint)
    run([few], output, checkpoint, overwrite=name == "formulas")
    assert rows(output) == expected


def test_two_at_once(few: Path, tmp_path: Path, checkpoint: Path, cluster: str) -> None:
    output = tmp_path / "out"
    drivers = [program.start(few, output, checkpoint, cluster) for _ in range(2)]
    with watched(output):
        said = [driver.communicate(timeout=120)[1] for driver in drivers]
    first, second = sorted(drivers, key=lambda driver: driver.returncode)
    assert (first.returncode, second.returncode) == (0, 2)
    refusal = "".join(said)
    assert refusal.startswith(f"i2l: {output} is in use by ")
    assert refusal.count("\n") == 1
    assert rows(output) == direct_rows([few])
    assert len(documents(output)) == 6
