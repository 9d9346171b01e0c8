"""Which prepared pictures are equal, and which are decoded together.

In: prepared pictures. Out: their keys, in batches of like size, and of a size that turns out to fit
into memory. Knows nothing of models.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from i2l_batch.images import Prepared

_Result = TypeVar("_Result")


class Limits(NamedTuple):
    """What a batch holds at most."""

    pictures: int
    pixels: int
    """If all its pictures were as large as the largest."""
    grid: int
    """Pixels of the grid that holds them all, a wide and low one and a narrow and high one."""


ON_CPU = Limits(32, 2_000_000, 8_000_000)
"""What the decoder keeps of so many pixels takes 200 MB, and the grid 32 MB."""

ON_GPU = Limits(256, 16_000_000, 64_000_000)
"""A step over many rows is as many computations to start as one over few. A GPU that has too little
memory for so many finds its own limit."""


def limits(*, gpu: bool, batch_size: int | None) -> Limits:
    """What a batch holds, of at most `batch_size` pictures if that is given."""
    most = ON_GPU if gpu else ON_CPU
    return most._replace(pictures=batch_size) if batch_size else most


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
    for row in picture.rows:  # a large one is shrunk as a whole, but not its rows
        digest.update(row.ink.tobytes())
    digest.update(repr(picture.flags).encode())  # the answer has them, too
    if located:
        digest.update(picture.sharp.tobytes())
        digest.update(repr((picture.left, picture.top, picture.scale)).encode())
    height, width = picture.ink.shape
    return Key(height, width, digest.digest())


class FittingBatches:
    """Batches for a device whose memory has no known bound: it is found by trying.

    A batch that does not fit is halved, and so is every later one of as many pixels.
    """

    def __init__(self, limits: Limits) -> None:
        """Within the limits to begin with."""
        self._limits = limits

    def work(
        self, pictures: Iterable[Key], do: Callable[[list[Key]], Sequence[_Result] | None]
    ) -> Iterator[tuple[Key, _Result | None]]:
        """What `do` makes of each picture, in any order; null for one that does not fit alone.

        do: gets a batch, and returns as many results, or null when the batch does not fit.
        """
        waiting = size_batches(pictures, self._limits)
        while waiting:
            batch, *waiting = waiting
            results = do(batch)
            if results is not None:
                yield from zip(batch, results, strict=True)
            elif len(batch) == 1:
                yield batch[0], None
            else:
                self._limits = self._limits._replace(pixels=_padded_pixels(batch) // 2)
                left = [key for keys in (batch, *waiting) for key in keys]
                waiting = size_batches(left, self._limits)


def size_batches(pictures: Iterable[Key], limits: Limits) -> list[list[Key]]:
    """The pictures' keys in batches of like area, within the limits."""
    # Large formulas have many tokens: sorted by area, a batch also ends at about the same step.
    ordered = sorted(pictures, key=lambda key: (key.area, key))
    batches: list[list[Key]] = []
    height, width = 0, 0
    for key in ordered:
        size = len(batches[-1]) + 1 if batches else 1
        height, width = max(height, key.height), max(width, key.width)
        fits = size * key.area <= limits.pixels and size * height * width <= limits.grid
        if not batches or size > limits.pictures or not fits:
            batches.append([])
            height, width = key.height, key.width
        batches[-1].append(key)
    return batches


def _padded_pixels(batch: Sequence[Key]) -> int:
    return len(batch) * max(key.area for key in batch)
