"""`i2l stats`: options, and one call."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from i2l_batch.options import Results


class StatsFormat(str, Enum):
    """How the figures are written."""

    table = "table"
    markdown = "markdown"
    json = "json"


def stats(
    folder: Results,
    format: Annotated[  # noqa: A002 - the option's name
        StatsFormat, typer.Option("--format", "-f", help="How to write the figures.")
    ] = StatsFormat.table,
    as_json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; default: standard output.")
    ] = None,
) -> None:
    """Tell what is in a results folder: documents, failures, speed, confidence, duplicates."""
    from i2l_batch.stats.run import stats as run

    run(folder, "json" if as_json else format.value, output)
