"""Speed of the readers alone: formulas/s of all cores, peak memory of a process, loading time.

    python benchmarks/transcribe.py IMAGES --limit 1000
    python benchmarks/transcribe.py examples/formulas --repeat 25

As in a run there is one process of one thread on each core. Each has its share of the pictures,
which are loaded before the clock starts; the first batch is run once beforehand, since libraries
prepare themselves then. Beam 1, auto and 5, one after the other. Repeated pictures differ a little
in size, or they would be read only once.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def measure(args: argparse.Namespace) -> dict[str, float]:
    """Read a share of the pictures with one beam size, in this process."""
    began = time.perf_counter()
    from i2l_batch.models.files import SHIPPED
    from i2l_batch.transcriber import Transcriber

    importing = time.perf_counter() - began
    transcriber = Transcriber(
        args.model or SHIPPED,
        device=args.device,
        beam_size="auto" if args.beam_size == "auto" else int(args.beam_size),
        batch_size=args.batch_size,
        num_threads=args.threads,
    )
    loading = time.perf_counter() - began
    part, parts = map(int, args.part.split("/"))
    pictures = read_pictures(args.images, args.limit, args.repeat)[part::parts]
    transcriber.transcribe(pictures[: transcriber.reader.batch.pictures])
    print("ready", flush=True)
    sys.stdin.readline()  # until all processes are
    began = time.perf_counter()
    answers = transcriber.transcribe(pictures)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "formulas": len(pictures),
        "seconds": time.perf_counter() - began,
        "tokens": sum(answer.num_tokens for answer in answers),
        "importing": importing,
        "loading": loading,
        "peak": peak / (2**20 if sys.platform == "darwin" else 2**10),
    }


def read_pictures(folder: Path, limit: int | None, repeat: int) -> list[np.ndarray]:
    """Grey pictures of a folder, `repeat` times, each time 1 % larger."""
    paths = sorted(p for p in folder.iterdir() if p.suffix in (".png", ".jpg"))[:limit]
    images = [Image.open(path).convert("L") for path in paths]
    return [
        np.asarray(image.resize((round(image.width * scale), round(image.height * scale))))
        for scale in (1 + 0.01 * k for k in range(repeat))
        for image in images
    ]


def together(beam_size: str, processes: int) -> None:
    """Run one beam size on all cores, and print a line."""
    options = [*sys.argv[1:], "--beam-size", beam_size]
    running = [
        subprocess.Popen(
            [sys.executable, __file__, *options, "--part", f"{part}/{processes}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for part in range(processes)
    ]
    for process in running:
        assert process.stdout
        process.stdout.readline()
    shares: list[dict[str, Any]] = []
    for process in running:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        assert process.stdout
        shares.append(json.loads(process.stdout.read()))
        process.wait()
    seconds = max(share["seconds"] for share in shares)
    formulas, tokens = (sum(share[key] for share in shares) for key in ("formulas", "tokens"))
    print(
        f"beam {beam_size:<4}: {formulas / seconds:5.1f} formulas/s, "
        f"{tokens / seconds:5.0f} tokens/s, load {max(s['loading'] for s in shares):.1f} s "
        f"({max(s['importing'] for s in shares):.1f} s of it imports), "
        f"peak {max(s['peak'] for s in shares):.0f} MiB a process"
    )


def main() -> None:
    """Measure greedy decoding, auto and a beam of 5."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--beam-size", help="of a child process")
    parser.add_argument("--part", help="of a child process: which share of the pictures")
    args = parser.parse_args()
    if args.part:
        print(json.dumps(measure(args)))
        return
    for beam_size in ("1", "auto", "5"):
        together(beam_size, args.processes)


if __name__ == "__main__":
    main()
