"""Evaluation: a checkpoint on pictures with known LaTeX, through the code that reads users' images.

In: a checkpoint and a truth file. Out: scores against the labels as they are and in canonical form,
beside what the same model says of blank pictures: a model that recites scores there too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from i2l_batch.config import ExtractConfig, TranscribeConfig, check_beam_size, check_positive
from i2l_batch.durable import whole_file
from i2l_batch.errors import UsageError
from i2l_batch.extract import extract_chunk
from i2l_batch.images import decode_png
from i2l_batch.latex import canonicalize, tokenize
from i2l_batch.metrics import Scores, score
from i2l_batch.records import Transcript
from i2l_batch.sources import media_of
from i2l_batch.transcriber import Device, Transcriber


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluateConfig:
    """What to measure on."""

    images: Path | None = None
    """Folder that image paths are relative to; null for the truth file's own."""
    max_tokens: int | None = None
    """Leave out formulas with more tokens in their label."""
    limit: int | None = None
    """Take only the first so many."""
    beam_size: int = TranscribeConfig().beam_size
    device: Device = "auto"

    def __post_init__(self) -> None:
        check_beam_size(self.beam_size)
        check_positive(max_tokens=self.max_tokens, limit=self.limit)


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Scores of one evaluation."""

    raw: Scores
    """Against the labels as they are."""
    canonical: Scores
    """Both sides in canonical form."""
    blank: Scores
    """Of answers to blank pictures, against the labels as they are."""
    valid: float
    """Share of answers that parse; 0-1."""

    def table(self) -> str:
        """A table for people."""
        lines = [f"{self.raw.num_formulas} formulas, {100 * self.valid:.1f} % of answers parse"]
        lines.append(f"{'':<18}{'BLEU':>8}{'edit':>8}{'exact':>8}")
        for name, scores in (
            ("labels as they are", self.raw),
            ("canonical form", self.canonical),
            ("blank pictures", self.blank),
        ):
            lines.append(
                f"{name:<18}{scores.bleu:>8.4f}{scores.edit_distance:>8.4f}"
                f"{scores.exact_match:>8.4f}"
            )
        return "\n".join(lines)


def evaluate(
    checkpoint: Path, truth: Path, config: EvaluateConfig, predictions: Path | None = None
) -> Report:
    """Measure a checkpoint; `predictions` is a JSON-lines file to write answers to.

    Raises:
        UsageError: the truth file cannot be read, nothing is left of it, an image is missing.
        SourceError: an image cannot be read.
    """
    labels = read_truth(truth, config)
    root = config.images or truth.parent
    transcriber = Transcriber(checkpoint, device=config.device, beam_size=config.beam_size)
    pictures = [_picture(root / name) for name, _ in labels]
    answers = transcriber.transcribe(pictures)
    # Blank to the eye, and as large as the real ones: the prepared blank would be one small tile.
    blank = transcriber.transcribe([_speck(picture) for picture in pictures[:200]])
    if predictions:
        _write(predictions, labels, answers)
    truths = [tokenize(latex) for _, latex in labels]
    answered = [tokenize(answer.latex) for answer in answers]
    return Report(
        raw=score(answered, truths),
        canonical=score([canonicalize(t) for t in answered], [canonicalize(t) for t in truths]),
        blank=score([tokenize(answer.latex) for answer in blank], truths[: len(blank)]),
        valid=sum(answer.valid for answer in answers) / len(answers),
    )


def read_truth(path: Path, config: EvaluateConfig) -> list[tuple[str, str]]:
    """Image paths and LaTeX of a truth file, as far as the configuration wants them."""
    try:
        lines = path.read_text("utf-8").split("\n")  # not splitlines: JSON may hold U+2028
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error
    labels = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, latex = _label(line, f"{path}:{number}")
        if config.max_tokens is None or len(tokenize(latex)) <= config.max_tokens:
            labels.append((name, latex))
    labels = labels[: config.limit]
    if not labels:
        within = f" of at most {config.max_tokens} tokens" if config.max_tokens else ""
        raise UsageError(f"{path} holds no formula{within}")
    return labels


def _label(line: str, place: str) -> tuple[str, str]:
    """Image path and LaTeX of a line of a truth file."""
    try:
        record = json.loads(line)
    except ValueError as error:
        raise UsageError(f"{place} is no JSON: {error}") from error
    if not isinstance(record, dict):
        raise UsageError(f"{place} is no JSON object with the keys `image` and `latex`")
    name, latex = record.get("image", record.get("img")), record.get("latex")
    if not isinstance(name, str) or not isinstance(latex, str):
        raise UsageError(f"{place} needs the keys `image` and `latex`, both texts")
    return name, latex


def _picture(path: Path) -> np.ndarray:
    """An image file as the pipeline gives it to the model."""
    media = media_of(str(path))
    if media != "image":
        raise UsageError(f"{path} is no image: PNG, JPEG, TIFF or WebP is needed")
    if not path.is_file():
        raise UsageError(f"{path} does not exist: see --images for the folder that paths start at")
    found = extract_chunk(str(path), media, ExtractConfig(images="crop"))
    return decode_png(found.crops[0].png)


def _speck(picture: np.ndarray) -> np.ndarray:
    """A white picture of the same size, with a speck in two corners that keeps it from trimming."""
    blank = np.full_like(picture, 255)
    blank[:1, :1] = blank[-1:, -1:] = 0
    return blank


def _write(path: Path, labels: Sequence[tuple[str, str]], answers: Sequence[Transcript]) -> None:
    with whole_file(path) as file:
        for (name, latex), answer in zip(labels, answers, strict=True):
            row = {
                "image": name,
                "latex": latex,
                "prediction": answer.latex,
                "confidence": answer.confidence,
                "flags": answer.flags,
            }
            file.write(json.dumps(row).encode() + b"\n")
