"""`i2l dataset`: options to a `DatasetConfig`, and one call."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from i2l_batch.config import check_positive
from i2l_batch.errors import UsageError
from i2l_batch.options import Output, Quiet, RayAddress
from i2l_batch.train.commands import dataset_options as o

if TYPE_CHECKING:
    from i2l_batch.train.dataset.config import DatasetConfig

dataset = typer.Typer(help="Training data.", no_args_is_help=True)


@dataset.command("build")
def build(
    formulas: o.Formulas,
    output: Output,
    preset: o.PresetOption = o.Preset.compact,
    column: o.Column = None,
    limit: o.Limit = None,
    normalization: o.NormalizationOption = None,
    min_tokens: o.MinTokens = None,
    max_tokens: o.MaxTokens = None,
    ban: o.Ban = None,
    min_frequency: o.MinFrequency = None,
    rare: o.RareOption = None,
    pieces: o.Pieces = None,
    split: o.SplitOption = None,
    validation: o.Validation = None,
    test: o.Test = None,
    seed: o.Seed = None,
    font: o.Font = None,
    points: o.Points = None,
    dpi: o.Dpi = None,
    padding: o.Padding = None,
    max_width: o.MaxWidth = None,
    max_height: o.MaxHeight = None,
    boxes: o.Boxes = None,
    workers: o.Workers = None,
    ray_address: RayAddress = None,
    quiet: Quiet = False,
) -> None:
    """Render formulas to pictures with tokens, for training. Needs TeX. Run it again to resume."""
    config = _config(
        preset.value,
        column=column,
        limit=limit,
        normalization=normalization,
        min_tokens=min_tokens,
        max_tokens=max_tokens,
        banned=tuple(ban or ()) or None,
        min_frequency=min_frequency,
        rare=rare,
        pieces=pieces,
        split=parse_split(split) if split is not None else None,
        seed=seed,
        fonts=parse_fonts(font) if font else None,
        points=points,
        dpi=parse_dpi(dpi) if dpi is not None else None,
        padding=padding,
        max_width=max_width,
        max_height=max_height,
        boxes=boxes,
    )
    _run((formulas, validation, test), output, config, workers, ray_address, quiet)


def _config(preset: str, **options: Any) -> DatasetConfig:
    """The preset with what was given on the command line."""
    from i2l_batch.train.dataset.config import PRESETS

    given = {
        name: value.value if isinstance(value, Enum) else value
        for name, value in options.items()
        if value is not None
    }
    if "dpi" in given:
        given["usual_dpi"] = None
    return replace(PRESETS[preset], **given)


def _run(
    lists: tuple[list[Path], Path | None, Path | None],
    output: Path,
    config: DatasetConfig,
    workers: int | None,
    ray_address: str | None,
    quiet: bool,
) -> None:
    """Build and report."""
    from i2l_batch.train.dataset.build import build_dataset
    from i2l_batch.train.dataset.progress import BuildScreen
    from i2l_batch.train.dataset.recipe import Lists
    from i2l_batch.train.dataset.report import report_table

    if workers != 0:
        check_positive(workers=workers)
    formulas, validation, test = lists
    try:
        report = build_dataset(
            Lists(formulas=formulas, validation=validation, test=test),
            output,
            config,
            workers=workers,
            ray_address=ray_address,
            screen=BuildScreen(-1 if quiet else 0),
        )
    except KeyboardInterrupt:
        print(
            f"i2l: interrupted; the shards in {output} stay, the same command goes on",
            file=sys.stderr,
        )
        raise typer.Exit(130) from None
    print(report_table(report))


def parse_split(text: str) -> tuple[float, ...]:
    """Three percentages, as in `80/10/10`."""
    try:
        shares = tuple(float(share) for share in text.split("/"))
    except ValueError:
        shares = ()
    if len(shares) != 3:
        raise UsageError(f"--split {text}: give three percentages, as in 80/10/10")
    return shares


def parse_fonts(texts: list[str]) -> tuple[tuple[str, float], ...]:
    """Fonts with their shares, 1 where none is given."""
    fonts = []
    for text in texts:
        name, _, share = text.partition("=")
        try:
            fonts.append((name, float(share) if share else 1.0))
        except ValueError:
            raise UsageError(f"--font {text}: the share is a number, as in {name}=0.5") from None
    return tuple(fonts)


def parse_dpi(text: str) -> tuple[float, float]:
    """A resolution, or two with a dash between."""
    low, dash, high = text.partition("-")
    try:
        return float(low), float(high if dash else low)
    except ValueError:
        raise UsageError(f"--dpi {text}: give a number, or a range as in 90-130") from None
