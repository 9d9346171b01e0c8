"""`i2l dataset build` as people run it: its report, its errors, Ctrl-C, Ray."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.processes import descendants, wait_until

needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is missing")
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


@pytest.fixture
def formulas(tmp_path: Path) -> Path:
    path = tmp_path / "formulas.txt"
    lines = [rf"\frac{{{a}}}{{{b}}} + {n}" for a in "abcde" for b in "xyz" for n in range(8)]
    path.write_text("\n".join([*lines, r"\input{formulas}", r"\nosuch + 1 + 2"]) + "\n", "utf-8")
    return path


def start(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    """`i2l dataset build ARGUMENTS` in a process group of its own, as from a shell."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("RAY_")}
    return subprocess.Popen(
        [sys.executable, "-m", "i2l_batch.cli", "dataset", "build", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**inherited, **environment},
        start_new_session=True,
    )


def call(*arguments: str | Path, **environment: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    process = start(*arguments, **environment)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


SETTINGS = ("--preset", "paper", "--min-frequency", "0", "--split", "60/20/20")


@needs_tex
def test_a_list_becomes_a_data_set_with_a_report(formulas: Path, tmp_path: Path) -> None:
    output = tmp_path / "ds"
    fonts = ("--font", "computer-modern=0.5", "--font", "times=0.5", "--boxes", "--padding", "3")
    code, out, err = call(formulas, "-o", output, *SETTINGS, *fonts, "--workers", "0")
    assert (code, err) == (0, "")
    report = json.loads((output / "dataset.json").read_text("utf-8"))
    counts = report["counts"]
    assert (counts["read"], counts["kept"]) == (122, 120)
    assert report["rejected"] == {
        r"holds \input, which formulas may not use": 1,
        "Undefined control sequence": 1,
    }
    assert "I2L-140K" in out
    rows = sum(pq.read_metadata(path).num_rows for path in output.rglob("part-*.parquet"))
    assert rows == 120
    again = call(formulas, "-o", output, *SETTINGS, *fonts, "--workers", "0")
    assert again == (0, out, "")
    code, out, err = call(formulas, "-o", output, *SETTINGS, *fonts, "--seed", "1")
    assert (code, out) == (2, "")
    assert "made with other settings (seed)" in err
    assert err.count("\n") == 1


@needs_tex
@linux
@pytest.mark.parametrize(("workers", "number"), [("0", signal.SIGINT), ("1", signal.SIGTERM)])
def test_an_interrupted_build_says_so_and_can_go_on(
    tmp_path: Path, workers: str, number: signal.Signals
) -> None:
    formulas = tmp_path / "formulas.txt"
    lines = [
        rf"{a} + \sqrt{{{b}}} + {n}" for a in "abcdefgh" for b in "stuvwxyz" for n in range(20)
    ]
    formulas.write_text("\n".join(lines), "utf-8")
    output = tmp_path / "ds"
    command = (formulas, "-o", output, *SETTINGS, "--workers", workers)
    process = start(*command)
    wait_until(lambda: (output / "train").exists() and descendants(process.pid, "pdflatex"))
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted" in err
    assert "the same command goes on" in err
    assert not (output / "dataset.json").exists()
    assert not list(output.rglob(".part-*"))
    assert not descendants(process.pid)
    code, _, err = call(*command[:-1], "0")
    assert code == 0, err
    report = json.loads((output / "dataset.json").read_text("utf-8"))
    assert report["counts"]["kept"] == len(lines)


def test_missing_tex_is_told_before_any_work(formulas: Path, tmp_path: Path) -> None:
    code, out, err = call(formulas, "-o", tmp_path / "ds", PATH=str(tmp_path))
    assert (code, out) == (2, "")
    assert err.startswith("i2l: pdflatex is not installed: ")
    assert "apt-get install" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "ds").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--dpi", "fine"], "--dpi fine: give a number"),
        (["--split", "80/10"], "--split 80/10: give three percentages"),
        (["--font", "comic"], "no font 'comic': choose from"),
        (["--workers", "-1"], "--workers -1: use 1 or more"),
    ],
)
def test_wrong_options_are_one_line(
    formulas: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    code, out, err = call(formulas, "-o", tmp_path / "ds", *options)
    assert (code, out) == (2, "")
    assert err.startswith(f"i2l: {message}")
    assert err.count("\n") == 1
