"""A store that is killed at any line of its code, or finds no room: a part is whole or absent."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from i2l_batch.errors import StoreError
from tests.faults.plugs import SEED
from tests.formula_samples import add, expected, files, open_store, read
from tests.full_disk import room_for
from tests.processes import ROOT


def test_killed_at_any_line_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.faults.kill_rounds", tmp_path / "results", str(SEED)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    killed = re.findall(r"(\w+) \d+ killed", run.stdout)
    assert killed.count("whole_file") >= 7
    assert killed.count("_commit") >= 4
    assert killed.count("remove_earlier") >= 3
    assert killed.count("write") >= 3  # of what is kept for the next run
    assert "finished" in run.stdout


def test_next_run_removes_what_was_never_committed(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        add(store, "a.pdf")
    whole = files(tmp_path)
    part = f"part-{store.run}-000007.parquet"
    (tmp_path / "formulas" / part).write_bytes((tmp_path / sorted(whole)[1]).read_bytes())
    (tmp_path / "formulas" / f".{part}.tmp").write_bytes(b"PAR1 half")
    (tmp_path / "runs" / f".{store.run}.json.tmp").write_bytes(b"{")
    assert set(read(tmp_path)) == expected("a.pdf", "v1", 1)
    with open_store(tmp_path) as store:
        assert files(tmp_path) == {*whole, f"runs/{store.run}.json"}


def test_full_disk_is_one_line_and_no_half_file(tmp_path: Path) -> None:
    noise = os.urandom(50_000)
    with open_store(tmp_path) as store:
        add(store, "a.pdf", formulas=2)
        store.flush()
        before = files(tmp_path)
        add(store, "b.pdf", formulas=2, error_message=noise.hex())
        with room_for(30_000), pytest.raises(StoreError) as caught:
            store.flush()
        part = f"part-{store.run}-000001.parquet"
        assert str(caught.value) == (
            f"cannot write {tmp_path}/documents/{part}: File too large;"
            " make room or choose another folder"
        )
        assert files(tmp_path) == {*before, f"formulas/{part}"}  # not committed, hence not read
        assert set(read(tmp_path)) == expected("a.pdf", "v1", 2)
    # With room again, closing commits what was kept.
    assert set(read(tmp_path)) == expected("a.pdf", "v1", 2) | expected("b.pdf", "v1", 2)
