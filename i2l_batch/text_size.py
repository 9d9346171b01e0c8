"""The text size of a formula's picture, from the sizes of its separate marks.

In: ink. Out: pixels per em. Every font draws letters, digits, brackets, signs and bars in much the
same shares of an em, so that the marks' heights and widths tell the size. In small print they touch
each other, and rules do not hold: a small network has learned (`train/text_size`) what a histogram
of marks looks like at each size. Knows nothing of fonts or files but its own weights.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from safetensors.numpy import load_file

from i2l_batch.marks import mark_boxes

TYPICAL_EM = 14.0
"""The answer for a picture without ink, in pixels: 10 pt text at 100 dpi."""

SIZES = np.exp(np.arange(np.log(4.0), np.log(130.0), 0.05))
"""(S,) pixels per em among which the network chooses, 5 % apart."""

FITTED = Path(__file__).with_name("text_size.safetensors")

_LARGE = 60.0
"""Pixels per em from which a picture is halved first: the network has seen little beyond."""

_FAINT = 32
"""Ink that is no more than this is left out of the mean."""

_LEVELS = (0.5, 0.8)
"""Marks are found at two thresholds (shares of the mean ink): the lower keeps thin strokes whole,
the upper keeps fat neighbours apart."""

_MAX_MARKS = 300
_BINS = 27
_PER_OCTAVE = 3
_LEAST = 0.5
"""Lengths are counted in bins, three to the octave, from half a pixel to 200 pixels."""

NUM_FEATURES = len(_LEVELS) * _BINS**2 + 2 * _BINS


class SizeNetwork(NamedTuple):
    """Two hidden layers with rectifiers; float32 weights (out, in) and biases (out,)."""

    weight1: np.ndarray
    bias1: np.ndarray
    weight2: np.ndarray
    bias2: np.ndarray
    weight3: np.ndarray
    bias3: np.ndarray

    def scores(self, features: np.ndarray) -> np.ndarray:
        """How well features (..., `NUM_FEATURES`) fit each of `SIZES`, (..., S)."""
        hidden = np.maximum(features @ self.weight1.T + self.bias1, 0)
        hidden = np.maximum(hidden @ self.weight2.T + self.bias2, 0)
        return hidden @ self.weight3.T + self.bias3

    @classmethod
    def load(cls, path: Path) -> SizeNetwork:
        """From a safetensors file with a tensor for each field."""
        tensors = load_file(path)
        return cls(*(tensors[name].astype(np.float32) for name in cls._fields))


def estimate_em(ink: np.ndarray, network: SizeNetwork | None = None) -> float:
    """Body size in pixels of ink (H, W) uint8, cut to the ink: 4 or more.

    Args:
        ink: 0 empty to 255 full.
        network: None for the one that comes with the package.
    """
    if not (ink > _FAINT).any():
        return TYPICAL_EM
    scores = (network or _fitted()).scores(mark_features(ink))
    em = float(SIZES[scores.argmax()])
    if em <= _LARGE or max(ink.shape) <= _LARGE:
        return em
    half = Image.fromarray(ink).reduce(2)
    return 2 * estimate_em(np.asarray(half), network)


def mark_features(ink: np.ndarray) -> np.ndarray:
    """What the network reads, (`NUM_FEATURES`,) float32: counts of marks by height and width.

    The counts are logarithms, since a formula with twice the marks says hardly more.
    """
    height, width = ink.shape
    zoom = 3 if ink.size < 6_000 else 2 if ink.size < 40_000 else 1
    if zoom > 1:
        size = (width * zoom, height * zoom)
        ink = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC))
    inked = ink[ink > _FAINT]
    mean = float(inked.mean()) if inked.size else 255.0  # magnifying may have dimmed the last of it
    parts = []
    for level in _LEVELS:
        boxes = mark_boxes(ink > level * mean)
        if len(boxes) > _MAX_MARKS:
            boxes = boxes[np.linspace(0, len(boxes) - 1, _MAX_MARKS).astype(int)]
        lengths = (boxes[:, 2:] - boxes[:, :2]) / zoom
        parts.append(np.log1p(_histogram(lengths)).ravel())
    whole = _shares(np.array([height, width], float))
    return np.concatenate([*parts, whole.ravel()]).astype(np.float32)


def _histogram(lengths: np.ndarray) -> np.ndarray:
    """Marks (n, 2) of width and height in pixels, counted by height and width, (bins, bins)."""
    widths, heights = (_shares(lengths[:, axis]) for axis in (0, 1))
    return heights.T @ widths


def _shares(lengths: np.ndarray) -> np.ndarray:
    """Each length (n,) shared between the two bins next to it, (n, bins)."""
    place = np.log2(np.maximum(lengths, _LEAST) / _LEAST) * _PER_OCTAVE
    return np.maximum(1 - np.abs(np.minimum(place, _BINS - 1)[:, None] - np.arange(_BINS)), 0)


@cache
def _fitted() -> SizeNetwork:
    return SizeNetwork.load(FITTED)
