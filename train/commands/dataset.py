"""`i2l dataset`: options to a `DatasetConfig`, and one call."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from i2l_batch.config import check_positive
from i2l_batch.options import Output

dataset = typer.Typer(help="Training data.", no_args_is_help=True)


@dataset.command("build")
def build(
    formulas: Annotated[
        list[Path], typer.Argument(help="Lists: a formula per line, or JSON lines (.xz, .gz too).")
    ],
    output: Output,
    column: Annotated[str, typer.Option(help="Column of JSON lines.")] = "norm",
    max_tokens: Annotated[int, typer.Option(help="Longest formula, in tokens.")] = 100,
    min_frequency: Annotated[
        int, typer.Option(help="Leave out formulas with a token that is rarer than this.")
    ] = 50,
    workers: Annotated[int | None, typer.Option(help="Processes; default: one a core.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of all random choices.")] = 0,
) -> None:
    """Render formulas to pictures with tokens and token places, for training. Needs TeX."""
    from i2l_batch.train.dataset.build import DatasetConfig, build_dataset

    check_positive(workers=workers, max_tokens=max_tokens, min_frequency=min_frequency)
    config = DatasetConfig(
        column=column, max_tokens=max_tokens, min_frequency=min_frequency, seed=seed
    )
    counts = build_dataset(formulas, output, config, workers=workers or os.cpu_count() or 1)
    for name, count in counts.items():
        print(f"{name:<14}{count:>9}")
