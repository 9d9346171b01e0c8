"""Which samples share an optimizer step: a function of the data, the seed and the epoch alone.

In: lengths and sizes of the samples. Out: the batches of an epoch, each sample in exactly one. The
number of workers plays no part: a worker takes every so-many-th sample of each batch. Knows no
files and no tensors.
"""

from __future__ import annotations

import math

import numpy as np

from i2l_batch.train.config import DataConfig

WINDOW = 32
"""Batches of like lengths, in a first epoch with short formulas first, that are ordered at random:
enough for pictures of like sizes to meet."""


def epoch_steps(num_samples: int, batch_size: int) -> int:
    """Batches of an epoch; the last one made may be smaller."""
    return math.ceil(num_samples / batch_size)


def epoch_batches(
    lengths: np.ndarray,
    sizes: np.ndarray,
    data: DataConfig,
    *,
    batch_size: int,
    seed: int,
    epoch: int,
) -> list[np.ndarray]:
    """The batches of an epoch, in order.

    Samples are sorted by bucket, at random within it, and cut every `batch_size`: what is left over
    in a bucket leads the next one's first batch (paper, section A.6). Then batches are shuffled.

    Args:
        lengths: (N,) tokens of each sample, without eos.
        sizes: (N, 2) height and width of each picture in pixels, as it is padded for the model.
        data: what makes a bucket, and whether short formulas come first.
        batch_size: samples per batch.
        seed: of the run.
        epoch: 0-based.

    Returns:
        arrays of indices 0..N-1, as many as `epoch_steps` says.
    """
    rng = np.random.default_rng([seed, epoch])
    count = len(lengths)
    keys = _bucket_keys(lengths, sizes, data, rng)
    early = data.short_first and epoch == 0
    window = WINDOW * batch_size if early else count
    # Neighbours in length mix a little, else every epoch would start with the very same formulas.
    rank = np.argsort(np.argsort(lengths * rng.uniform(0.95, 1.05, count), kind="stable"))
    order = np.lexsort((*keys, rank // window))
    batches = [order[i : i + batch_size] for i in range(0, count, batch_size)]
    step = WINDOW if early else len(batches)
    shuffled = [
        start + rng.permutation(min(step, len(batches) - start))
        for start in range(0, len(batches), step)
    ]
    return [batches[i] for i in np.concatenate(shuffled)]


def _bucket_keys(
    lengths: np.ndarray, sizes: np.ndarray, data: DataConfig, rng: np.random.Generator
) -> tuple[np.ndarray, ...]:
    """What to sort by, the finest key first.

    Pictures of one size are sorted by length: a decoder steps through the padding of short
    formulas, too, and formulas of one size differ in length by a factor of two and more.
    """
    if data.buckets == "length":
        return rng.random(len(lengths)), np.searchsorted(data.bins, lengths)
    heights, widths = sizes.T
    return lengths * rng.uniform(0.9, 1.1, len(lengths)), widths, heights
