"""A model's answers to samples, and to blank pictures.

In: a checkpoint and samples. Out: a label and a `Transcript` each, in the samples' order. The blank
control: pictures of the same sizes as the first `BLANKS` samples, white but for a speck in two
corners. A model that reads scores near 0 there; one that recites what formulas tend to be does not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from i2l_batch.config import BeamSize
from i2l_batch.latex import tokenize
from i2l_batch.metrics import Tally
from i2l_batch.models.files import CONFIG, checkpoint_sha256
from i2l_batch.picture_reader import Device
from i2l_batch.records import Transcript
from i2l_batch.train.evaluation.truth import Label, Sample, Truth
from i2l_batch.transcriber import Transcriber

BLANKS = 32
"""Samples whose sizes the blank pictures have. They are slow: most answers never end."""

ROWS = 1000
"""Samples that are in memory at a time: tens of megabytes of pictures."""

_BATCHES = 4
"""Batches of the model between two signs of progress: more make batches of more alike areas."""


class ModelAnswers:
    """What one model says."""

    def __init__(
        self, checkpoint: Path, *, device: Device, beam_size: BeamSize, batch_size: int | None
    ) -> None:
        """Load the model. Raises CheckpointError."""
        self.checkpoint = checkpoint
        self.transcriber = Transcriber(
            checkpoint, device=device, beam_size=beam_size, batch_size=batch_size
        )
        self._first: list[Sample] = []

    def batches(
        self, truth: Truth, advance: Callable[[int], None]
    ) -> Iterator[list[tuple[Label, Transcript | None]]]:
        """Labels with answers, at most `ROWS` at a time; `advance` is told how many were read."""
        for samples in truth.batches(ROWS):
            self._first += samples[: BLANKS - len(self._first)]
            answers = self._read(samples, advance)
            yield [(s.label, answer) for s, answer in zip(samples, answers, strict=True)]

    def blank_control(self) -> Tally:
        """Answers to blank pictures, against the labels of the samples that had their sizes."""
        tally = Tally()
        blanks = [speck(sample.picture) for sample in self._first]
        answers = self.transcriber.transcribe(blanks, [sample.em for sample in self._first])
        for sample, answer in zip(self._first, answers, strict=True):
            tally.add(tokenize(answer.latex), sample.label.tokens)
        return tally

    def facts(self) -> dict[str, Any]:
        """What names the model in a report."""
        config = json.loads((self.checkpoint / CONFIG).read_text("utf-8"))
        return {
            "path": str(self.checkpoint),
            "sha256": checkpoint_sha256(self.checkpoint),
            "architecture": config["architecture"],
            "beam_size": self.transcriber.reader.beam_size,
            "length_penalty": self.transcriber.reader.beam.length_penalty,
            "max_length": self.transcriber.reader.beam.max_length,
        }

    def _read(self, samples: Sequence[Sample], advance: Callable[[int], None]) -> list[Transcript]:
        answers: dict[int, Transcript] = {}
        by_area = sorted(range(len(samples)), key=lambda i: samples[i].picture.size)
        size = _BATCHES * self.transcriber.reader.batch.pictures
        for start in range(0, len(by_area), size):
            chosen = by_area[start : start + size]
            read = self.transcriber.transcribe(
                [samples[i].picture for i in chosen], [samples[i].em for i in chosen]
            )
            answers.update(zip(chosen, read, strict=True))
            advance(len(chosen))
        return [answers[i] for i in range(len(samples))]


def speck(picture: np.ndarray) -> np.ndarray:
    """A white picture (H, W) of the same size, with a speck in two corners against trimming."""
    blank = np.full_like(picture, 255)
    blank[:1, :1] = blank[-1:, -1:] = 0
    return blank
