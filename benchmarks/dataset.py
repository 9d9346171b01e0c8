"""How fast a data set is built, and where the time goes.

    python benchmarks/dataset.py LIST [--column norm] [--limit 10000] [--ray]

Whole builds of the first formulas of a list without a frequency filter: in this process, and with
--ray over all cores. Then the steps of one TeX run. Seconds of CPU are those of this process and of
TeX, so that they say the same on a busy machine; with --ray they are the driver's alone. Figures
go to benchmarks/dataset.md.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from i2l_batch.train.dataset.allowed import objection
from i2l_batch.train.dataset.build import build_dataset
from i2l_batch.train.dataset.config import PRESETS, DatasetConfig
from i2l_batch.train.dataset.formulas import read_formulas
from i2l_batch.train.dataset.marking import mark, plain
from i2l_batch.train.dataset.normalize import STYLES, Rejection, normalize_with
from i2l_batch.train.dataset.png import encode_png
from i2l_batch.train.dataset.recipe import Lists
from i2l_batch.train.dataset.render import Rendering, render
from i2l_batch.train.dataset.tex import typeset

_T = TypeVar("_T")


def cpu() -> float:
    """Seconds of CPU of this process and of the children that ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


@contextmanager
def timed(what: str, count: int | None = None) -> Iterator[list[int]]:
    """Print what a block took, all of it and by formula; `count`, or what the block appends."""
    counts = [count] if count else []
    start, used = time.perf_counter(), cpu()
    yield counts
    seconds, used = time.perf_counter() - start, cpu() - used
    n = counts[-1]
    print(
        f"{what:46} {n:6,} formulas {seconds:7.2f} s {used:7.2f} s CPU "
        f"{n / seconds:7,.0f}/s {n / used:7,.0f}/CPU s {used / n * 1e6:6,.0f} us",
        flush=True,
    )


def builds(path: Path, column: str | None, limit: int, workers: int | None) -> None:
    """Whole builds, counted by the formulas kept."""
    common = {"column": column, "limit": limit, "min_frequency": 0}
    paper, compact = (replace(PRESETS[name], **common) for name in ("paper", "compact"))
    configs: dict[str, DatasetConfig] = {
        "paper": paper,
        "paper, with boxes": replace(paper, boxes=True),
        "compact": compact,
        "compact, without boxes": replace(compact, boxes=False),
    }
    for name, config in configs.items():
        with tempfile.TemporaryDirectory() as folder, timed(f"build: {name}") as counts:
            lists = Lists(formulas=[path])
            report = build_dataset(lists, Path(folder) / "ds", config, workers=workers)
            counts.append(report["counts"]["kept"])


def steps(sources: Sequence[str]) -> None:
    """The steps of a shard, one after the other."""
    n = len(sources)
    for style in STYLES:
        each(f"normalise: {style}", sources, lambda source, s=style: normalize_with(s, source))
    found = [normalize_with("paper", source) for source in sources]
    formulas = [f for f in found if not isinstance(f, Rejection) and 4 <= len(f) <= 150]
    each("look for what is not allowed", formulas, objection)
    formulas = [f for f in formulas if not objection(f)][:1250]
    n = len(formulas)
    plain_texts = each("LaTeX without marks", formulas, plain)
    marked_texts = [text for text, _ in each("LaTeX with marks", formulas, mark)]
    for name, texts in (("without marks", plain_texts), ("with marks", marked_texts)):
        with timed(f"TeX, {name}", n):
            typeset(texts, "computer-modern", points=12)
    results = []
    for name, marked in (("without boxes", False), ("with boxes", True)):
        with timed(f"TeX, pictures {name}", n):
            results = render(formulas, [200.0] * n, points=12, marked=marked)
    pictures = [r.pixels for r in results if isinstance(r, Rendering)]
    sizes = [len(png) for png in each("PNG", pictures, encode_png)]
    print(f"a PNG has {sum(sizes) / len(sizes):,.0f} bytes")


def each(what: str, items: Sequence[_T], function: Callable[[_T], object]) -> list:  # type: ignore[type-arg]
    """The results of a function over items."""
    with timed(what, len(items)):
        return [function(item) for item in items]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("list", type=Path)
    parser.add_argument("--column")
    parser.add_argument("--limit", type=int, default=10_000)
    parser.add_argument("--ray", action="store_true")
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    builds(options.list, options.column, options.limit, None if options.ray else 0)
    if not options.ray:
        formulas = read_formulas(options.list, options.column)
        steps([formula for formula, _ in zip(formulas, range(2500), strict=False)])
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
