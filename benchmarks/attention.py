"""How well the boxes of `--attention` fit, and what they cost.

    python benchmarks/attention.py FORMULAS --column norm

Formulas are drawn with the place of every token known (pdflatex is needed), and read by the
transcriber. Over those that are read without a mistake: the share of symbols whose box has its
centre in the true one, and how far the two boxes overlap (intersection over union). The time is
CPU time of reading the same pictures with and without attention, in turns.

True boxes are those of ink drawn without anti-aliasing: edges are sharp to a pixel, and a thin
stroke (a fraction bar, `|`) can miss by one. An accent and the letter under it share a true box.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from i2l_batch.canonical import canonicalize
from i2l_batch.latex import tokenize
from i2l_batch.models.files import SHIPPED
from i2l_batch.records import Symbol
from i2l_batch.train.dataset.formulas import read_formulas
from i2l_batch.train.dataset.render import Rendering, render
from i2l_batch.transcriber import Transcriber
from i2l_batch.visible import drawn

POINTS = 10
"""Body size of the drawn text."""


def drawn_formulas(
    path: Path, column: str | None, count: int, dpi: int
) -> list[tuple[list[str], Rendering]]:
    """Tokens and picture of `count` formulas of 3 to 40 tokens, picked by a fixed seed."""
    formulas = [
        tokens
        for tokens in dict.fromkeys(
            tuple(canonicalize(tokenize(formula))) for formula in read_formulas(path, column)
        )
        if 3 <= len(tokens) <= 40
    ]
    picked = random.Random(0).sample(formulas, min(count, len(formulas)))
    drawn = render(picked, [float(dpi)] * len(picked), points=POINTS)
    return [
        (list(tokens), picture)
        for tokens, picture in zip(picked, drawn, strict=True)
        if isinstance(picture, Rendering)
    ]


def compare(symbols: tuple[Symbol, ...], truth: np.ndarray) -> Iterator[tuple[bool, float]]:
    """Of each symbol with a true box: whether its centre is in it, and the overlap of the two."""
    for i in drawn([symbol.token for symbol in symbols]):
        box, (x0, y0, x1, y1) = symbols[i].box, truth[i].tolist()
        if x1 == 0:
            continue  # all of it is drawn in the colour of another token
        if box is None:
            yield False, 0.0
            continue
        width = max(0.0, min(box.x1, x1) - max(box.x0, x0))
        height = max(0.0, min(box.y1, y1) - max(box.y0, y0))
        both = width * height
        either = box.width * box.height + (x1 - x0) * (y1 - y0) - both
        yield box.is_centred_in(x0, y0, x1, y1), both / either


def read_time(
    pictures: list[np.ndarray], ems: list[float], beam_size: int, attention: bool
) -> float:
    """CPU seconds to read them, model loaded; the clock would count other work on the machine."""
    transcriber = Transcriber(beam_size=beam_size, attention=attention)
    transcriber.transcribe(pictures[:2], ems[:2])
    began = time.process_time()
    transcriber.transcribe(pictures, ems)
    return time.process_time() - began


def main() -> None:
    """Measure boxes at each resolution, then the time they take."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("formulas", type=Path)
    parser.add_argument("--column")
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--dpi", type=int, nargs="+", default=[200, 100])
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--beam-size", type=int, default=5)
    args = parser.parse_args()
    for dpi in args.dpi:
        drawn = drawn_formulas(args.formulas, args.column, args.count, dpi)
        pictures = [picture.pixels for _, picture in drawn]
        ems = [POINTS * dpi / 72] * len(drawn)
        transcriber = Transcriber(args.model, beam_size=args.beam_size, attention=True)
        answers = transcriber.transcribe(pictures, ems)
        right, pairs = 0, []
        for (tokens, picture), answer in zip(drawn, answers, strict=True):
            if answer.latex.split() == tokens and answer.symbols is not None:
                right += 1
                pairs += compare(answer.symbols, picture.boxes)
        inside, overlaps = zip(*pairs, strict=True)
        print(
            f"{dpi} dpi: {right} of {len(drawn)} formulas read right, {len(pairs)} symbols: "
            f"{100 * statistics.mean(inside):.1f} % have their centre in the true box, overlap "
            f"median {statistics.median(overlaps):.3f}, mean {statistics.mean(overlaps):.3f}, "
            f"over 0.5 for {100 * statistics.mean(o > 0.5 for o in overlaps):.1f} %"
        )
        some, sizes = pictures[:200], ems[:200]
        times = [
            [read_time(some, sizes, args.beam_size, on) for on in (False, True)] for _ in range(3)
        ]
        without, given = (min(column) for column in zip(*times, strict=True))
        print(
            f"  {len(some)} formulas: {without:.1f} s of CPU, with attention {given:.1f} s "
            f"(+{100 * (given / without - 1):.0f} %)"
        )


if __name__ == "__main__":
    main()
