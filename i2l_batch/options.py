"""The options of the commands, each with its help; what they mean is said in `config`.

Defaults stand in the configurations alone: `EXTRACT` and `RUN` are those without any option.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from i2l_batch.config import ExtractConfig, TranscribeConfig

EXTRACT, RUN = ExtractConfig(), TranscribeConfig()


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


def parse_beam_size(text: str) -> int | Literal["auto"]:
    """The value of `--beam-size`."""
    if text == "auto":
        return "auto"
    try:
        return int(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is neither a whole number nor auto") from error


IMAGES, DEVICE = Images(EXTRACT.images), Device(RUN.device)
"""Their defaults, as the command line tells them."""

Inputs = Annotated[
    list[str],
    typer.Argument(
        help="PDFs, images (PNG, JPEG, TIFF, WebP), directories, quoted globs, @list.txt with "
        "a path per line, or - for paths on standard input; s3://BUCKET/NAME for each of them."
    ),
]
Output = Annotated[
    Path, typer.Option("--output", "-o", help="Folder to write to; made if it does not exist.")
]
OutputAnywhere = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        metavar="FOLDER",
        help="Folder to write to, or s3://BUCKET/FOLDER; made if it does not exist.",
    ),
]
Results = Annotated[
    str, typer.Argument(metavar="RESULTS", help="A results folder, or s3://BUCKET/FOLDER.")
]
SourceGlob = Annotated[
    str | None,
    typer.Option(
        "--source",
        metavar="GLOB",
        help="Only papers whose names match, as in '2020/*.pdf' (* matches / too), or the paper of "
        "this very name.",
    ),
]
Model = Annotated[
    Path | None,
    typer.Option("--model", "-m", help="Folder of a checkpoint; default: the shipped model."),
]

Dpi = Annotated[int, typer.Option(help="Resolution of crops from PDFs, 50-1200.")]
Inline = Annotated[bool, typer.Option("--inline", help="Formulas in lines of text too.")]
Pages = Annotated[
    str | None, typer.Option("--pages", "-p", help="1-based pages of PDFs, as in 1-4,7,12-.")
]
ImagesOption = Annotated[
    Images,
    typer.Option("--images", help="What images are: one formula (crop) or a page; auto guesses."),
]
PdfPassword = Annotated[
    str | None, typer.Option(help="Password of encrypted PDFs.", envvar="I2L_PDF_PASSWORD")
]
DocumentTimeout = Annotated[
    float, typer.Option(help="Seconds that extracting one document may take.")
]
MemoryLimit = Annotated[int, typer.Option(help="MiB that extracting one document may take.")]

BeamSize = Annotated[
    Any,
    typer.Option(
        parser=parse_beam_size,
        metavar="N|auto",
        help="Transcriptions kept in view per formula (1-50); 1 is fastest; auto: 1, and 4 where "
        "that is unsure.",
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        "--batch-size",
        "-b",
        help="Formulas decoded at once; default: 32 on a CPU, 256 on a GPU.",
    ),
]
DeviceOption = Annotated[
    Device, typer.Option("--device", "-d", help="Where the model runs; auto takes a GPU if any.")
]
Workers = Annotated[
    int | None, typer.Option(help="Documents extracted at a time; default: by the cores.")
]
Gpus = Annotated[int | None, typer.Option(help="GPUs to use; default: all.")]
ModelsPerGpu = Annotated[int, typer.Option(help="Models that share a GPU.")]
RayAddress = Annotated[
    str | None,
    typer.Option(help="Ray cluster to use (auto, HOST:PORT); default: one on this machine."),
]

Attention = Annotated[
    bool, typer.Option("--attention", help="Also store where each symbol of a formula stands.")
]
MaxFiles = Annotated[int | None, typer.Option(help="Take only the first N inputs.")]
Crops = Annotated[
    bool, typer.Option("--crops/--no-crops", help="Store the picture of each formula.")
]
RetryFailed = Annotated[
    bool, typer.Option("--retry-failed", help="Try documents again that failed before.")
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace the folder's earlier results.")
]
CommitSeconds = Annotated[
    float, typer.Option(help="Finished documents are on disk after this many seconds.")
]
FailFast = Annotated[
    bool, typer.Option("--fail-fast", help="Stop at the first document that fails.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="List what would be done, and do nothing.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing but failures and the account.")
]
