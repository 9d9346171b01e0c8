"""`i2l export`: options to one call, and the account of it."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from i2l_batch.options import Results, SourceGlob


class To(str, Enum):
    """What is written."""

    jsonl = "jsonl"
    csv = "csv"
    markdown = "markdown"
    github = "github"
    tex = "tex"
    hf = "hf"


ToOption = Annotated[
    To,
    typer.Option(
        "--to",
        "-t",
        help="What to write. markdown: with $$; github: with the fences that GitHub wants; "
        "hf: a folder for the datasets library.",
    ),
]
Out = Annotated[
    Path, typer.Option("--output", "-o", help="File to write; with --per-paper or hf: a folder.")
]
PerPaper = Annotated[
    bool, typer.Option("--per-paper", help="A file for each paper, named after it.")
]
MinConfidence = Annotated[
    float | None, typer.Option(help="Leave out formulas of less confidence, 0 to 1.")
]
Crops = Annotated[
    bool, typer.Option("--crops", help="The pictures too, as crops/<formula_id>.png beside it.")
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace a folder that an earlier export wrote.")
]


def export(
    folder: Results,
    to: ToOption,
    output: Out,
    per_paper: PerPaper = False,
    min_confidence: MinConfidence = None,
    source: SourceGlob = None,
    crops: Crops = False,
    overwrite: Overwrite = False,
) -> None:
    """Write the formulas in reading order: JSON lines, CSV, Markdown, LaTeX, or a data set."""
    from i2l_batch.export.run import export as run

    try:
        written = run(
            folder,
            output,
            to=to.value,
            per_paper=per_paper,
            min_confidence=min_confidence,
            source=source,
            crops=crops,
            overwrite=overwrite,
        )
    except KeyboardInterrupt:
        print(f"i2l: interrupted; {output} is as it was", file=sys.stderr)
        raise typer.Exit(130) from None
    print(f"{written.line()} to {output}{written.note()}", file=sys.stderr)
