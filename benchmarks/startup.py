"""How long the command takes to start: `i2l --help` and others that do next to nothing.

    python benchmarks/startup.py

Beside an interpreter that does nothing, in turns. `i2l --help` is to answer within 0.4 s.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 15
I2L = str(Path(sys.executable).with_name("i2l"))
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import i2l_batch": [sys.executable, "-c", "import i2l_batch"],
    "i2l --version": [I2L, "--version"],
    "i2l --help": [I2L, "--help"],
    "i2l transcribe --help": [I2L, "transcribe", "--help"],
    "completion of i2l tra": [I2L],
}
COMPLETION = {"_I2L_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "i2l tra"}


def seconds(name: str) -> float:
    """Wall-clock seconds of one start."""
    extra = COMPLETION if name.startswith("completion") else {}
    began = time.perf_counter()
    subprocess.run(COMMANDS[name], env=os.environ | extra, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def main() -> None:
    """Start each in turn, and print the median and the extremes."""
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, times in taken.items():
            times.append(seconds(name))
    for name, times in taken.items():
        middle, least, most = statistics.median(times), min(times), max(times)
        print(f"{name:<24} {middle:5.2f} s  ({least:.2f} to {most:.2f})")


if __name__ == "__main__":
    main()
