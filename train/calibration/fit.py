"""A calibration out of answers that were exactly right or not: logistic regression.

In: features of answers, and which were right. Out: a `Calibration`. Knows no files.

Shapes: N answers, F features.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from i2l_batch.calibration import Calibration

PENALTY = 1e-3
"""Of squared weights, features scaled to a deviation of 1."""


def fit(features: np.ndarray, right: np.ndarray) -> Calibration:
    """The calibration of (N, F) features to (N,) bool."""
    mean, deviation = features.mean(0), features.std(0) + 1e-9
    x = torch.from_numpy((features - mean) / deviation)
    y = torch.from_numpy(right.astype(np.float64))
    parameters = torch.zeros(features.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([parameters], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> float:
        """The penalised cross-entropy at the parameters, and its gradient in them."""
        optimizer.zero_grad()
        odds = x @ parameters[1:] + parameters[0]
        value = F.binary_cross_entropy_with_logits(odds, y)
        value = value + PENALTY * parameters[1:].square().sum()
        value.backward()
        return float(value.detach())

    optimizer.step(loss)
    bias, *weights = parameters.detach().tolist()
    scaled = np.array(weights) / deviation
    return Calibration(bias=float(bias - scaled @ mean), weights=tuple(scaled.tolist()))


def calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error of (N,) confidences: in bins of equal width, the mean distance of
    their mean from the share that is right, weighted by size."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(confidence[place == i].sum() - right[place == i].sum()) for i in range(bins)]
    return float(sum(gaps) / len(confidence))
