"""Speed of training: images/s by preset and number of workers, and the peak memory of a process.

    python benchmarks/training.py --presets compact-tiny strips-tiny --workers 0 1 2
    python benchmarks/training.py --presets strips nopool --steps 3 --data DATA --set batch_size=8

Each line is a whole run of `i2l train` without validation, in a process of its own; its speed is
that of the metrics table, without the first steps, in which libraries prepare themselves. Without
--data the pictures are noise as wide and as long as real formulas: speed depends on sizes alone.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import ClassVar

import numpy as np

SAMPLES = 600


def measure(args: argparse.Namespace, preset_name: str, workers: int) -> None:
    """Do one run and print a line."""
    from i2l_batch.train.config import TrainJob
    from i2l_batch.train.config_file import override
    from i2l_batch.train.launch.display import Display
    from i2l_batch.train.launch.run import launch
    from i2l_batch.train.logbook import read_metrics
    from i2l_batch.train.monitor import Status
    from i2l_batch.train.presets import preset

    class Clock(Display):
        """Notes the processor time that this process had spent at each step."""

        spent: ClassVar[dict[int, float]] = {}

        def report(self, status: Status) -> None:
            self.spent[status.step] = time.process_time()

    base = preset(preset_name)
    total = args.warmup + args.steps
    settings = [f"max_steps={total}", "epochs=1000", f"log_steps={args.warmup}"]
    settings += ["validate_samples=1", f"validate_steps={total}"]
    config = override(base, [*settings, *args.set])
    with tempfile.TemporaryDirectory() as folder:
        data = args.data
        if data is None:
            em = 14.0 if base.model.architecture == "compact" else base.model.em_pixels
            data = write_noise(Path(folder) / "data", em)
        job = TrainJob(dataset=data, run=Path(folder) / "run", config=config)
        with Clock(-1) as display:
            launch(job, workers=workers, device=args.device, display=display)
        rows = [row for row in read_metrics(job.run / "metrics.csv") if "loss" in row]
    images = rows[-1]["images"] - rows[0]["images"]
    seconds = rows[-1]["seconds"] - rows[0]["seconds"]
    alone = ""
    if not workers:
        processor = (Clock.spent[total] - Clock.spent[args.warmup]) / args.steps
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        alone = f" ({processor:.3f} s of processor time), {memory} MiB"
    print(
        f"{preset_name:<13} {workers} workers, batches of {config.batch_size}: "
        f"{images / seconds:8.2f} images/s, {seconds / args.steps:8.3f} s per step{alone}",
        flush=True,
    )


def write_noise(folder: Path, em: float) -> Path:
    """A data set of pictures of noise with the sizes and lengths of real formulas."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from i2l_batch.extract.crops import encode_png

    rng = np.random.default_rng(0)
    rows = []
    vocabulary = [f"t{i}" for i in range(335)]
    for _ in range(SAMPLES):
        # im2latex-100k: 60 tokens on average, about 0.35 em wide each, 1 to 4 em high.
        length = int(np.clip(rng.lognormal(4.0, 0.45), 5, 150))
        width = min(int(0.35 * em * length), int(32.5 * em))
        height = int(em * rng.choice([1.0, 1.6, 2.5, 3.5]))
        grey = np.where(rng.random((height, width)) < 0.15, 0, 255).astype(np.uint8)
        left = np.linspace(0, width - 2, length).astype(np.int16)
        boxes = np.stack([left, left * 0, left + 2, left * 0 + height], 1)
        rows.append(
            {
                "tokens": rng.choice(vocabulary, length).tolist(),
                "image": encode_png(grey),
                "height": height,
                "width": width,
                "boxes": boxes.astype(np.int16).tobytes(),
                "em": em,
            }
        )
    for split in ("train", "validation"):
        (folder / split).mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows), folder / split / "part-00000.parquet")
    (folder / "dataset.json").write_text(json.dumps({"vocabulary": vocabulary}), "utf-8")
    return folder


def main() -> None:
    """Read the command line; one process per line of the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--presets", nargs="+", default=["compact", "strips-tiny"])
    parser.add_argument("--workers", nargs="+", type=int, default=[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--steps", type=int, default=20, help="that are timed")
    parser.add_argument("--warmup", type=int, default=3, help="steps before")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--set", nargs="*", default=[], help="settings, as of i2l train")
    args = parser.parse_args()
    if len(args.presets) == len(args.workers) == 1:
        measure(args, args.presets[0], args.workers[0])
        return
    shared = ["--steps", str(args.steps), "--warmup", str(args.warmup), "--device", args.device]
    shared += ["--set", *args.set, *(["--data", str(args.data)] if args.data else [])]
    for name in args.presets:
        for workers in args.workers:
            one = ["--presets", name, "--workers", str(workers)]
            subprocess.run([sys.executable, __file__, *one, *shared], check=True)


if __name__ == "__main__":
    main()
