"""The options of `i2l evaluate`, each with its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Subject = Annotated[
    Path,
    typer.Argument(
        metavar="CHECKPOINT|RESULTS",
        help="What to measure: a checkpoint, or with --truth a results folder.",
    ),
]
Data = Annotated[
    Path | None,
    typer.Argument(
        help="For a checkpoint: a data set of `i2l dataset build`, or JSON lines with `image` "
        "(or `img`) and `latex`."
    ),
]
Truth = Annotated[
    Path | None,
    typer.Option(
        help="For results: JSON lines or CSV with `source` as in the results, `latex`, and "
        "`page`, `index` or `number` where a source has several formulas."
    ),
]
Split = Annotated[str, typer.Option(help="Split of a data set.")]
Images = Annotated[
    Path | None, typer.Option(help="Folder the image paths start at; default: the file's.")
]
MaxTokens = Annotated[int | None, typer.Option(help="Only formulas of at most this many tokens.")]
Limit = Annotated[int | None, typer.Option(help="Only the first N of them.")]
ImageMatch = Annotated[
    bool | None,
    typer.Option(
        "--image-match/--no-image-match",
        help="Draw labels and answers and compare the pictures; default: if pdflatex is there.",
        show_default=False,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Processes that draw; 0: none but this one; default: one per core.",
        show_default=False,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Folder for predictions.parquet and report.json."),
]
