"""What a worker learns from in each step: its share of the step's samples, cut to fit its memory.

In: a split, the configuration, which worker of how many, a step's number. Out: `Step`s. A step
depends on these alone: no generator carries over, so that a run goes on anywhere as if it had never
stopped, and any number of workers draws the same.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker

import numpy as np
from torch.utils.data import DataLoader, Dataset

from i2l_batch.errors import I2LError
from i2l_batch.images import MARGIN
from i2l_batch.models.config import PaperConfig
from i2l_batch.train.batches import Batch, collate, draw_guise, largest_margins, padded_sizes
from i2l_batch.train.config import TrainConfig
from i2l_batch.train.data import Split
from i2l_batch.train.distortion.chain import distorted
from i2l_batch.train.sampler import epoch_batches, epoch_steps


@dataclass(frozen=True, slots=True)
class Step:
    """One optimizer step's samples, as far as they are this worker's."""

    batches: list[Batch]
    """Pieces that go through the model one after another; none if the worker has no share."""
    num_samples: int
    """Samples of all workers together."""

    def pin_memory(self) -> Step:
        """The same in memory that a GPU can read by itself: what `DataLoader` calls."""
        return Step([batch.pin_memory() for batch in self.batches], self.num_samples)


class Feed(Dataset[Step]):
    """The steps of a run, by number; goes to loader processes as a pickle."""

    def __init__(
        self,
        split: Split,
        members: np.ndarray,
        config: TrainConfig,
        rank: int,
        size: int,
        *,
        em_pixels: float,
        max_size: tuple[int, int],
    ) -> None:
        self._em_pixels = em_pixels
        # What collating adds to a picture must fit as well.
        added = largest_margins(config.data) - 2 * MARGIN
        self._most = (max_size[0] - added, max_size[1] - added)
        self._split, self._members, self._config = split, members, config
        self._rank, self._size = rank, size
        self._lengths, self._sizes = split.lengths[members], split.sizes[members]
        self._epoch: tuple[int, list[np.ndarray]] = (-1, [])
        self.epoch_steps = epoch_steps(len(members), config.batch_size)
        """Steps of a pass over the members."""

    def __getitem__(self, index: int) -> Step:
        epoch, place = divmod(index, self.epoch_steps)
        batch = self._batches(epoch)[place]
        mine = batch[self._rank :: self._size]
        weights = self._token_weights(batch)
        return Step(
            [self._collate(piece, index, weights) for piece in self._pieces(mine)], len(batch)
        )

    def _batches(self, epoch: int) -> list[np.ndarray]:
        if self._epoch[0] != epoch:
            config = self._config
            batches = epoch_batches(
                self._lengths,
                self._padded(np.arange(len(self._lengths))),
                config.data,
                batch_size=config.batch_size,
                seed=config.seed,
                epoch=epoch,
            )
            self._epoch = (epoch, batches)
        return self._epoch[1]

    def _token_weights(self, batch: np.ndarray) -> dict[int, float]:
        """What a token of each of the step's samples counts, so that all tokens make 1."""
        lengths = self._lengths[batch] + 1  # eos counts
        if self._config.loss.mean == "tokens":
            weights = np.full(len(batch), 1 / lengths.sum())
        else:
            weights = 1 / (lengths * len(batch))
        return dict(zip(batch.tolist(), weights.tolist(), strict=True))

    def _pieces(self, batch: np.ndarray) -> Iterator[np.ndarray]:
        """Cut a share so that no piece has more padded pixels than allowed, unless it is one."""
        if not len(batch):
            return
        padded = self._padded(batch)
        order = np.argsort(padded.prod(1), kind="stable")
        start = 0
        for end in range(1, len(order) + 1):
            most = padded[order[start : end + 1]].max(0)
            full = (end + 1 - start) * most.prod() > self._config.micro_pixels
            if full or end == len(order):
                yield batch[order[start:end]]
                start = end

    def _padded(self, batch: np.ndarray) -> np.ndarray:
        """Height and width that each picture takes in the model."""
        model = self._config.model
        if isinstance(model, PaperConfig):  # puts all pictures on one canvas
            return np.tile([model.height, model.width], (len(batch), 1))
        return padded_sizes(self._sizes[batch] + largest_margins(self._config.data))

    def _collate(self, piece: np.ndarray, step: int, weights: dict[int, float]) -> Batch:
        members = self._members[piece].tolist()
        data, seed = self._config.data, self._config.seed
        samples, guises = [], []
        for i in members:
            rng = np.random.default_rng([seed, step, i])
            sample = self._split[i]
            guises.append(draw_guise(len(sample.ids), data, rng))
            if rng.random() < data.distort:
                sample = distorted(
                    sample,
                    float(self._split.ems[i]),
                    rng,
                    em_pixels=self._em_pixels,
                    max_size=self._most,
                )
            samples.append(sample)
        return collate(samples, guises, [weights[i] for i in piece.tolist()])


def steps(
    feed: Feed, start: int, end: int, loader_workers: int, *, pinned: bool = False
) -> Iterator[Step]:
    """Steps `start` to `end`, read ahead by so many processes; 0 reads when asked.

    With `pinned` they lie in memory that a GPU can read by itself.
    """
    loader = DataLoader(
        feed,
        batch_size=None,
        sampler=range(start, end),  # each item is a whole step
        num_workers=loader_workers,
        pin_memory=pinned,
        # Forked from a process with threads (Ray, CUDA) a child can hang.
        multiprocessing_context="spawn" if loader_workers else None,
    )
    if not loader_workers:
        return iter(loader)
    resource_tracker.ensure_running()  # whose start would let the signal through again
    # Ctrl-C reaches all processes of a terminal, and these are needed until the step is done. They
    # inherit what is blocked; a handler of their own would come a second too late.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        return iter(loader)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def reader_deaths_told() -> Iterator[None]:
    """Turn torch's error for a loader process that died, which may come up anywhere in the block,
    into an I2LError."""
    try:
        yield
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise I2LError(
            "a process that reads pictures died, maybe for want of memory: the same command goes "
            "on from the latest checkpoint; data.loader_workers=0 reads without such processes"
        ) from error
