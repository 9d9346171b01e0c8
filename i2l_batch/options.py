"""Options that several commands share, with their help."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

Output = Annotated[
    Path, typer.Option("--output", "-o", help="Folder to write to; made if it does not exist.")
]
Model = Annotated[
    Path | None,
    typer.Option("--model", "-m", help="Folder of a checkpoint; default: the shipped model."),
]


class Images(str, Enum):
    """What an image file holds."""

    auto = "auto"
    crop = "crop"
    page = "page"


class Device(str, Enum):
    """Where the model computes."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class Format(str, Enum):
    """How rows are written."""

    table = "table"
    csv = "csv"
    json = "json"
    jsonl = "jsonl"
    markdown = "markdown"
    parquet = "parquet"


BeamSize = Annotated[
    int, typer.Option(help="Transcriptions kept in view per formula (1-50); 1 is fastest.")
]
BatchSize = Annotated[int, typer.Option("--batch-size", "-b", help="Formulas decoded at once.")]
DeviceOption = Annotated[
    Device, typer.Option("--device", "-d", help="Where the model runs; auto takes a GPU if any.")
]
Inline = Annotated[bool, typer.Option("--inline", help="Formulas in lines of text too.")]
Pages = Annotated[
    str | None, typer.Option("--pages", "-p", help="1-based pages of PDFs, as in 1-4,7,12-.")
]
