"""`i2l dataset`: options to a `DatasetConfig`, and one call."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from i2l_batch import options as o
from i2l_batch.config import check_positive
from i2l_batch.errors import UsageError

dataset = typer.Typer(help="Training data.", no_args_is_help=True)


class Preset(str, Enum):
    """Settings that belong together."""

    compact = "compact"
    paper = "paper"


class Normalization(str, Enum):
    """How formulas are spelled."""

    paper = "paper"
    canonical = "canonical"
    none = "none"


class Rare(str, Enum):
    """What becomes of formulas with rare tokens."""

    drop = "drop"
    unk = "unk"


@dataset.command("build")
def build(
    formulas: Annotated[
        list[Path],
        typer.Argument(help="Lists: a formula per line, JSON lines or CSV (.xz, .gz too)."),
    ],
    output: o.Output,
    preset: Annotated[
        Preset, typer.Option(help="Settings of the compact model's data or of the paper's.")
    ] = Preset.compact,
    column: Annotated[
        str | None, typer.Option(help="Column of JSON lines or CSV; default: the obvious one.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Take only the first N formulas.")] = None,
    normalization: Annotated[
        Normalization | None,
        typer.Option(help="Spelling: the paper's, also without idle groups, or as it is."),
    ] = None,
    min_tokens: Annotated[int | None, typer.Option(help="Shortest formula, in tokens.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Longest formula, in tokens.")] = None,
    ban: Annotated[
        list[str] | None, typer.Option(help="Leave out formulas with this token; repeatable.")
    ] = None,
    min_frequency: Annotated[
        int | None, typer.Option(help="Tokens rarer than this in the training formulas are rare.")
    ] = None,
    rare: Annotated[
        Rare | None,
        typer.Option(help="Leave out formulas with rare tokens, or keep them as unknown."),
    ] = None,
    pieces: Annotated[
        int | None,
        typer.Option(help="Longer formulas also give a part of at most N tokens; 0: none."),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Percent for training/validation/test, as in 80/10/10.")
    ] = None,
    validation: Annotated[
        Path | None, typer.Option(help="List of the formulas for validation.")
    ] = None,
    test: Annotated[Path | None, typer.Option(help="List of the formulas for testing.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all random choices.")] = None,
    font: Annotated[
        list[str] | None, typer.Option(help="Font, or FONT=SHARE of the formulas; repeatable.")
    ] = None,
    points: Annotated[int | None, typer.Option(help="Body size in points: 10, 11, 12.")] = None,
    dpi: Annotated[str | None, typer.Option(help="Dots per inch, or a range as in 90-130.")] = None,
    padding: Annotated[int | None, typer.Option(help="White pixels around the ink.")] = None,
    max_width: Annotated[
        int | None, typer.Option(help="Leave out formulas wider than this, in pixels.")
    ] = None,
    max_height: Annotated[
        int | None, typer.Option(help="Leave out formulas higher than this, in pixels.")
    ] = None,
    boxes: Annotated[
        bool | None, typer.Option("--boxes/--no-boxes", help="Store the place of every token.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Cores to use; default: all. 0: this process, without Ray."),
    ] = None,
    ray_address: o.RayAddress = None,
    quiet: o.Quiet = False,
) -> None:
    """Render formulas to pictures with tokens, for training. Needs TeX. Run it again to resume."""
    from i2l_batch.train.dataset.build import build_dataset
    from i2l_batch.train.dataset.config import PRESETS
    from i2l_batch.train.dataset.progress import BuildScreen
    from i2l_batch.train.dataset.recipe import Lists
    from i2l_batch.train.dataset.report import report_table

    if workers != 0:
        check_positive(workers=workers)
    options: dict[str, Any] = {
        "column": column,
        "limit": limit,
        "normalization": normalization.value if normalization else None,
        "min_tokens": min_tokens,
        "max_tokens": max_tokens,
        "banned": tuple(ban) if ban else None,
        "min_frequency": min_frequency,
        "rare": rare.value if rare else None,
        "pieces": pieces,
        "split": parse_split(split) if split else None,
        "seed": seed,
        "fonts": parse_fonts(font) if font else None,
        "points": points,
        "padding": padding,
        "max_width": max_width,
        "max_height": max_height,
        "boxes": boxes,
    }
    given = {name: value for name, value in options.items() if value is not None}
    if dpi:
        given |= {"dpi": parse_dpi(dpi), "usual_dpi": None}
    try:
        report = build_dataset(
            Lists(formulas=tuple(formulas), validation=validation, test=test),
            output,
            replace(PRESETS[preset.value], **given),
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
