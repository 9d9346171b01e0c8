"""Processes that read pictures ahead, and the two things that befall them: Ctrl-C and death."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.processes import descendants
from tests.train.little_world import samples, write_dataset

SETTINGS = ["epochs=1000", "batch_size=8", "data.loader_workers=1", "validate_samples=4"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    drawn = samples(40, 3)
    return write_dataset(tmp_path_factory.mktemp("world") / "ds", drawn, drawn)


def command(dataset: Path, run: Path, settings: Sequence[str] = SETTINGS) -> subprocess.Popen[str]:
    """`i2l train` in a process group of its own, as a shell starts it."""
    options = ["-o", str(run), "--preset", "strips-tiny", "--device", "cpu", "--workers", "0"]
    return subprocess.Popen(
        [sys.executable, "-m", "i2l_batch.cli", "train", str(dataset), *options]
        + [word for setting in settings for word in ("--set", setting)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def await_line(process: subprocess.Popen[str], text: str) -> None:
    """Read what it tells until a line holds the text."""
    assert process.stderr
    seen = ""
    while text not in (line := process.stderr.readline()):
        assert line, f"it ended without '{text}': {seen}"
        seen += line


def test_ctrl_c_while_they_start(dataset: Path, tmp_path: Path) -> None:
    """A terminal sends the signal to them too; the step is done all the same, and a checkpoint."""
    reached = 0
    for _ in range(2):
        process = command(dataset, tmp_path / "run")
        await_line(process, f"from step {reached} to 5000")
        os.killpg(process.pid, signal.SIGINT)
        err = process.communicate(timeout=120)[1]
        assert process.returncode == 130, err
        assert "Traceback" not in err
        assert "stopping after this step with a checkpoint" in err
        progress = json.loads((tmp_path / "run" / "latest" / "progress.json").read_text())
        assert progress["step"] > reached
        reached = progress["step"]


def test_one_that_dies_is_one_line(dataset: Path, tmp_path: Path) -> None:
    process = command(dataset, tmp_path / "run", [*SETTINGS, "validate_steps=5"])
    await_line(process, "step 5: validation")
    readers = descendants(process.pid, "multiprocessing.spawn")
    os.kill(readers[-1], signal.SIGKILL)
    err = process.communicate(timeout=120)[1]
    assert process.returncode == 2, err
    assert err.splitlines()[-1].startswith("i2l: a process that reads pictures died")
    assert "Traceback" not in err
