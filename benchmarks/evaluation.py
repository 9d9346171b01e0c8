"""Speed of an evaluation, and how much each form of image match forgives.

    python benchmarks/evaluation.py models/weights/compact TRUTH --images IMAGES --limit 300

Three measurements on the first formulas of a truth file (JSON lines of `image` and `latex`): an
evaluation without pictures and one with them; the parts of image match in one process; and the
share of image matches of labels against themselves with one symbol replaced, or one lost. The last
is how the two forms differ: every such picture differs visibly from the label's, but for the few
symbols that draw nothing.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from i2l_batch.train.dataset.render import Rendering, render
from i2l_batch.train.evaluation.evaluate import EvaluateConfig, evaluate_model
from i2l_batch.train.evaluation.image_list import ImageList
from i2l_batch.train.evaluation.image_match import compare
from i2l_batch.train.evaluation.pictures import CHUNK, DPI, POINTS, for_tex

SYMBOLS = "x y z a b c n m i k l 0 1 2 3 4 + - = . ,".split()

Tokens = list[str]


def replaced(tokens: Tokens, i: int, rng: random.Random) -> Tokens:
    """The formula with another symbol at `i`."""
    other = rng.choice([symbol for symbol in SYMBOLS if symbol != tokens[i]])
    return [*tokens[:i], other, *tokens[i + 1 :]]


def lost(tokens: Tokens, i: int, _: random.Random) -> Tokens:
    """The formula without its symbol at `i`."""
    return tokens[:i] + tokens[i + 1 :]


def changed(
    formulas: Sequence[Tokens], change: Callable[[Tokens, int, random.Random], Tokens]
) -> list[Tokens | None]:
    """Each formula with a change at a symbol chosen at random; None for one without symbols."""
    rng = random.Random(0)
    results: list[Tokens | None] = []
    for tokens in formulas:
        places = [i for i, token in enumerate(tokens) if token in SYMBOLS]
        results.append(change(tokens, rng.choice(places), rng) if places else None)
    return results


def draw(formulas: Sequence[Tokens]) -> list[Rendering | None]:
    """Pictures as image match draws them; None where there is none."""
    drawn: list[Rendering | None] = []
    for start in range(0, len(formulas), 2 * CHUNK):
        part = [for_tex(tokens) for tokens in formulas[start : start + 2 * CHUNK]]
        results = render(part, [DPI] * len(part), points=POINTS, marked=False, faulty=True)
        drawn += [None if isinstance(result, str) else result for result in results]
    return drawn


def measure_parts(formulas: Sequence[Tokens]) -> None:
    """Print what drawing and comparing take, and what is forgiven."""
    began = time.perf_counter()
    golds = draw(formulas)
    print(f"drawing: {len(formulas) / (time.perf_counter() - began):.0f} pictures/s")
    for change in (replaced, lost):
        others = changed(formulas, change)
        pictures = draw([tokens or [] for tokens in others])
        pairs = [(a.pixels, b.pixels) for a, b in zip(golds, pictures, strict=True) if a and b]
        began = time.perf_counter()
        found = [compare(gold, other) for gold, other in pairs]
        speed = len(pairs) / (time.perf_counter() - began)
        harvard = sum(c.harvard for c in found) / len(found)
        strict = sum(c.strict for c in found) / len(found)
        print(
            f"one symbol {change.__name__}: {len(pairs)} pairs, {100 * harvard:.1f} % match as the "
            f"field counts it, {100 * strict:.1f} % strictly; {speed:.0f} comparisons/s"
        )


def main() -> None:
    """Measure all three."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--limit", type=int, default=300)
    parser.add_argument("--beam-size", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    for image_match in (False, True):
        config = EvaluateConfig(
            images=args.images,
            limit=args.limit,
            beam_size=args.beam_size,
            device=args.device,
            image_match=image_match,
        )
        report = evaluate_model(args.checkpoint, args.truth, config)
        print(f"\nimage match {'on' if image_match else 'off'}:\n{report.table()}\n")
    truth = ImageList(args.truth, images=args.images, limit=args.limit)
    measure_parts([list(label.tokens) for label in truth.labels])


if __name__ == "__main__":
    main()
