"""Pictures of formulas in text of a known size: from tiny to huge, clean or distorted.

In: samples of clean print, drawn large. Out: ink as `i2l_batch.images.prepare` finds it before it
knows the size, and the size.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from i2l_batch.images import find_ink
from i2l_batch.train.data import Sample
from i2l_batch.train.distortion.chain import DISTORTIONS, PAPER_MARGIN, draw_names
from i2l_batch.train.distortion.picture import Picture

_RANGE = (5.0, 64.0)
"""Pixels per em of most pictures; the others are about `_USUAL`."""
_USUAL, _USUAL_SPREAD = 15.0, 0.4

_VIEWS = (0.5, 2.5)
"""A third of the pictures are seen magnified or shrunk so many times, as in a viewer."""
_MOST = 90.0
"""Pixels per em that this leads to at most."""

_METHODS = (
    Image.Resampling.BOX,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)


def draw(sample: Sample, em: float, rng: np.random.Generator) -> tuple[np.ndarray, float] | None:
    """Ink (H, W) uint8 cut out, and the size of its text in pixels per em; None if it got lost.

    Args:
        sample: of clean print; larger than wanted, since magnifying makes it soft.
        em: body size of its text in pixels.
        rng: decides everything.
    """
    wanted = float(np.exp(rng.uniform(*np.log(_RANGE))))
    if rng.random() < 0.4:
        wanted = _USUAL * float(np.exp(rng.normal(0, _USUAL_SPREAD)))
    ink = _resized(np.pad(sample.ink, PAPER_MARGIN), wanted / em, rng)
    if rng.random() < 0.6:  # renderers differ in how black they draw the edge of a stroke
        gamma = np.exp(rng.normal(-0.15, 0.4))
        ink = np.rint(255 * (ink / 255) ** gamma).astype(np.uint8)
    picture = Picture.of_ink(ink, wanted, PAPER_MARGIN)
    if rng.random() < 0.3:
        view = float(np.exp(rng.uniform(*np.log(_VIEWS))))
        if _RANGE[0] < picture.em * view < _MOST:
            seen = 255 - _resized(picture.bytes(), view, rng)
            picture = Picture.of_ink(seen, picture.em * view, 0)
    if rng.random() < 0.5:
        for name in draw_names(rng):
            picture = DISTORTIONS[name](picture, rng)
    if not picture.grey.size:  # a dot, cropped too tightly
        return None
    ink, box, _ = find_ink(picture.bytes())
    if box is None:
        return None
    return ink[box[1] : box[3], box[0] : box[2]], picture.em


def _resized(picture: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    """A picture (H, W) uint8 larger or smaller by a factor, by one method or another."""
    height, width = (max(2, round(edge * factor)) for edge in picture.shape)
    method = _METHODS[int(rng.integers(len(_METHODS)))]
    return np.asarray(Image.fromarray(picture).resize((width, height), method))
