"""Our model beside the architecture of pix2tex, on the same pictures and core, at the same length.

    python -m venv other && other/bin/pip install pix2tex==0.1.4
    python benchmarks/compare.py IMAGES --other other/bin/python --limit 100

pix2tex has random weights here, which cost as much as trained ones; for each picture it writes as
many tokens as we do, and is given no time for loading, nor for its resizing network. It reads one
picture at a time, as its command does. Each side runs in a process of its own, one thread each.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

MULTIPLE = 32
"""Pixels that sides of pix2tex's pictures are a multiple of."""


def pictures(folder: Path, limit: int) -> list[np.ndarray]:
    """Grey pictures (H, W) uint8, in the order of their names."""
    paths = sorted(path for path in folder.iterdir() if path.suffix == ".png")[:limit]
    return [np.asarray(Image.open(path).convert("L")) for path in paths]


def read_ours(images: list[np.ndarray], beam_size: Any) -> dict[str, Any]:
    """Seconds, and the tokens of each answer."""
    from i2l_batch.transcriber import Transcriber

    transcriber = Transcriber(beam_size=beam_size, num_threads=1)
    transcriber.transcribe(images[:8])
    began = time.perf_counter()
    answers = transcriber.transcribe(images)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "lengths": [answer.num_tokens + 1 for answer in answers]}


def read_theirs(images: list[np.ndarray], lengths: list[int]) -> dict[str, Any]:
    """Seconds for answers of these lengths. Runs where pix2tex is installed."""
    import pix2tex  # pyright: ignore[reportMissingImports]
    import torch
    import yaml
    from munch import Munch  # pyright: ignore[reportMissingImports]
    from pix2tex.models import get_model  # pyright: ignore[reportMissingImports]

    torch.set_num_threads(1)
    settings = Path(str(pix2tex.__file__)).parent / "model" / "settings" / "config.yaml"
    options = Munch(yaml.safe_load(settings.read_text()), device="cpu", wandb=False)
    model = get_model(options).eval()
    batches = [padded(image, options.max_height, options.max_width) for image in images]

    def generate(batch: np.ndarray, length: int) -> None:
        start = torch.full((1, 1), options.bos_token)
        model.decoder.generate(start, length, context=model.encoder(torch.from_numpy(batch)))

    with torch.no_grad():
        generate(batches[0], 8)
        began = time.perf_counter()
        for batch, length in zip(batches, lengths, strict=True):
            generate(batch, length)
        seconds = time.perf_counter() - began
    return {"seconds": seconds}


def padded(image: np.ndarray, max_height: int, max_width: int) -> np.ndarray:
    """(1, 1, H, W) float ink, shrunk to what pix2tex takes, sides multiples of 32."""
    scale = min(1.0, max_height / image.shape[0], max_width / image.shape[1])
    size = (max(1, int(image.shape[1] * scale)), max(1, int(image.shape[0] * scale)))
    grey = np.asarray(Image.fromarray(image).resize(size))
    sides = [-(-side // MULTIPLE) * MULTIPLE for side in grey.shape]
    canvas = np.full(sides, 255, np.uint8)
    canvas[: grey.shape[0], : grey.shape[1]] = grey
    return (canvas.astype(np.float32) / 255)[None, None]


def child(python: str, args: argparse.Namespace, *options: str, given: str = "") -> dict[str, Any]:
    """This script in another process, and what it prints."""
    command = [python, __file__, str(args.images), "--limit", str(args.limit), *options]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Read all pictures with both, and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path)
    parser.add_argument("--other", help="Python of an environment with pix2tex")
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--side", choices=["1", "5", "auto", "theirs"], help="of a child process")
    args = parser.parse_args()
    if args.side:
        images = pictures(args.images, args.limit)
        if args.side == "theirs":
            result = read_theirs(images, json.load(sys.stdin))
        else:
            result = read_ours(images, args.side if args.side == "auto" else int(args.side))
        print(json.dumps(result))
        return
    if not args.other:
        parser.error("--other: name the Python of an environment with pix2tex")
    ours = {side: child(sys.executable, args, "--side", side) for side in ("1", "auto", "5")}
    lengths = ours["auto"]["lengths"]
    theirs = child(args.other, args, "--side", "theirs", given=json.dumps(lengths))
    tokens = sum(lengths) / len(lengths)
    print(f"{len(lengths)} pictures, {tokens:.1f} tokens on average")
    print(f"pix2tex: {len(lengths) / theirs['seconds']:.2f} formulas/s")
    for side, result in ours.items():
        print(
            f"i2l, beam {side}: {len(lengths) / result['seconds']:.2f} formulas/s, "
            f"{theirs['seconds'] / result['seconds']:.1f} times as many"
        )


if __name__ == "__main__":
    main()
