"""`i2l explain`: options to a `TranscribeConfig`, and one call."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from i2l_batch import options as o
from i2l_batch.config import ExtractConfig, TranscribeConfig
from i2l_batch.options import EXTRACT, RUN
from i2l_batch.printable import printable


def explain(
    inputs: o.Inputs,
    output: o.Output,
    model: o.Model = RUN.model,
    dpi: o.Dpi = EXTRACT.dpi,
    inline: o.Inline = EXTRACT.inline,
    pages: o.Pages = EXTRACT.pages,
    images: o.ImagesOption = o.IMAGES,
    pdf_password: o.PdfPassword = EXTRACT.pdf_password,
    beam_size: o.BeamSize = RUN.beam_size,
    device: o.DeviceOption = o.DEVICE,
    max_files: o.MaxFiles = RUN.max_files,
) -> None:
    """Draw what the model looked at for each token: a PNG per formula, and an HTML page of all."""
    from i2l_batch.explain.run import explain as run

    config = TranscribeConfig(
        extract=ExtractConfig(
            dpi=dpi,
            inline=inline,
            pages=pages,
            images=images.value,
            pdf_password=pdf_password,
        ),
        model=model,
        beam_size=beam_size,
        device=device.value,
        max_files=max_files,
    )
    account = run(inputs, output, config, written=_tell, say=_say)
    print(f"{account.line()} to {output}", file=sys.stderr)
    raise typer.Exit(account.exit_code)


def _tell(path: Path) -> None:
    print(printable(str(path)))


def _say(line: str) -> None:
    print(printable(line), file=sys.stderr)
