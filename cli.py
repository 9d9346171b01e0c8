"""The command line: options to a configuration, one call each, one line for each error.

Everything it does, the package does without it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from i2l_batch import __version__
from i2l_batch.errors import I2LError
from i2l_batch.interrupts import end_in_order
from i2l_batch.options import (
    BatchSize,
    BeamSize,
    Device,
    DeviceOption,
    Format,
    Images,
    Inline,
    Model,
    Output,
    Pages,
)
from i2l_batch.train import commands

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
def options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=show_version, is_eager=True),
    ] = False,
) -> None:
    """Transcribe the formulas of a directory of papers to LaTeX, into a parquet data set."""


@app.command()
def transcribe(
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="PDFs, images (PNG, JPEG, TIFF, WebP), directories, quoted globs, @list.txt with "
            "a path per line, or - for paths on standard input."
        ),
    ],
    output: Output,
    model: Model = None,
    dpi: Annotated[int, typer.Option(help="Resolution of crops from PDFs, 50-1200.")] = 200,
    inline: Inline = False,
    pages: Pages = None,
    images: Annotated[
        Images, typer.Option(help="What images are: one formula (crop) or a page; auto guesses.")
    ] = Images.auto,
    pdf_password: Annotated[
        str | None, typer.Option(help="Password of encrypted PDFs.", envvar="I2L_PDF_PASSWORD")
    ] = None,
    beam_size: BeamSize = 5,
    batch_size: BatchSize = 32,
    device: DeviceOption = Device.auto,
    workers: Annotated[
        int | None, typer.Option(help="Documents extracted at a time; default: by the cores.")
    ] = None,
    gpus: Annotated[
        int | None, typer.Option(help="GPUs to use, one model on each; default: all.")
    ] = None,
    ray_address: Annotated[
        str | None,
        typer.Option(help="Ray cluster to use (auto, HOST:PORT); default: one on this machine."),
    ] = None,
    document_timeout: Annotated[
        float, typer.Option(help="Seconds that extracting one document may take.")
    ] = 300.0,
    memory_limit: Annotated[
        int, typer.Option(help="MiB that extracting one document may take.")
    ] = 2048,
    max_files: Annotated[int | None, typer.Option(help="Take only the first N inputs.")] = None,
    crops: Annotated[
        bool, typer.Option("--crops/--no-crops", help="Store the picture of each formula.")
    ] = True,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try documents again that failed before.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Remove the folder's earlier results first.")
    ] = False,
    commit_seconds: Annotated[
        float, typer.Option(help="Finished documents are on disk after this many seconds.")
    ] = 60.0,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop at the first document that fails.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would be done, and do nothing.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but failures and the account.")
    ] = False,
) -> None:
    """Read all formulas of papers and images into a results folder. Run it again to resume."""
    from i2l_batch import pipeline
    from i2l_batch.config import ExtractConfig, TranscribeConfig
    from i2l_batch.progress import Progress

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
        ray_address=ray_address,
        keep_crops=crops,
        retry_failed=retry_failed,
        overwrite=overwrite,
        commit_seconds=commit_seconds,
        fail_fast=fail_fast,
        max_files=max_files,
    )
    if dry_run:
        print("\n".join(pipeline.dry_run(inputs, output, config)))
        return
    progress = Progress(1 if verbose else -1 if quiet else 0)
    try:
        account = pipeline.transcribe(inputs, output, config, progress)
    except KeyboardInterrupt:
        print(
            "i2l: interrupted; what is finished is committed, the same command goes on",
            file=sys.stderr,
        )
        raise typer.Exit(130) from None
    print(f"{account.line()} to {output}", file=sys.stderr)
    raise typer.Exit(account.exit_code)


@app.command()
def query(
    folder: Annotated[Path, typer.Argument(help="A results folder.")],
    sql: Annotated[
        str | None,
        typer.Argument(help="DuckDB SQL over formulas and documents; without it, a summary."),
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        Format, typer.Option("--format", "-f", help="How to write the rows.")
    ] = Format.table,
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
    output: Output,
    inline: Inline = False,
    pages: Pages = None,
) -> None:
    """Draw the formulas that are found over the pages, one PNG a page."""
    from i2l_batch.config import ExtractConfig
    from i2l_batch.inspect import draw_boxes

    for path in draw_boxes(str(paper), ExtractConfig(inline=inline, pages=pages), output):
        print(path)


app.add_typer(commands.dataset, name="dataset")
app.command()(commands.train)
app.command()(commands.evaluate)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; errors meant for the user become one line and exit code 2.

    Args:
        arguments: null for those of the process.
    """
    end_in_order()
    try:
        app(arguments)
    except I2LError as error:
        print(f"i2l: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
