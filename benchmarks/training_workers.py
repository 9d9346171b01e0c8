"""Training speed by the number of workers: images/s, and seconds until the first step begins.

    python benchmarks/training_workers.py DATA --presets compact,strips-tiny --workers 0,1,2

Each run is an `i2l train` of its own in a new folder, with the same data, seed and global batch:
only the number of workers differs. The first steps, in which libraries prepare themselves, are not
counted, nor are validations.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

WARM_UP = 5
"""Steps before the clock starts."""


class Speed(NamedTuple):
    """What a run took."""

    start: float
    """Seconds from the command to the first step."""
    images_per_second: float
    steps: int
    end: float
    """Seconds from the last step to the command's end, the last validation included."""
    loss: float
    """Of the last step: equal for any number of workers, if the model has no batch statistics."""


def measure(data: Path, preset: str, workers: int, steps: int, validate: int) -> Speed:
    """Train in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        settings = {"log_steps": 1, "epochs": 1000, "validate_samples": validate}
        settings |= {"max_steps": steps + WARM_UP, "validate_steps": steps + WARM_UP}
        command = [sys.executable, "-m", "i2l_batch.cli", "train", str(data), "--output", str(run)]
        command += ["--preset", preset, "--workers", str(workers), "--device", "cpu", "--quiet"]
        for key, value in settings.items():
            command += ["--set", f"{key}={value}"]
        began = time.perf_counter()
        process = subprocess.Popen(command)
        while process.poll() is None and not rows(run):
            time.sleep(0.02)
        first = time.perf_counter() - began
        while process.poll() is None and len(rows(run)) < steps + WARM_UP:
            time.sleep(0.02)
        last = time.perf_counter() - began
        if process.wait():
            sys.exit(process.returncode)
        end = time.perf_counter() - began - last
        table = [row for row in rows(run) if row["loss"]]
    warm, done = table[WARM_UP - 1], table[-1]
    images, seconds = (float(done[key]) - float(warm[key]) for key in ("images", "seconds"))
    start = first - float(table[0]["seconds"])
    return Speed(start, images / seconds, steps, end, float(done["loss"]))


def rows(run: Path) -> list[dict[str, str]]:
    """The metrics table so far."""
    path = run / "metrics.csv"
    return list(csv.DictReader(path.read_text().splitlines())) if path.exists() else []


def main() -> None:
    """A line for each preset and number of workers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--presets", default="compact,strips-tiny")
    parser.add_argument("--workers", default="0,1,2")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--validate-samples", type=int, default=8)
    args = parser.parse_args()
    for preset in args.presets.split(","):
        for workers in map(int, args.workers.split(",")):
            speed = measure(args.data, preset, workers, args.steps, args.validate_samples)
            print(
                f"{preset:12} {workers} workers: {speed.images_per_second:6.1f} images/s over "
                f"{speed.steps} steps, start {speed.start:5.1f} s, end {speed.end:4.1f} s, "
                f"loss {speed.loss:.5f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
