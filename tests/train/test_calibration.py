"""`i2l calibrate`: odds that are known are found, and the error is that of its definition."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from i2l_batch.calibration import features, load_calibration
from i2l_batch.models.files import CALIBRATION
from i2l_batch.train.calibration.calibrate import confidences
from i2l_batch.train.calibration.fit import calibration_error, fit
from i2l_batch.train.evaluation.predictions import PREDICTION_SCHEMA
from tests.command import call


def some_answers(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores (N,) and lowest log-probabilities (N,)."""
    rng = np.random.default_rng(seed)
    scores = -rng.gamma(1.0, 0.1, count)
    return scores, scores * rng.uniform(2, 20, count)


def test_odds_that_answers_have_are_found() -> None:
    scores, lowest = some_answers(20_000, 0)
    known = np.array([features(s, low, 9) for s, low in zip(scores, lowest, strict=True)])
    odds = 0.5 * known[:, 0] + 0.7 * known[:, 2] + 1.5
    rng = np.random.default_rng(1)
    right = rng.random(len(odds)) < 1 / (1 + np.exp(-odds))
    found = fit(known, right)
    assert np.abs(confidences(found, known) - 1 / (1 + np.exp(-odds))).mean() < 0.02
    assert calibration_error(confidences(found, known), right) < 0.02
    one = found.confidence(scores[0], lowest[0], 9)
    assert one == pytest.approx(confidences(found, known[:1])[0])


def test_the_error_by_hand() -> None:
    confidence = np.array([0.05, 0.05, 0.95, 0.95, 1.0])
    right = np.array([False, True, True, True, True])
    # Two in the first bin, 0.05 said, 0.5 right; three in the last, 2.9 / 3 said, all right.
    expected = (2 * 0.45 + 3 * (1 - 2.9 / 3)) / 5
    assert calibration_error(confidence, right) == pytest.approx(expected)
    assert calibration_error(right.astype(float), right) == 0


def write_predictions(folder: Path, count: int, seed: int) -> Path:
    """A file as `i2l evaluate` writes it, of answers half as sure as they sound."""
    scores, lowest = some_answers(count, seed)
    right = np.random.default_rng(seed).random(count) < np.exp(10 * scores)
    rows = [
        {
            "id": str(i),
            "tokens": ["x"],
            "latex": "x",
            "prediction": "x",
            "confidence": 0.5,
            "score": scores[i],
            "lowest": lowest[i],
            "num_tokens": 9,
            "stop": "eos",
            "valid": True,
            "edit_distance": 0.0,
            "exact": False,
            "exact_canonical": bool(right[i]),
            "bin": 0,
            "flags": [],
        }
        for i in range(count)
    ]
    rows[0] |= {"stop": "length", "flags": ["max_length"]}
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(rows, PREDICTION_SCHEMA), folder / "predictions.parquet")
    return folder


def test_a_checkpoint_is_calibrated_from_the_command_line(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(checkpoint, tmp_path / "copy"))
    one, other = (write_predictions(tmp_path / n, 3000, s) for s, n in enumerate("ab"))
    assert call("calibrate", str(copy), str(one), str(other / "predictions.parquet")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["a", "b"]
    assert all("2999 answers" in line for line in lines)  # the one that was cut does not count
    measured = json.loads((copy / CALIBRATION).read_text())["measured"]
    assert [part["file"] for part in measured] == ["a", "b"]
    assert all(part["calibration_error"] < 0.03 for part in measured)
    calibration = load_calibration(copy)
    assert calibration is not None
    assert calibration.confidence(-0.02, -0.1, 9) == pytest.approx(math.exp(-0.2), abs=0.05)


@pytest.mark.parametrize("kind", ["missing", "few", "other"])
def test_files_that_do_not_do(
    kind: str, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "predictions"
    if kind == "few":
        write_predictions(folder, 20, 0)
    if kind == "other":
        folder.mkdir()
        pq.write_table(pa.table({"score": [0.1]}), folder / "predictions.parquet")
    assert call("calibrate", str(checkpoint), str(folder)) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert ("holds 19 answers: give 100 or more" if kind == "few" else "is no") in message
    assert not (checkpoint / CALIBRATION).exists()
