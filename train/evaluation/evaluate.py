"""An evaluation: answers against known LaTeX, scored batch by batch.

In: a checkpoint and samples, or a results folder and a truth file. Out: a `Report`, and on request
a folder with `predictions.parquet` (a row per formula) and `report.json`. At no time more than a
few thousand formulas are in memory.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from i2l_batch.config import BeamSize, TranscribeConfig, check_beam_size, check_positive
from i2l_batch.durable import whole_file
from i2l_batch.errors import StoreError
from i2l_batch.metrics import Tally
from i2l_batch.picture_reader import Device
from i2l_batch.records import Transcript
from i2l_batch.train.evaluation.answers import ROWS, ModelAnswers
from i2l_batch.train.evaluation.dataset_split import DatasetSplit
from i2l_batch.train.evaluation.image_list import ImageList
from i2l_batch.train.evaluation.matching import MatchedResults
from i2l_batch.train.evaluation.pictures import PictureJudge, collect, has_tex
from i2l_batch.train.evaluation.predictions import Write, prediction_file
from i2l_batch.train.evaluation.progress import EvaluationProgress
from i2l_batch.train.evaluation.report import Report
from i2l_batch.train.evaluation.summary import ByLength, judged
from i2l_batch.train.evaluation.truth import Label, Truth

Answered = Sequence[tuple[Label, Transcript | None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluateConfig:
    """How to measure."""

    split: str = "test"
    """Split of a data set."""
    images: Path | None = None
    """Folder that the image paths of a truth file are relative to; null for the file's own."""
    max_tokens: int | None = None
    """Leave out formulas with more tokens in their label."""
    limit: int | None = None
    """Take only the first so many."""
    beam_size: BeamSize = TranscribeConfig().beam_size
    batch_size: int | None = TranscribeConfig().batch_size
    device: Device = "auto"
    image_match: bool | None = None
    """Draw labels and answers and compare the pictures; null where TeX is installed."""
    workers: int | None = None
    """Processes that draw; null for one per core, 0 for none but this one."""

    def __post_init__(self) -> None:
        check_beam_size(self.beam_size)
        check_positive(max_tokens=self.max_tokens, limit=self.limit, batch_size=self.batch_size)


def evaluate_model(
    checkpoint: Path, data: Path, config: EvaluateConfig, output: Path | None = None
) -> Report:
    """Measure a checkpoint on a data set folder, or on the images that a truth file names.

    Args:
        checkpoint: folder of a checkpoint.
        data: folder of `i2l dataset build`, or JSON lines of images and LaTeX.
        config: what to take and how to measure.
        output: folder for predictions.parquet and report.json.

    Raises:
        UsageError, CheckpointError, SourceError, RenderError, StoreError: see their modules.
    """
    truth = open_truth(data, config)
    answers = ModelAnswers(
        checkpoint,
        device=config.device,
        beam_size=config.beam_size,
        batch_size=config.batch_size,
    )
    with EvaluationProgress(len(truth)) as progress:
        outcome = _judge(answers.batches(truth, progress.advance), config, output)
        progress.say("reading blank pictures")
        blank = answers.blank_control()
    return _report(truth.facts(), answers.facts(), outcome, blank, output)


def evaluate_results(
    results: Path, truth: Path, config: EvaluateConfig, output: Path | None = None
) -> Report:
    """Measure a results folder of `i2l transcribe` against a truth file; output as above.

    Raises:
        UsageError, RenderError, StoreError: see their modules.
    """
    matched = MatchedResults(results, truth, max_tokens=config.max_tokens, limit=config.limit)
    outcome = _judge(matched.batches(ROWS), config, output)
    return _report(matched.facts(), matched.model_facts(), outcome, None, output)


def open_truth(data: Path, config: EvaluateConfig) -> Truth:
    """The samples of a data set folder or of a truth file. Raises UsageError."""
    limits = {"max_tokens": config.max_tokens, "limit": config.limit}
    if data.is_dir():
        return DatasetSplit(data, config.split, **limits)
    return ImageList(data, images=config.images, **limits)


def _judge(
    batches: Iterable[Answered], config: EvaluateConfig, output: Path | None
) -> tuple[ByLength, bool, float]:
    """Score all answers, and write them; whether pictures were compared, and the seconds needed."""
    began = time.perf_counter()
    images = has_tex() if config.image_match is None else config.image_match
    workers = (os.cpu_count() or 1) if config.workers is None else config.workers
    lengths = ByLength()
    with ExitStack() as stack:
        judge = stack.enter_context(PictureJudge(workers)) if images else None
        write = stack.enter_context(prediction_file(_file(output, "predictions.parquet")))
        # One batch is drawn while the model reads the next.
        drawing: deque[_Drawn] = deque()
        for batch in batches:
            drawing.append(_Drawn(batch, judge))
            if len(drawing) > 1:
                drawing.popleft().finish(lengths, write)
        while drawing:
            drawing.popleft().finish(lengths, write)
    return lengths, images, time.perf_counter() - began


class _Drawn:
    """A batch whose pictures are being compared."""

    def __init__(self, batch: Answered, judge: PictureJudge | None) -> None:
        self.formulas = [judged(label, answer) for label, answer in batch]
        pairs = [(formula.label.tokens, formula.tokens) for formula in self.formulas]
        self.comparisons = judge.submit(pairs) if judge else None

    def finish(self, lengths: ByLength, write: Write) -> None:
        """Wait for the comparisons; count and write the formulas."""
        formulas = self.formulas
        if self.comparisons is not None:
            pictures = collect(self.comparisons)
            formulas = [replace(f, pictures=p) for f, p in zip(formulas, pictures, strict=True)]
        for formula in formulas:
            lengths.add(formula)
        write(formulas)


def _file(output: Path | None, name: str) -> Path | None:
    if output is None:
        return None
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make the folder {output}: {error.strerror}") from error
    return output / name


def _report(
    data: dict[str, Any],
    model: dict[str, Any],
    outcome: tuple[ByLength, bool, float],
    blank: Tally | None,
    output: Path | None,
) -> Report:
    """The report of what was judged, also written as report.json."""
    lengths, images, seconds = outcome
    report = Report(
        data=data, model=model, lengths=lengths, blank=blank, images=images, seconds=seconds
    )
    if path := _file(output, "report.json"):
        with whole_file(path) as file:
            file.write(json.dumps(report.as_json(), indent=1, ensure_ascii=False).encode() + b"\n")
    return report
