"""The symbols of a transcription: each token with its box and how much of the attention was on it.

In: attention and ink. Out: `Symbol`s in pixels of a picture, and on the page it was cut from. Knows
nothing of how boxes are found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from i2l_batch.attention import Attention, locate
from i2l_batch.images import png_size
from i2l_batch.records import Box, Crop, Symbol


def find_symbols(attention: Attention, ink: np.ndarray) -> list[Symbol]:
    """A symbol for each token, boxes in pixels of the given picture. Arguments: see `locate`."""
    boxes = locate(attention, ink)
    symbols = []
    for token, weights, box in zip(attention.tokens, attention.weights, boxes, strict=True):
        if np.isnan(box[0]):
            symbols.append(Symbol(token=token, box=None, weight=None))
            continue
        x0, y0, x1, y1 = map(float, box)
        weight = float(weights[_overlap(attention.places, box) > 0].sum())
        symbols.append(
            Symbol(token=token, box=Box(x0=x0, y0=y0, x1=x1, y1=y1), weight=min(weight, 1.0))
        )
    return symbols


def symbols_on_page(symbols: Sequence[Symbol], crop: Crop) -> tuple[Symbol, ...]:
    """Symbols in pixels of a crop's picture, in the unit of the crop's box.

    They stay within that box, which is that of the ink: a mark's edge pixel may reach beyond it.
    """
    width, height = png_size(crop.png)
    zoom = (crop.dpi or 72) / 72
    # The picture has the same margin on all sides of the box.
    left = (width - crop.box.width * zoom) / 2
    top = (height - crop.box.height * zoom) / 2

    def within(box: Box) -> Box:
        xs = np.clip((np.array([box.x0, box.x1]) - left) / zoom, 0, crop.box.width) + crop.box.x0
        ys = np.clip((np.array([box.y0, box.y1]) - top) / zoom, 0, crop.box.height) + crop.box.y0
        return Box(x0=float(xs[0]), y0=float(ys[0]), x1=float(xs[1]), y1=float(ys[1]))

    return tuple(s if s.box is None else replace(s, box=within(s.box)) for s in symbols)


def _overlap(places: np.ndarray, box: np.ndarray) -> np.ndarray:
    """(L,) pixels that each place shares with a box."""
    low, high = np.maximum(places[:, :2], box[:2]), np.minimum(places[:, 2:], box[2:])
    return np.clip(high - low, 0, None).prod(1)
