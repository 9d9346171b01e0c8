"""The commands that make training data, train, and evaluate; `cli.py` adds them to its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from i2l_batch.config import check_positive
from i2l_batch.options import DEVICE, RUN, BeamSize, DeviceOption, Output

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
    from i2l_batch.train.dataset import DatasetConfig, build_dataset

    check_positive(workers=workers, max_tokens=max_tokens, min_frequency=min_frequency)
    config = DatasetConfig(
        column=column, max_tokens=max_tokens, min_frequency=min_frequency, seed=seed
    )
    counts = build_dataset(formulas, output, config, workers=workers or os.cpu_count() or 1)
    for name, count in counts.items():
        print(f"{name:<14}{count:>9}")


def train(
    data: Annotated[Path, typer.Argument(help="A data set, as `i2l dataset build` makes it.")],
    output: Output,
    minutes: Annotated[float, typer.Option(help="Training time, over all starts.")] = 90.0,
    device: DeviceOption = DEVICE,
    seed: Annotated[int, typer.Option(help="Seed of all random choices.")] = 0,
) -> None:
    """Train a model; the same command again goes on where it was stopped."""
    from i2l_batch.train.config import TrainConfig
    from i2l_batch.train.loop import train as run
    from i2l_batch.transcriber import choose_device

    config = TrainConfig(max_minutes=minutes, seed=seed)
    run(data, output, config, device=choose_device(device.value))


def evaluate(
    checkpoint: Annotated[Path, typer.Argument(help="Folder of a checkpoint.")],
    truth: Annotated[Path, typer.Argument(help="JSON lines with `image` (or `img`) and `latex`.")],
    images: Annotated[
        Path | None, typer.Option(help="Folder the image paths start at; default: the truth's.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="Only formulas of at most this many tokens.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Only the first N of them.")] = None,
    beam_size: BeamSize = RUN.beam_size,
    device: DeviceOption = DEVICE,
    predictions: Annotated[
        Path | None, typer.Option("--output", "-o", help="JSON lines of predictions to write.")
    ] = None,
) -> None:
    """Measure a model on pictures with known LaTeX: BLEU, edit distance, exact match."""
    from i2l_batch.train.evaluate import EvaluateConfig
    from i2l_batch.train.evaluate import evaluate as run

    config = EvaluateConfig(
        images=images, max_tokens=max_tokens, limit=limit, beam_size=beam_size, device=device.value
    )
    print(run(checkpoint, truth, config, predictions).table())
