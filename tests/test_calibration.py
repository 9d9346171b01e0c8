"""Confidence: odds and probabilities, and the file that is kept with a checkpoint."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from i2l_batch.calibration import (
    Calibration,
    features,
    load_calibration,
    log_odds,
    to_json,
)
from i2l_batch.errors import CheckpointError
from i2l_batch.models.files import CALIBRATION, checkpoint_sha256

log_probabilities = st.floats(-1e4, 0.0)


@given(st.floats(-30.0, -1e-5))
def test_odds_are_those_of_the_probability(log_probability: float) -> None:
    probability = math.exp(log_probability)
    expected = math.log(probability / -math.expm1(log_probability))
    assert log_odds(log_probability) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(log_probabilities, log_probabilities, st.integers(0, 500), st.floats(-1e3, 1e3))
def test_confidence_is_a_probability(
    score: float, lowest: float, num_tokens: int, weight: float
) -> None:
    assert all(map(math.isfinite, features(score, lowest, num_tokens)))
    calibration = Calibration(bias=-1.0, weights=(weight, 0.5, -weight, 2.0))
    assert 0 <= calibration.confidence(score, lowest, num_tokens) <= 1


def test_one_weight_on_the_whole_answer_gives_its_probability() -> None:
    """Log-odds of the product of the tokens' probabilities, unchanged."""
    plain = Calibration(bias=0.0, weights=(1.0, 0.0, 0.0, 0.0))
    assert plain.confidence(-0.01, -0.5, 9) == pytest.approx(math.exp(-0.1))


def test_the_file_holds_the_numbers_and_names_the_model(checkpoint: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(checkpoint, tmp_path / "copy"))
    assert load_calibration(copy) is None
    before = checkpoint_sha256(copy)
    calibration = Calibration(bias=0.25, weights=(1.0, 2.0, 3.0, -4.0))
    (copy / CALIBRATION).write_bytes(to_json(calibration, [{"file": "some"}]))
    assert load_calibration(copy) == calibration
    assert before == checkpoint_sha256(checkpoint) != checkpoint_sha256(copy)


GOOD = {"bias": 0.0, "weights": [1, 1, 1, 1]}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        json.dumps({**GOOD, "weights": [1, 2]}),
        json.dumps({**GOOD, "weights": "1234"[:3]}),
        json.dumps({**GOOD, "bias": None}),
        json.dumps({**GOOD, "bias": math.nan}),
    ],
)
def test_anything_else_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / CALIBRATION).write_text(content)
    with pytest.raises(CheckpointError, match="calibrate the model again"):
        load_calibration(tmp_path)
