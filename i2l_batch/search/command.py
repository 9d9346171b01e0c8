"""`i2l search`: options to what is wanted, and one call."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from i2l_batch.options import Results, SourceGlob


class SearchFormat(str, Enum):
    """How the formulas found are written."""

    table = "table"
    csv = "csv"
    json = "json"
    jsonl = "jsonl"
    markdown = "markdown"


class SortBy(str, Enum):
    """What comes first."""

    source = "source"
    confidence = "confidence"


def search(
    folder: Results,
    pattern: Annotated[
        str | None,
        typer.Argument(
            help="LaTeX to find, in any spacing. ? is a symbol or a group in braces, * any tokens; "
            r"\? and \* are the characters."
        ),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            metavar="LATEX", help="Instead of a pattern: the formulas most like this one."
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="Formulas to show; 0 for all.")] = 20,
    sort: Annotated[
        SortBy | None,
        typer.Option(
            help="source: in reading order, the default; confidence: the surest first.",
        ),
    ] = None,
    source: SourceGlob = None,
    min_confidence: Annotated[
        float, typer.Option(help="Only formulas of this confidence or more, 0-1.")
    ] = 0.0,
    format: Annotated[  # noqa: A002 - the option's name
        SearchFormat, typer.Option("--format", "-f", help="How to write the formulas.")
    ] = SearchFormat.table,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; default: standard output.")
    ] = None,
) -> None:
    """Find formulas by their LaTeX, token by token, or those that are most like one."""
    from i2l_batch.search.run import search as run
    from i2l_batch.search.wanted import Wanted

    wanted = Wanted(
        pattern=pattern,
        like=like,
        source=source,
        min_confidence=min_confidence,
        sort=sort.value if sort else None,
        limit=limit,
    )
    line = run(folder, wanted, format.value, output)
    if output or format is not SearchFormat.table:
        print(line, file=sys.stderr)
