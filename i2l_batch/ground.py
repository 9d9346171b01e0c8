"""An even ground: what shadows and uneven light add to a picture is taken away.

In: ink on a ground that may rise and fall slowly. Out: the same ink on a ground of 0. Knows nothing
of files or formulas.
"""

from __future__ import annotations

import numpy as np

UNEVEN = 5
"""Grey levels between the lightest and the darkest ground that are left as they are."""

_FAR = 24
"""Grey levels from the surface at which a tile is no ground."""
_ROUGH = 4
"""Grey levels by which paper is darker in places than its ground."""

_TILES = 16
"""Tiles along the longer side."""
_TILE = (24, 160)
"""Least and greatest side of a tile, in pixels: larger than a letter, smaller than a shadow."""
_GROUND_SHARE = 0.3
"""The ground is at most so dark as this share of a tile's pixels: strokes fill less than the
rest."""


def even_ground(ink: np.ndarray) -> np.ndarray:
    """Ink (H, W) uint8 (0 empty, 255 full) without its ground, where that is uneven.

    The ground is taken from tiles and laid under the picture smoothly. A ground that is even,
    whatever its level, is left to others.
    """
    height, width = ink.shape
    side = int(np.clip(-(-max(height, width) // _TILES), *_TILE))
    rows, columns = -(-height // side), -(-width // side)
    edged = np.pad(ink, ((0, rows * side - height), (0, columns * side - width)), mode="edge")
    tiles = edged.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(rows, columns, -1)
    ground = np.quantile(tiles, _GROUND_SHARE, axis=2, method="lower").astype(np.uint8)
    if int(ground.max()) - int(ground.min()) <= UNEVEN:
        return ink
    below = _surface(ground.astype(float), side, ink.shape) + _ROUGH
    return np.clip(ink - np.maximum(below, 0), 0, 255).astype(np.uint8)


def _surface(ground: np.ndarray, side: int, shape: tuple[int, ...]) -> np.ndarray:
    """The smooth surface (H, W) nearest to the ground of the tiles, of second degree.

    Tiles far from it, such as one in the middle of a black bar, are left out, and it is laid again.
    """
    rows, columns = ground.shape
    y, x = np.mgrid[0:rows, 0:columns] + 0.5
    height, width = shape
    terms = _terms(y.ravel() * side / height, x.ravel() * side / width, rows, columns)
    values = ground.ravel()
    weights = np.linalg.lstsq(terms, values, rcond=None)[0]
    near = np.abs(terms @ weights - values) <= _FAR
    if near.mean() >= 0.5:
        weights = np.linalg.lstsq(terms[near], values[near], rcond=None)[0]
    ys, xs = (np.arange(size) + 0.5 for size in shape)
    grid = np.meshgrid(ys / height, xs / width, indexing="ij")
    flat = _terms(grid[0].ravel(), grid[1].ravel(), rows, columns) @ weights
    return flat.reshape(shape)


def _terms(y: np.ndarray, x: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """(n, terms) of a polynomial, of no higher degree than so many rows and columns can tell."""
    powers = [(j, k) for j in range(min(rows, 3)) for k in range(min(columns, 3)) if j + k <= 2]
    return np.stack([y**j * x**k for j, k in powers], 1)
