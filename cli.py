"""The command line: options to a configuration, one call each, one line for each error.

Everything it does, the package does without it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from i2l_batch import __version__
from i2l_batch import options as o
from i2l_batch.account import Account
from i2l_batch.config import ExtractConfig, TranscribeConfig
from i2l_batch.errors import I2LError, UsageError
from i2l_batch.explain.command import explain
from i2l_batch.export.command import export
from i2l_batch.interrupts import end_in_order
from i2l_batch.object_uri import is_uri
from i2l_batch.options import EXTRACT, RUN
from i2l_batch.printable import printable
from i2l_batch.report.command import report
from i2l_batch.search.command import search
from i2l_batch.stats.command import stats
from i2l_batch.train import commands

_TAKE_URIS = {"transcribe", "query", "stats", "search", "report", "export"}

app = typer.Typer(
    name="i2l",
    help="Transcribe the formulas of a directory of papers to LaTeX, into a parquet data set.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def show_version(wanted: bool) -> None:
    """Print the version and leave."""
    if wanted:
        print(f"i2l {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=show_version, is_eager=True),
    ] = False,
) -> None:
    """Transcribe the formulas of a directory of papers to LaTeX, into a parquet data set."""


@app.command()
def transcribe(
    inputs: o.Inputs,
    output: o.OutputAnywhere,
    model: o.Model = RUN.model,
    dpi: o.Dpi = EXTRACT.dpi,
    inline: o.Inline = EXTRACT.inline,
    pages: o.Pages = EXTRACT.pages,
    images: o.ImagesOption = o.IMAGES,
    pdf_password: o.PdfPassword = EXTRACT.pdf_password,
    beam_size: o.BeamSize = RUN.beam_size,
    batch_size: o.BatchSize = RUN.batch_size,
    device: o.DeviceOption = o.DEVICE,
    workers: o.Workers = RUN.workers,
    gpus: o.Gpus = RUN.gpus,
    models_per_gpu: o.ModelsPerGpu = RUN.models_per_gpu,
    ray_address: o.RayAddress = RUN.ray_address,
    document_timeout: o.DocumentTimeout = EXTRACT.document_timeout,
    memory_limit: o.MemoryLimit = EXTRACT.memory_limit,
    max_files: o.MaxFiles = RUN.max_files,
    attention: o.Attention = RUN.attention,
    crops: o.Crops = RUN.keep_crops,
    retry_failed: o.RetryFailed = RUN.retry_failed,
    overwrite: o.Overwrite = RUN.overwrite,
    commit_seconds: o.CommitSeconds = RUN.commit_seconds,
    fail_fast: o.FailFast = RUN.fail_fast,
    dry_run: o.DryRun = False,
    verbose: o.Verbose = False,
    quiet: o.Quiet = False,
) -> None:
    """Read all formulas of papers and images into a results folder. Run it again to resume."""
    config = TranscribeConfig(
        extract=ExtractConfig(
            dpi=dpi,
            inline=inline,
            pages=pages,
            images=images.value,
            pdf_password=pdf_password,
            document_timeout=document_timeout,
            memory_limit=memory_limit,
        ),
        model=model,
        beam_size=beam_size,
        batch_size=batch_size,
        device=device.value,
        workers=workers,
        gpus=gpus,
        models_per_gpu=models_per_gpu,
        ray_address=ray_address,
        attention=attention,
        keep_crops=crops,
        retry_failed=retry_failed,
        overwrite=overwrite,
        commit_seconds=commit_seconds,
        fail_fast=fail_fast,
        max_files=max_files,
    )
    _run(inputs, output, config, dry_run, 1 if verbose else -1 if quiet else 0)


def _run(
    inputs: list[str],
    output: str,
    config: TranscribeConfig,
    dry_run: bool,
    verbosity: Literal[-1, 0, 1],
) -> NoReturn:
    """Do what `transcribe` was asked for; leave with the account's exit code."""
    from i2l_batch import pipeline
    from i2l_batch.progress import Progress

    if dry_run:
        print("\n".join(pipeline.dry_run(inputs, output, config)))
        raise typer.Exit
    account = Account()
    try:
        pipeline.transcribe(inputs, output, config, Progress(verbosity), account=account)
    except KeyboardInterrupt:
        if account.found:
            print(f"{account.line()} to {output}", file=sys.stderr)
        print(
            "i2l: interrupted; what is finished is committed, the same command goes on",
            file=sys.stderr,
        )
        raise typer.Exit(130) from None
    print(f"{account.line()} to {output}", file=sys.stderr)
    raise typer.Exit(account.exit_code)


@app.command()
def query(
    folder: o.Results,
    sql: Annotated[
        str | None, typer.Argument(help="DuckDB SQL over the views formulas and documents.")
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        o.Format, typer.Option("--format", "-f", help="How to write the rows.")
    ] = o.Format.table,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; default: standard output.")
    ] = None,
) -> None:
    """Ask a results folder questions in SQL, also while a run is writing to it."""
    from i2l_batch.query import run_query

    run_query(folder, sql, format.value, output)


@app.command()
def inspect(
    paper: Annotated[Path, typer.Argument(help="A PDF or an image.")],
    output: o.Output,
    inline: o.Inline = EXTRACT.inline,
    pages: o.Pages = EXTRACT.pages,
    images: o.ImagesOption = o.IMAGES,
    pdf_password: o.PdfPassword = EXTRACT.pdf_password,
) -> None:
    """Draw the formulas that are found over the pages, one PNG a page."""
    from i2l_batch.inspect import draw_boxes

    config = ExtractConfig(
        inline=inline, pages=pages, images=images.value, pdf_password=pdf_password
    )
    for path in draw_boxes(str(paper), config, output):
        print(printable(str(path)))


app.command()(stats)
app.command()(search)
app.command()(report)
app.command()(export)
app.command()(explain)
app.add_typer(commands.dataset, name="dataset")
app.command()(commands.train)
app.command()(commands.evaluate)
app.command()(commands.calibrate)


def _refuse_uris(arguments: Sequence[str]) -> None:
    """Commands that know local files only would take a URI for the name of one."""
    for text in arguments[1:]:
        if arguments[0] not in _TAKE_URIS and is_uri(text):
            raise UsageError(
                f"{text}: i2l {arguments[0]} reads and writes local files only: copy it to a disk"
            )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; errors meant for the user become one line and exit code 2.

    Args:
        arguments: null for those of the process.
    """
    end_in_order()
    try:
        _refuse_uris(sys.argv[1:] if arguments is None else arguments)
        app(arguments)
    except I2LError as error:
        print(f"i2l: {printable(str(error))}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
