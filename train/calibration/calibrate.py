"""`calibration.json` of a checkpoint, from the predictions of `i2l evaluate`.

In: a checkpoint and `predictions.parquet` files. Out: the file, and how well it does on answers
that it was not fitted on: on each fifth, fitted on the other four.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from i2l_batch.calibration import Calibration, features, to_json
from i2l_batch.durable import whole_file
from i2l_batch.errors import UsageError
from i2l_batch.models.files import CALIBRATION, checkpoint_sha256
from i2l_batch.train.calibration.fit import calibration_error, fit

COLUMNS = ("score", "lowest", "num_tokens", "stop", "flags", "exact_canonical")
FOLDS = 5
LEAST = 100
"""Answers that a file must hold: fewer say nothing about a probability."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """The answers of one predictions file that came to an end."""

    name: str
    features: np.ndarray
    """(N, F) float64."""
    right: np.ndarray
    """(N,) bool."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """How well a calibration does on the answers of one file."""

    name: str
    answers: int
    exact: float
    """Share that is exactly right, in canonical form."""
    calibration_error: float

    def line(self) -> str:
        """For people."""
        return (
            f"{self.name}: {self.answers} answers, {100 * self.exact:.1f} % exactly right, "
            f"expected calibration error {self.calibration_error:.3f}"
        )


def calibrate(checkpoint: Path, predictions: Sequence[Path]) -> list[Measured]:
    """Fit the checkpoint's calibration on all answers, each file counting for its size.

    Raises:
        CheckpointError: the folder is none.
        UsageError: a file is no `predictions.parquet`, or holds too few answers.
        StoreError: the checkpoint cannot be written.
    """
    checkpoint_sha256(checkpoint)
    files = [read_answers(path) for path in predictions]
    measured = [
        Measured(
            name=answers.name,
            answers=len(answers.right),
            exact=float(answers.right.mean()),
            calibration_error=calibration_error(held_out, answers.right),
        )
        for answers, held_out in zip(files, held_out_confidences(files), strict=True)
    ]
    calibration = _fit(files)
    facts: list[dict[str, object]] = [
        {
            "file": one.name,
            "answers": one.answers,
            "exact": round(one.exact, 4),
            "calibration_error": round(one.calibration_error, 4),
        }
        for one in measured
    ]
    with whole_file(checkpoint / CALIBRATION) as file:
        file.write(to_json(calibration, facts))
    return measured


def read_answers(path: Path) -> Answers:
    """The answers of `predictions.parquet`, or of a folder with it. Raises UsageError."""
    file = path / "predictions.parquet" if path.is_dir() else path
    try:
        table = pq.read_table(file, columns=list(COLUMNS))
    except (OSError, pa.ArrowException) as error:
        raise UsageError(
            f"{file} is no predictions.parquet of this version of i2l evaluate"
        ) from error
    rows = [
        row
        for row in table.to_pylist()
        if row["stop"] == "eos" and not {"blank", "repeats"} & set(row["flags"])
    ]
    if len(rows) < LEAST:
        raise UsageError(f"{file} holds {len(rows)} answers: give {LEAST} or more")
    return Answers(
        name=file.parent.name,
        features=np.array([features(r["score"], r["lowest"], r["num_tokens"]) for r in rows]),
        right=np.array([r["exact_canonical"] for r in rows]),
    )


def held_out_confidences(files: Sequence[Answers]) -> list[np.ndarray]:
    """Per file (N,): what a calibration says of each answer that it was not fitted on."""
    rng = np.random.default_rng(0)
    folds = [rng.permutation(len(answers.right)) % FOLDS for answers in files]
    found = [np.zeros(len(answers.right)) for answers in files]
    for fold in range(FOLDS):
        fitted = _fit(
            [_some(answers, of != fold) for answers, of in zip(files, folds, strict=True)]
        )
        for confidence, answers, of in zip(found, files, folds, strict=True):
            confidence[of == fold] = confidences(fitted, answers.features[of == fold])
    return found


def confidences(calibration: Calibration, features: np.ndarray) -> np.ndarray:
    """(N,) for (N, F) features."""
    return 1 / (1 + np.exp(-(features @ np.array(calibration.weights) + calibration.bias)))


def _some(answers: Answers, chosen: np.ndarray) -> Answers:
    return replace(answers, features=answers.features[chosen], right=answers.right[chosen])


def _fit(files: Sequence[Answers]) -> Calibration:
    return fit(
        np.concatenate([answers.features for answers in files]),
        np.concatenate([answers.right for answers in files]),
    )
