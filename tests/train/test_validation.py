"""Validation: the scores are a matter of the model and the samples alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from i2l_batch.metrics import Scores, score
from i2l_batch.models.checkpoint import load_checkpoint
from i2l_batch.models.recognizer import Recognizer
from i2l_batch.models.tokenizer import SPECIALS
from i2l_batch.train.config import TrainJob
from i2l_batch.train.config_file import override
from i2l_batch.train.data import Split
from i2l_batch.train.loop import train
from i2l_batch.train.presets import preset
from i2l_batch.train.team import Solo, Team
from i2l_batch.train.validation import SPARE_TOKENS, greedy, validate
from tests.train.little_world import TOKENIZER, samples, write_dataset
from tests.train.team_of_threads import Member, Watcher, together

MAX_TOKENS = 9
MICRO_PIXELS = 30_000


@dataclass(frozen=True)
class World:
    """A model that has learned something, and what it has not seen."""

    model: Recognizer
    split: Split

    def validate(
        self, team: Team, micro_pixels: int = MICRO_PIXELS, patience: int = 10**9
    ) -> tuple[Scores | None, int]:
        """The scores, and how often it was asked whether to stop; after `patience` the answer is
        yes."""
        asked = 0

        def stop_requested() -> bool:
            nonlocal asked
            asked += 1
            return asked > patience

        scores = validate(
            self.model,
            self.split,
            np.arange(3, len(self.split)),
            TOKENIZER,
            team,
            micro_pixels=micro_pixels,
            max_tokens=MAX_TOKENS,
            stop_requested=stop_requested,
        )
        return scores, asked


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Forty steps: enough to read some tokens right."""
    folder = tmp_path_factory.mktemp("world")
    drawn = samples(128, MAX_TOKENS)
    write_dataset(folder / "ds", drawn[:64], drawn[64:])
    sizes = ["model.height=32", "model.width=160", "model.lstm_units=64"]
    steps = ["max_steps=40", "batch_size=16", "optimizer.learning_rate=2e-3", "validate_steps=99"]
    config = override(preset("strips-tiny"), [*sizes, *steps, "validate_samples=1"])
    train(TrainJob(dataset=folder / "ds", run=folder / "run", config=config), Solo(), Watcher())
    model, _ = load_checkpoint(folder / "run" / "latest")
    return World(model, Split(folder / "ds", "validation", TOKENIZER))


def by_hand(world: World) -> Scores:
    """Each picture by itself, scored by the module of metrics."""
    predictions, truths = [], []
    for index in range(3, len(world.split)):
        one, device = np.array([index]), world.model.device
        (found,) = greedy(world.model, world.split, one, device, MAX_TOKENS + 1 + SPARE_TOKENS)
        predictions.append([TOKENIZER.vocabulary[i] for i in found if i >= len(SPECIALS)])
        truths.append([TOKENIZER.vocabulary[i] for i in world.split[index].ids])
    return score(predictions, truths)


def assert_same(scores: Scores | None, wanted: Scores) -> None:
    assert scores is not None
    assert scores.num_formulas == wanted.num_formulas == 61
    assert (scores.bleu, scores.exact_match) == (wanted.bleu, wanted.exact_match)
    assert scores.edit_distance == pytest.approx(wanted.edit_distance, rel=1e-12)  # another order


def test_neither_workers_nor_batches_change_the_scores(world: World) -> None:
    wanted = by_hand(world)
    assert 0 < wanted.bleu < 1
    for micro_pixels in (1, 3_000, MICRO_PIXELS, 10**9):
        assert_same(world.validate(Solo(), micro_pixels)[0], wanted)
    for size in (1, 2, 3):
        for scores, _ in together(size, world.validate):
            assert_same(scores, wanted)


def test_all_workers_are_asked_as_often_and_stop_together(world: World) -> None:
    def work(me: Member) -> tuple[Scores | None, int]:
        return world.validate(me, 5_000, patience=2 if me.rank == 0 else 10**9)

    assert together(3, work) == [(None, 3)] * 3
    asked = {count for _, count in together(3, lambda me: world.validate(me, 5_000))}
    assert len(asked) == 1
    assert asked.pop() > 3
