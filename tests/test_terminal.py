"""The command line as a shell and a terminal see it: completion, near misses, colours, pipes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("i2l")
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[1-8]|9[0-7])")


def i2l(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`i2l ARGUMENTS` with nothing else said about the terminal."""
    silent = {"NO_COLOR", "FORCE_COLOR", "PY_COLORS", "CLICOLOR_FORCE", "GITHUB_ACTIONS"}
    inherited = {key: value for key, value in os.environ.items() if key not in silent}
    return subprocess.run(
        [COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=inherited | environment,
    )


def completed(line: str, shell: str = "zsh") -> str:
    """What a shell is offered at the end of a command line."""
    run = i2l(_I2L_COMPLETE=f"complete_{shell}", _TYPER_COMPLETE_ARGS=line)
    assert run.stderr == ""
    return run.stdout


def test_commands_and_options_are_completed() -> None:
    offered = completed("i2l tra")
    assert "transcribe" in offered
    assert "train" in offered
    assert "query" not in offered
    assert "--beam-size" in completed("i2l transcribe --bea")
    assert "markdown" in completed("i2l query results --format ma")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_is_told_how(shell: str) -> None:
    run = i2l("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert run.returncode == 0, run.stderr
    assert "_I2L_COMPLETE" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["transcibe", "papers"], "transcribe"),
        (["transcribe", "papers", "--beamsize", "3"], "--beam-size"),
        (["query", "results", "--formt", "csv"], "--format"),
        (["query", "results", "--format", "cvs"], "csv"),
    ],
)
def test_the_nearest_name_is_told(arguments: list[str], meant: str) -> None:
    run = i2l(*arguments)
    assert run.returncode == 2
    assert meant in run.stderr
    assert run.stdout == ""


def test_colours_are_for_terminals_that_want_them() -> None:
    assert COLOUR.search(i2l("--help", FORCE_COLOR="1").stdout)
    assert not COLOUR.search(i2l("--help", FORCE_COLOR="1", NO_COLOR="1").stdout)
    assert "\x1b[" not in i2l("--help").stdout
