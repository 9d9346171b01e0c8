"""`transcribe`, as a function for programs and notebooks.

In: what the command takes, by name. Out: the opened results. Knows no more than the command does.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from i2l_batch.config import BeamSize, ExtractConfig, TranscribeConfig
from i2l_batch.locations import Place
from i2l_batch.results import Results, open_results

_EXTRACT, _RUN = ExtractConfig(), TranscribeConfig()


def transcribe(
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    output: Place,
    *,
    model: str | os.PathLike[str] | None = _RUN.model,
    dpi: int = _EXTRACT.dpi,
    inline: bool = _EXTRACT.inline,
    pages: str | None = _EXTRACT.pages,
    images: Literal["auto", "crop", "page"] = _EXTRACT.images,
    pdf_password: str | None = _EXTRACT.pdf_password,
    document_timeout: float = _EXTRACT.document_timeout,
    memory_limit: int = _EXTRACT.memory_limit,
    beam_size: BeamSize = _RUN.beam_size,
    batch_size: int | None = _RUN.batch_size,
    max_length: int = _RUN.max_length,
    device: Literal["auto", "cpu", "cuda"] = _RUN.device,
    workers: int | None = _RUN.workers,
    gpus: int | None = _RUN.gpus,
    models_per_gpu: int = _RUN.models_per_gpu,
    ray_address: str | None = _RUN.ray_address,
    attention: bool = _RUN.attention,
    keep_crops: bool = _RUN.keep_crops,
    retry_failed: bool = _RUN.retry_failed,
    overwrite: bool = _RUN.overwrite,
    commit_seconds: float = _RUN.commit_seconds,
    fail_fast: bool = _RUN.fail_fast,
    max_files: int | None = _RUN.max_files,
    progress: bool = False,
) -> Results:
    """Read all formulas of papers and images into a results folder, and open it.

    What is done there already is skipped, so that the same call goes on after an interruption. A
    document that fails is told on standard error, and is a row of `documents()` with the reason;
    the account of the run is `runs()[-1]["counts"]`. The results are returned, and not the account:
    a look at the rows comes next, whether this run read them or an earlier one.

    Args:
        inputs: PDFs, images, directories, globs, `@list.txt` with a path a line; one or several.
        output: the results folder, or a URI such as `s3://bucket/results`; made if need be.
        model: folder of a checkpoint; null for the shipped model.
        progress: show on standard error how far the run is; else only failures are told.

    The others are those of `i2l transcribe`, with the units and meanings that the fields of
    `config.ExtractConfig` and `config.TranscribeConfig` tell.

    Raises:
        UsageError: nothing to do, or options that do not fit together.
        StoreError: the folder is locked, foreign, or holds rows of other settings.
        CheckpointError: the model cannot be used.
        KeyboardInterrupt: after what was finished has been committed.
    """
    from i2l_batch import pipeline
    from i2l_batch.progress import Progress

    config = TranscribeConfig(
        extract=ExtractConfig(
            dpi=dpi,
            inline=inline,
            pages=pages,
            images=images,
            pdf_password=pdf_password,
            document_timeout=document_timeout,
            memory_limit=memory_limit,
        ),
        model=None if model is None else Path(model),
        beam_size=beam_size,
        batch_size=batch_size,
        max_length=max_length,
        device=device,
        workers=workers,
        gpus=gpus,
        models_per_gpu=models_per_gpu,
        ray_address=ray_address,
        attention=attention,
        keep_crops=keep_crops,
        retry_failed=retry_failed,
        overwrite=overwrite,
        commit_seconds=commit_seconds,
        fail_fast=fail_fast,
        max_files=max_files,
    )
    several = [inputs] if isinstance(inputs, (str, os.PathLike)) else inputs
    paths = [os.fspath(path) for path in several]
    pipeline.transcribe(paths, output, config, Progress(0 if progress else -1))
    return open_results(output)
