"""Batches of an epoch: every sample once, alike in length or size, the same for everybody."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from i2l_batch.train.config import PAPER_BINS, DataConfig
from i2l_batch.train.sampler import WINDOW, epoch_batches, epoch_steps

BY_LENGTH, BY_SIZE = DataConfig(), DataConfig(buckets="size")


def lengths_and_sizes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Samples as real ones: wider pictures for longer formulas, few heights."""
    rng = np.random.default_rng(count)
    lengths = rng.integers(3, 150, count)
    heights = rng.choice([12, 20, 45, 80], count)
    return lengths, np.stack([heights, lengths * rng.integers(4, 9, count)], 1)


def batches(
    count: int, data: DataConfig, *, batch_size: int = 56, seed: int = 0, epoch: int = 0
) -> list[np.ndarray]:
    return epoch_batches(
        *lengths_and_sizes(count), data, batch_size=batch_size, seed=seed, epoch=epoch
    )


@pytest.mark.parametrize("data", [BY_LENGTH, BY_SIZE, replace(BY_SIZE, short_first=True)])
@pytest.mark.parametrize("count", [1, 55, 56, 57, 1000])
@pytest.mark.parametrize("epoch", [0, 1])
def test_every_sample_is_in_exactly_one_batch(data: DataConfig, count: int, epoch: int) -> None:
    found = batches(count, data, epoch=epoch)
    assert sorted(np.concatenate(found).tolist()) == list(range(count))
    assert len(found) == epoch_steps(count, 56)
    sizes = sorted(len(batch) for batch in found)
    assert sizes[1:] == [56] * (len(found) - 1)
    assert sizes[0] >= 1


def test_an_epoch_of_the_papers_set() -> None:
    assert epoch_steps(114_406, 56) == 2043


@pytest.mark.parametrize("size", [2, 3, 56, 80])
def test_shares_of_any_number_of_workers_make_the_batch(size: int) -> None:
    for batch in batches(500, BY_LENGTH):
        shares = [batch[rank::size] for rank in range(size)]
        assert sorted(np.concatenate(shares).tolist()) == sorted(batch.tolist())


def test_the_same_seed_and_epoch_give_the_same_batches_and_others_others() -> None:
    def plain(**changes: int) -> list[list[int]]:
        return [batch.tolist() for batch in batches(500, BY_LENGTH, **changes)]

    assert plain() == plain()
    assert plain() != plain(epoch=1)
    assert plain() != plain(seed=1)
    assert plain(seed=0, epoch=1) != plain(seed=1, epoch=0)


def test_a_batch_is_of_one_length_bin_or_leads_over_to_the_next() -> None:
    """The remainder of a bin moves on to the longer one, so at most ten batches hold two bins."""
    lengths, _ = lengths_and_sizes(5000)
    bins = np.searchsorted(PAPER_BINS, lengths)
    found = batches(5000, BY_LENGTH)
    mixed = [batch for batch in found if len(set(bins[batch])) > 1]
    assert 1 <= len(mixed) <= len(PAPER_BINS)
    for batch in mixed:
        assert bins[batch].max() - bins[batch].min() == 1
    for k in range(len(PAPER_BINS)):  # all but the remainders: whole batches of one bin
        pure = sum(set(bins[batch]) == {k} for batch in found)
        assert pure >= (bins == k).sum() // 56 - 1


def test_samples_of_a_bin_meet_in_different_batches_each_epoch() -> None:
    """A batch is not only moved: its members change."""
    one, other = (
        {frozenset(batch.tolist()) for batch in batches(5000, BY_LENGTH, epoch=epoch)}
        for epoch in (0, 1)
    )
    assert not one & other


def test_samples_of_one_size_share_their_batches_and_of_one_length_at_that() -> None:
    rng = np.random.default_rng(0)
    sizes = rng.choice([16, 32, 48, 64, 80], (20_000, 2))
    lengths = rng.integers(3, 150, len(sizes))
    found = epoch_batches(lengths, sizes, BY_SIZE, batch_size=50, seed=0, epoch=0)
    mixed = sum(len(np.unique(sizes[batch], axis=0)) > 1 for batch in found)
    assert mixed <= 24  # what is left over of 25 sizes leads the next one's first batch
    padding = [lengths[batch].max() / lengths[batch].mean() for batch in found]
    assert np.median(padding) < 1.3


@pytest.mark.parametrize("data", [BY_LENGTH, BY_SIZE])
def test_batches_come_in_no_order_of_length(data: DataConfig) -> None:
    lengths, _ = lengths_and_sizes(5000)
    means = [lengths[batch].mean() for batch in batches(5000, data)]
    rises = np.mean([a < b for a, b in pairwise(means)])
    assert 0.3 < rises < 0.7


def test_short_formulas_come_first_in_the_first_epoch_only() -> None:
    data = replace(BY_SIZE, short_first=True)
    lengths, _ = lengths_and_sizes(56 * WINDOW * 4)
    first = [lengths[batch].mean() for batch in batches(len(lengths), data)]
    windows = [np.mean(first[i : i + WINDOW]) for i in range(0, len(first), WINDOW)]
    assert windows == sorted(windows)
    assert windows[0] < 30
    assert windows[-1] > 120
    later = [lengths[batch].mean() for batch in batches(len(lengths), data, epoch=1)]
    windows = [np.mean(later[i : i + WINDOW]) for i in range(0, len(later), WINDOW)]
    assert max(windows) - min(windows) < 40


def test_pictures_of_a_batch_are_alike_in_size() -> None:
    """Ink's frames take over three quarters of the padded area; by chance it would be a third."""
    _, sizes = lengths_and_sizes(5000)

    def share(data: DataConfig) -> float:
        padded = sum(len(b) * sizes[b].max(0).prod() for b in batches(5000, data))
        return sizes.prod(1).sum() / padded

    assert share(BY_SIZE) > 0.75
    assert share(BY_LENGTH) < 0.5
