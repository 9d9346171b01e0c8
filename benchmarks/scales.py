"""How well formulas are read at other sizes than they were drawn in.

    python benchmarks/scales.py val.labels.jsonl --images IMAGES --limit 300
    python benchmarks/scales.py DATASET --split validation --limit 300

The same images, shrunk or magnified by each factor as a viewer would (Lanczos), read as image
files are: nothing is known of the size of their text. BLEU of the canonical forms, greedy unless
`--beam-size` says otherwise.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from i2l_batch.canonical import canonicalize
from i2l_batch.latex import tokenize
from i2l_batch.metrics import Tally
from i2l_batch.models.files import SHIPPED
from i2l_batch.train.evaluation.evaluate import EvaluateConfig, open_truth
from i2l_batch.train.evaluation.truth import Truth
from i2l_batch.transcriber import Transcriber

BATCH = 64


def rescaled(grey: np.ndarray, factor: float) -> np.ndarray:
    """The picture (H, W) uint8 at another size."""
    size = (max(1, round(grey.shape[1] * factor)), max(1, round(grey.shape[0] * factor)))
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.LANCZOS))


def bleu(transcriber: Transcriber, truth: Truth, factor: float) -> float:
    """BLEU of the canonical forms at a factor."""
    tally = Tally()
    for samples in truth.batches(BATCH):
        answers = transcriber.transcribe([rescaled(s.picture, factor) for s in samples])
        for sample, answer in zip(samples, answers, strict=True):
            tally.add(canonicalize(tokenize(answer.latex)), canonicalize(sample.label.tokens))
    return tally.bleu


def main() -> None:
    """Print a line for each factor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("truth", type=Path, help="truth file, or data set")
    parser.add_argument("--images", type=Path)
    parser.add_argument("--split", default="validation")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--max-tokens", type=int)
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--beam-size", type=int, default=1)
    parser.add_argument("--scales", type=float, nargs="+", default=[0.5, 0.7, 1, 1.4, 2, 3])
    args = parser.parse_args()
    limits = {"max_tokens": args.max_tokens, "limit": args.limit}
    config = EvaluateConfig(split=args.split, images=args.images, **limits)
    truth = open_truth(args.truth, config)
    transcriber = Transcriber(args.model, beam_size=args.beam_size, batch_size=BATCH)
    found = {}
    for factor in args.scales:
        found[factor] = bleu(transcriber, truth, factor)
        print(f"x {factor:<4g} BLEU {found[factor]:.4f}", flush=True)
    print(f"{len(truth)} images; best less worst {max(found.values()) - min(found.values()):.4f}")


if __name__ == "__main__":
    main()
