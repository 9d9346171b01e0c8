"""The options of `i2l dataset build`, each with its help; what they mean is said in its config.

Without an option the preset decides, hence the many nulls.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class Preset(str, Enum):
    """Settings that belong together."""

    compact = "compact"
    fonts = "fonts"
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


Formulas = Annotated[
    list[Path],
    typer.Argument(help="Lists: a formula per line, JSON lines or CSV (.xz, .gz too)."),
]
PresetOption = Annotated[
    Preset,
    typer.Option(
        "--preset", help="Settings: four fonts, the many of the shipped model, or the paper's."
    ),
]
Column = Annotated[
    str | None, typer.Option(help="Column of JSON lines or CSV; default: the obvious one.")
]
Limit = Annotated[int | None, typer.Option(help="Take only the first N formulas.")]
NormalizationOption = Annotated[
    Normalization | None,
    typer.Option(
        "--normalization", help="Spelling: the paper's, one for what looks the same, or as it is."
    ),
]
MinTokens = Annotated[int | None, typer.Option(help="Shortest formula, in tokens.")]
MaxTokens = Annotated[int | None, typer.Option(help="Longest formula, in tokens.")]
Ban = Annotated[
    list[str] | None, typer.Option(help="Leave out formulas with this token; repeatable.")
]
MinFrequency = Annotated[
    int | None,
    typer.Option(help="Tokens rarer than this in the training formulas are rare; 0: none is."),
]
RareOption = Annotated[
    Rare | None,
    typer.Option("--rare", help="Leave out formulas with rare tokens, or keep them as unknown."),
]
Pieces = Annotated[
    int | None,
    typer.Option(help="Longer formulas also give a part of at most N tokens; 0: none do."),
]
SplitOption = Annotated[
    str | None,
    typer.Option("--split", help="Percent for training/validation/test, as in 80/10/10."),
]
Validation = Annotated[Path | None, typer.Option(help="List of the formulas for validation.")]
Test = Annotated[Path | None, typer.Option(help="List of the formulas for testing.")]
Seed = Annotated[int | None, typer.Option(help="Seed of all random choices.")]
Font = Annotated[
    list[str] | None, typer.Option(help="FONT, or FONT=SHARE of the formulas; repeatable.")
]
Points = Annotated[int | None, typer.Option(help="Body size in points: 10, 11 or 12.")]
Dpi = Annotated[str | None, typer.Option(help="Dots per inch, or a range as in 90-130.")]
Padding = Annotated[int | None, typer.Option(help="White pixels around the ink.")]
MaxWidth = Annotated[
    int | None, typer.Option(help="Leave out formulas whose ink is wider, in pixels.")
]
MaxHeight = Annotated[
    int | None, typer.Option(help="Leave out formulas whose ink is higher, in pixels.")
]
Boxes = Annotated[
    bool | None, typer.Option("--boxes/--no-boxes", help="Store the place of every token.")
]
Workers = Annotated[
    int | None, typer.Option(help="Cores to use; default: all. 0: this process, without Ray.")
]
