"""Speed of the transcriber alone: formulas/s, greedy and beam 5, and its peak memory.

    python benchmarks/transcribe.py examples/formulas --repeat 25
    python benchmarks/transcribe.py IMAGES --limit 500

Each beam size runs in a process of its own, so that peak memory is its own. Pictures are loaded
before the clock starts; the first batch is run once beforehand, since libraries prepare themselves
then. Repeated pictures differ a little in size, or the transcriber would read them only once.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image


def measure(args: argparse.Namespace) -> None:
    """Run one beam size and print a line."""
    from i2l_batch.models.files import SHIPPED
    from i2l_batch.transcriber import Transcriber

    began = time.perf_counter()
    transcriber = Transcriber(
        args.model or SHIPPED,
        device=args.device,
        beam_size=args.beam_size,
        batch_size=args.batch_size,
        num_threads=args.threads,
    )
    loading = time.perf_counter() - began
    pictures = read_pictures(args.images, args.limit, args.repeat)
    transcriber.transcribe(pictures[: args.batch_size])
    began = time.perf_counter()
    answers = transcriber.transcribe(pictures)
    seconds = time.perf_counter() - began
    tokens = sum(answer.num_tokens for answer in answers)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak /= 2**20 if sys.platform == "darwin" else 2**10
    print(
        f"beam {args.beam_size}: {len(pictures) / seconds:6.1f} formulas/s, "
        f"{tokens / seconds:6.0f} tokens/s, {tokens / len(pictures):5.1f} tokens a formula, "
        f"load {loading:.1f} s, peak {peak:.0f} MiB"
    )


def read_pictures(folder: Path, limit: int | None, repeat: int) -> list[np.ndarray]:
    """Grey pictures of a folder, `repeat` times, each time 1 % larger."""
    paths = sorted(p for p in folder.iterdir() if p.suffix in (".png", ".jpg"))[:limit]
    images = [Image.open(path).convert("L") for path in paths]
    return [
        np.asarray(image.resize((round(image.width * scale), round(image.height * scale))))
        for scale in (1 + 0.01 * k for k in range(repeat))
        for image in images
    ]


def main() -> None:
    """Measure beam sizes 1 and 5, each in its own process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--beam-size", type=int, help="measure this one here, in this process")
    args = parser.parse_args()
    if args.beam_size:
        measure(args)
        return
    for beam_size in ("1", "5"):
        subprocess.run([sys.executable, *sys.argv, "--beam-size", beam_size], check=True)


if __name__ == "__main__":
    main()
