"""`i2l report`: options to one call."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from i2l_batch.options import Results

LIMIT = 100_000

Output = Annotated[
    Path,
    typer.Option(
        "--output", "-o", help="Folder of the report; an earlier report there is replaced."
    ),
]
Limit = Annotated[int, typer.Option(help="Show so many formulas, those with the least confidence.")]


def report(results: Results, output: Output, limit: Limit = LIMIT) -> None:
    """Make pages of a results folder: its account, and all formulas beside their pictures."""
    from i2l_batch.config import check_positive
    from i2l_batch.report.build import build_report

    check_positive(limit=limit)
    made = build_report(results, output, limit)
    print(output / "index.html")
    print(made.line(), file=sys.stderr)
