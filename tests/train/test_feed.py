"""Steps by number: the same for any number of workers and wherever a run goes on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from i2l_batch.train.config import DataConfig, LossConfig, TrainConfig
from i2l_batch.train.data import Split
from i2l_batch.train.feed import Feed, Step, steps
from i2l_batch.train.presets import preset
from tests.train.little_world import TOKENIZER, samples, write_dataset

WORLD = samples(50, 6)
BASE = preset("compact-tiny")
CONFIG = replace(
    BASE,
    batch_size=8,
    data=DataConfig(buckets="size", augment=True, token_dropout=0.3, bins=(3,)),
)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    folder = write_dataset(tmp_path_factory.mktemp("world") / "ds", WORLD, WORLD[:3])
    return Split(folder, "train", TOKENIZER)


def feed(split: Split, config: TrainConfig = CONFIG, rank: int = 0, size: int = 1) -> Feed:
    everything = np.arange(len(split))
    return Feed(split, everything, config, rank, size, em_pixels=16.0, max_size=(512, 1536))


def rows(step: Step) -> list[tuple[object, ...]]:
    """Each sample of a step without what the padding of its batch adds, sorted."""
    found = []
    for batch in step.batches:
        images = batch.images()
        for b, (height, width) in enumerate(batch.sizes.tolist()):
            count = int((batch.weights[b] > 0).sum())
            found.append(
                (
                    batch.inputs[b, :count].tolist(),
                    batch.targets[b, :count].tolist(),
                    [round(w, 7) for w in batch.weights[b, :count].tolist()],
                    batch.boxes[b, :count].tolist(),
                    images[b, :height, :width].tolist(),
                )
            )
    return sorted(found)


@pytest.mark.parametrize("size", [2, 3, 8])
def test_workers_together_learn_what_one_would(split: Split, size: int) -> None:
    """The same samples in the same guise with the same weights, whoever draws them."""
    alone = feed(split)
    team = [feed(split, rank=rank, size=size) for rank in range(size)]
    for number in (0, 6, 9):
        parts = [member[number] for member in team]
        gathered = Step([b for part in parts for b in part.batches], alone[number].num_samples)
        assert rows(gathered) == rows(alone[number])
        assert {part.num_samples for part in parts} == {alone[number].num_samples}


def test_more_workers_than_samples_leave_some_without(split: Split) -> None:
    """The last batch of 50 samples in eights has two."""
    shares = [feed(split, rank=rank, size=8) for rank in range(8)]
    small = next(n for n in range(7) if shares[0][n].num_samples == 2)
    assert sorted(len(share[small].batches) for share in shares) == [0] * 6 + [1] * 2


@pytest.mark.parametrize("mean", ["sequences", "tokens"])
def test_the_weights_of_a_step_make_one(split: Split, mean: str) -> None:
    config = replace(CONFIG, loss=LossConfig(mean=mean))  # pyright: ignore[reportArgumentType]
    for number in range(7):
        step = feed(split, config)[number]
        weights = [batch.weights for batch in step.batches]
        assert sum(w.sum().item() for w in weights) == pytest.approx(1)
        if mean == "sequences":  # each sequence has the same say, each of its tokens too
            of_sequence = torch.cat([w.sum(1) for w in weights])
            assert of_sequence.tolist() == pytest.approx([1 / step.num_samples] * step.num_samples)
        else:
            values = torch.cat([w[w > 0] for w in weights])
            assert values.unique().numel() == 1


@pytest.mark.parametrize("micro_pixels", [1, 9000, 10**9])
def test_pieces_are_cut_by_padded_pixels(split: Split, micro_pixels: int) -> None:
    step = feed(split, replace(CONFIG, micro_pixels=micro_pixels))[2]
    sizes = [len(batch) for batch in step.batches]
    assert sum(sizes) == 8
    for batch in step.batches:
        assert len(batch) == 1 or batch.ink.numel() <= micro_pixels
    assert (len(sizes) == 1) == (micro_pixels == 10**9)
    assert rows(step) == rows(feed(split)[2])


def test_the_papers_models_count_their_canvas(split: Split) -> None:
    paper = preset("strips-tiny")
    config = replace(CONFIG, model=paper.model, micro_pixels=3 * 64 * 384)
    assert [len(batch) for batch in feed(split, config)[2].batches] == [3, 3, 2]


def test_an_epoch_shows_every_sample_once_in_ever_new_guises(split: Split) -> None:
    source = feed(split)
    first, second = ([source[e * 7 + n] for n in range(7)] for e in range(2))
    targets = [sorted(row[1] for step in epoch for row in rows(step)) for epoch in (first, second)]  # pyright: ignore
    assert targets[0] == targets[1]
    assert len(targets[0]) == 50
    pictures = [{str(row[4]) for step in epoch for row in rows(step)} for epoch in (first, second)]
    assert not pictures[0] & pictures[1]


@pytest.mark.parametrize("loader_workers", [0, 1])
def test_steps_can_be_taken_up_anywhere(split: Split, loader_workers: int) -> None:
    """Also in a loader process, which reads the data set by itself."""
    alone = feed(split)
    later = list(steps(alone, 5, 9, loader_workers))
    assert [rows(step) for step in later] == [rows(alone[number]) for number in range(5, 9)]
