"""What the probabilities of an answer say about whether it is exactly right.

A model is surer of its tokens than it should be, and of a long answer all tokens must be right. So
the confidence is a logistic regression on what the model says of an answer, fitted on answers whose
truth is known (`i2l calibrate`) and kept with the weights. Knows no model.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from i2l_batch.errors import CheckpointError
from i2l_batch.models.files import CALIBRATION

_LEAST = 1e-6
"""Nats by which no probability is nearer to 1: its odds stay finite."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """How sure to be."""

    bias: float
    weights: tuple[float, ...]
    """For `features`, in their order."""

    def confidence(self, score: float, lowest: float, num_tokens: int) -> float:
        """Probability that such an answer is exactly right, 0 to 1; arguments as in `features`."""
        values = features(score, lowest, num_tokens)
        odds = self.bias + sum(w * x for w, x in zip(self.weights, values, strict=True))
        return 1 / (1 + math.exp(-max(-500.0, min(odds, 500.0))))


def features(score: float, lowest: float, num_tokens: int) -> tuple[float, float, float, float]:
    """What is known of an answer, for a logistic regression.

    Args:
        score: mean log-probability of its tokens, the end included.
        lowest: log-probability of the least probable of them.
        num_tokens: its length, the end not counted.

    Returns:
        log-odds of the whole, of the geometric mean and of the least probable token, and the
        logarithm of the length.
    """
    length = num_tokens + 1
    return log_odds(score * length), log_odds(score), log_odds(lowest), math.log(length)


def log_odds(log_probability: float) -> float:
    """log(p / (1 - p))."""
    bounded = max(-500.0, min(log_probability, -_LEAST))
    return bounded - math.log(-math.expm1(bounded))


def load_calibration(checkpoint: Path) -> Calibration | None:
    """Of a checkpoint folder; None where it was never calibrated.

    Raises:
        CheckpointError: the file is not what `to_json` gives.
    """
    path = checkpoint / CALIBRATION
    try:
        values = json.loads(path.read_text("utf-8"))
        weights = tuple(float(weight) for weight in values["weights"])
        found = Calibration(bias=float(values["bias"]), weights=weights)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} cannot be read: calibrate the model again") from error
    if len(weights) != len(features(-1.0, -1.0, 1)) or not all(
        map(math.isfinite, (found.bias, *weights))
    ):
        raise CheckpointError(f"{path} does not fit this version: calibrate the model again")
    return found


def to_json(calibration: Calibration, measured: list[dict[str, object]]) -> bytes:
    """The file's content: the numbers, and what they were fitted on and measured with."""
    values = {**asdict(calibration), "measured": measured}
    return json.dumps(values, indent=1, ensure_ascii=False).encode() + b"\n"
