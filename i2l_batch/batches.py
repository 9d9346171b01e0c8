"""Which prepared pictures are equal, and which are decoded together.

In: prepared pictures. Out: their keys, in batches of like size. Knows nothing of models.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from i2l_batch.images import Prepared

BATCH_PIXELS = 2_000_000
"""Most pixels of a batch, if all its pictures were as large as the largest: what the decoder keeps
of them takes 200 MB."""

GRID_PIXELS = 8_000_000
"""Most pixels of the grid that holds them all, a wide and low one and a narrow and high one: 32 MB
of them."""


class Key(NamedTuple):
    """What tells prepared pictures apart."""

    height: int
    width: int
    digest: bytes

    @property
    def area(self) -> int:
        """In pixels."""
        return self.height * self.width


def key_of(picture: Prepared, located: bool) -> Key:
    """The key of a picture.

    Args:
        picture: one that is to be read.
        located: count pictures as equal only if their symbols stand at the same places, too.
    """
    digest = hashlib.blake2b(picture.ink.tobytes(), digest_size=16)
    digest.update(repr(picture.flags).encode())  # the answer has them, too
    if located:
        digest.update(picture.sharp.tobytes())
        digest.update(repr((picture.left, picture.top, picture.scale)).encode())
    height, width = picture.ink.shape
    return Key(height, width, digest.digest())


def size_batches(pictures: Iterable[Key], batch_size: int) -> list[list[Key]]:
    """The pictures' keys in batches of like area, within `batch_size` and the limits above."""
    # Large formulas have many tokens: sorted by area, a batch also ends at about the same step.
    ordered = sorted(pictures, key=lambda key: (key.area, key))
    batches: list[list[Key]] = []
    height, width = 0, 0
    for key in ordered:
        size = len(batches[-1]) + 1 if batches else 1
        height, width = max(height, key.height), max(width, key.width)
        fits = size * key.area <= BATCH_PIXELS and size * height * width <= GRID_PIXELS
        if not batches or size > batch_size or not fits:
            batches.append([])
            height, width = key.height, key.width
        batches[-1].append(key)
    return batches
