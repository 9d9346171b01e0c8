"""The separate marks of a picture: letters, bars, dots, signs.

In: a mask. Out: boxes of its connected parts. Knows nothing of formulas.
"""

from __future__ import annotations

import numpy as np


def mark_boxes(solid: np.ndarray) -> np.ndarray:
    """Boxes (n, 4) of x0 y0 x1 y1 of the connected parts (corners touch) of a mask (H, W) bool."""
    steps = np.diff(np.pad(solid, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    count, stride = len(rows), solid.shape[1] + 2
    # A run of pixels joins those of the next row that touch it: a range, since runs are sorted.
    first = np.searchsorted(rows * stride + ends, (rows + 1) * stride + starts, "left")
    last = np.searchsorted(rows * stride + starts, (rows + 1) * stride + ends, "right")
    touching = np.maximum(last - first, 0)
    upper = np.repeat(np.arange(count), touching)
    lower = np.arange(len(upper)) + np.repeat(first - (np.cumsum(touching) - touching), touching)
    labels, previous = np.arange(count), np.arange(0)
    while not np.array_equal(labels, previous):
        previous = labels
        smaller = np.minimum(labels[upper], labels[lower])
        labels = labels.copy()
        np.minimum.at(labels, upper, smaller)
        np.minimum.at(labels, lower, smaller)
        labels = labels[labels]
    names, group = np.unique(labels, return_inverse=True)
    boxes = np.zeros((len(names), 4), int)
    boxes[:, :2] = max(solid.shape)
    np.minimum.at(boxes[:, 0], group, starts)
    np.minimum.at(boxes[:, 1], group, rows)
    np.maximum.at(boxes[:, 2], group, ends)
    np.maximum.at(boxes[:, 3], group, rows + 1)
    return boxes
