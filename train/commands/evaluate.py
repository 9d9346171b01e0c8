"""`i2l evaluate`: options to an `EvaluateConfig`, and one call."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from i2l_batch.options import DEVICE, RUN, BeamSize, DeviceOption


def evaluate(
    checkpoint: Annotated[Path, typer.Argument(help="Folder of a checkpoint.")],
    truth: Annotated[Path, typer.Argument(help="JSON lines with `image` (or `img`) and `latex`.")],
    images: Annotated[
        Path | None, typer.Option(help="Folder the image paths start at; default: the truth's.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="Only formulas of at most this many tokens.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Only the first N of them.")] = None,
    beam_size: BeamSize = RUN.beam_size,
    device: DeviceOption = DEVICE,
    predictions: Annotated[
        Path | None, typer.Option("--output", "-o", help="JSON lines of predictions to write.")
    ] = None,
) -> None:
    """Measure a model on pictures with known LaTeX: BLEU, edit distance, exact match."""
    from i2l_batch.train.evaluation.evaluate import EvaluateConfig
    from i2l_batch.train.evaluation.evaluate import evaluate as run

    config = EvaluateConfig(
        images=images, max_tokens=max_tokens, limit=limit, beam_size=beam_size, device=device.value
    )
    print(run(checkpoint, truth, config, predictions).table())
