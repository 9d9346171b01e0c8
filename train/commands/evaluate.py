"""`i2l evaluate`: options to an `EvaluateConfig`, and one call."""

from __future__ import annotations

from pathlib import Path

import typer

from i2l_batch.errors import UsageError
from i2l_batch.options import DEVICE, RUN, BatchSize, BeamSize, DeviceOption
from i2l_batch.train.commands import evaluate_options as o


def evaluate(
    subject: o.Subject,
    data: o.Data = None,
    truth: o.Truth = None,
    split: o.Split = "test",
    images: o.Images = None,
    max_tokens: o.MaxTokens = None,
    limit: o.Limit = None,
    beam_size: BeamSize = RUN.beam_size,
    batch_size: BatchSize = RUN.batch_size,
    device: DeviceOption = DEVICE,
    image_match: o.ImageMatch = None,
    workers: o.Workers = None,
    output: o.Output = None,
) -> None:
    """Measure a model or transcriptions on known LaTeX: BLEU, edit distance, exact, image match.

    The paper's figures are with --beam-size 10.
    """
    from i2l_batch.train.evaluation.evaluate import (
        EvaluateConfig,
        evaluate_model,
        evaluate_results,
    )

    config = EvaluateConfig(
        split=split,
        images=images,
        max_tokens=max_tokens,
        limit=limit,
        beam_size=beam_size,
        batch_size=batch_size,
        device=device.value,
        image_match=image_match,
        workers=workers,
    )
    check_subject(subject, data, truth)
    try:
        if truth:
            report = evaluate_results(subject, truth, config, output)
        else:
            assert data is not None
            report = evaluate_model(subject, data, config, output)
    except KeyboardInterrupt:
        typer.echo("i2l: interrupted; there is no report", err=True)
        raise typer.Exit(130) from None
    print(report.table())


def check_subject(subject: Path, data: Path | None, truth: Path | None) -> None:
    """Raise UsageError unless the arguments are a checkpoint and data, or results and a truth."""
    from i2l_batch.models.files import WEIGHTS

    if not subject.is_dir():
        raise UsageError(f"{subject} is not a folder: give a checkpoint, or results with --truth")
    is_checkpoint, is_results = (subject / WEIGHTS).exists(), (subject / "runs").is_dir()
    if truth and data:
        raise UsageError(f"--truth is for results alone: leave out {data}")
    if truth and is_checkpoint:
        raise UsageError(f"{subject} is a checkpoint: give the truth without --truth")
    if not truth and is_results and not is_checkpoint:
        raise UsageError(f"{subject} holds results: give --truth FILE with what is right")
    if not truth and not data:
        raise UsageError(
            f"nothing to measure {subject} on: give a data set folder, or JSON lines with images"
        )
