"""Learning to read a little world of digits, and stopping and going on."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from i2l_batch.errors import UsageError
from i2l_batch.models.checkpoint import load_checkpoint
from i2l_batch.models.compact import Compact
from i2l_batch.models.config import CompactConfig
from i2l_batch.train.batches import collate, epochs
from i2l_batch.train.config import TrainConfig
from i2l_batch.train.dataset.build import SAMPLE_SCHEMA
from i2l_batch.train.loop import Trainer, greedy, train
from tests.train.dataset.glyphs import TOKENIZER, samples

CONFIG = TrainConfig(
    max_minutes=1e6,  # the step size stays at its peak
    learning_rate=3e-3,
    warmup_steps=20,
    token_dropout=0.1,
    start_tokens=2,
    end_tokens=2,
    batch_size=32,
    validate_samples=20,
)
SAMPLES = samples(320, 2)


def small_trainer(run: Path, config: TrainConfig = CONFIG) -> Trainer:
    torch.manual_seed(0)
    size = CompactConfig(
        vocab_size=len(TOKENIZER),
        channels=(8, 16, 32, 32),
        dim=32,
        num_heads=2,
        num_layers=2,
        ff_dim=64,
        max_tokens=16,
    )
    return Trainer(Compact(size), TOKENIZER, config, run)


def learn(trainer: Trainer, steps: int) -> list[np.ndarray]:
    """Token and attention losses of some steps."""
    rng = np.random.default_rng(0)
    generator = torch.Generator().manual_seed(0)
    losses: list[np.ndarray] = []
    while len(losses) < steps:
        batches = epochs(SAMPLES, range(300), rng, batch_pixels=400_000, batch_size=32)
        losses.extend(trainer.learn(batch, generator) for batch in batches)
    return losses


def write_dataset(folder: Path) -> Path:
    """SAMPLES as the data set builder would write them."""
    folder.mkdir()
    rows = []
    for sample in SAMPLES:
        png = io.BytesIO()
        Image.fromarray(255 - sample.ink).save(png, "PNG")
        rows.append(
            {
                "tokens": TOKENIZER.decode(sample.ids.tolist()).split(),
                "image": png.getvalue(),
                "height": sample.ink.shape[0],
                "width": sample.ink.shape[1],
                "boxes": sample.boxes.tobytes(),
                "em": 14.0,
                "font": "by hand",
            }
        )
    table = pa.Table.from_pylist(rows, schema=SAMPLE_SCHEMA)
    pq.write_table(table, folder / "shard-0000.parquet")
    report = {"vocabulary": list(TOKENIZER.vocabulary[4:])}
    (folder / "dataset.json").write_text(json.dumps(report), "utf-8")
    return folder


def test_the_loss_falls_and_digits_are_read_from_pictures_alone(tmp_path: Path) -> None:
    """Held-out pictures, free-running: the whole path from pixels to LaTeX."""
    trainer = small_trainer(tmp_path)
    losses = np.array(learn(trainer, 100))
    assert losses[-10:, 0].mean() < 0.5 * losses[:10, 0].mean()
    assert losses[-10:, 1].mean() < 0.5 * losses[:10, 1].mean()
    predictions, truths = greedy(trainer.model, SAMPLES[300:], TOKENIZER)
    right = sum(p == t for p, t in zip(predictions, truths, strict=True))
    assert right >= 17  # of 20; measured: 19 or 20 from the 80th step on
    assert trainer.progress.step == len(losses)


def test_a_step_moves_the_weights_by_the_warmed_up_rate(tmp_path: Path) -> None:
    """AdamW's first step is the step size itself, for every weight that has a gradient."""
    trainer = small_trainer(tmp_path)
    before = trainer.model.decoder.output.weight.detach().clone()
    trainer.learn(collate(SAMPLES[:8], None), torch.Generator().manual_seed(0))
    moved = (trainer.model.decoder.output.weight - before).abs()
    assert moved.max().item() == pytest.approx(CONFIG.learning_rate / CONFIG.warmup_steps, rel=0.1)


def test_the_same_seeds_give_the_same_weights(tmp_path: Path) -> None:
    one, other = small_trainer(tmp_path / "a"), small_trainer(tmp_path / "b")
    for trainer in (one, other):
        learn(trainer, 5)
    for name, tensor in one.model.state_dict().items():
        assert torch.equal(tensor, other.model.state_dict()[name]), name


def test_a_validated_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    trainer = small_trainer(tmp_path)
    learn(trainer, 10)
    trainer.validate(SAMPLES[300:], lambda _: None)
    again = small_trainer(tmp_path)
    assert again.progress == trainer.progress
    for name, tensor in trainer.model.state_dict().items():
        assert torch.equal(tensor, again.model.state_dict()[name]), name
    batch = collate(SAMPLES[:8], None)
    one, other = (t.learn(batch, torch.Generator().manual_seed(1)) for t in (trainer, again))
    assert np.array_equal(one, other)


def test_best_is_the_best_and_latest_the_latest(tmp_path: Path) -> None:
    trainer = small_trainer(tmp_path)
    learn(trainer, 30)
    trainer.validate(SAMPLES[300:], lambda _: None)
    best = load_checkpoint(tmp_path / "best")[0].state_dict()
    torch.nn.init.zeros_(trainer.model.decoder.output.weight)
    trainer.progress.best_bleu = 1.0  # as if the first had been perfect
    trainer.validate(SAMPLES[300:], lambda _: None)
    for name, tensor in load_checkpoint(tmp_path / "best")[0].state_dict().items():
        assert torch.equal(tensor, best[name])
    assert not load_checkpoint(tmp_path / "latest")[0].decoder.output.weight.any()


def test_a_run_from_data_set_to_checkpoints(tmp_path: Path) -> None:
    """The whole loop with the real model, for about a second; then again, with nothing left."""
    dataset, run = write_dataset(tmp_path / "ds"), tmp_path / "run"
    config = dataclasses.replace(CONFIG, max_minutes=0.01, validate_samples=10)
    said: list[str] = []
    progress = train(dataset, run, config, say=said.append)
    assert progress.step >= 1
    assert progress.seconds >= 0.6
    assert progress.images >= progress.step
    assert said[0].startswith("310 samples, 9 tokens, ")
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text("utf-8").splitlines()]
    assert lines[0]["step"] >= 1
    assert lines[-1]["validation"]["num_formulas"] == 10
    assert {path.name for path in run.iterdir()} == {
        "best",
        "latest",
        "config.json",
        "metrics.jsonl",
    }
    assert load_checkpoint(run / "best")[1].vocabulary == TOKENIZER.vocabulary
    again = train(dataset, run, config, say=said.append)
    assert again.step == progress.step
    assert again.seconds == progress.seconds
    report = json.loads((dataset / "dataset.json").read_text("utf-8"))
    other = report | {"vocabulary": [*report["vocabulary"], r"\omega"]}
    (dataset / "dataset.json").write_text(json.dumps(other), "utf-8")
    before = (run / "config.json").read_text("utf-8")
    with pytest.raises(UsageError, match="was trained on another data set"):
        train(dataset, run, dataclasses.replace(config, seed=9), say=said.append)
    assert (run / "config.json").read_text("utf-8") == before


def test_more_time_goes_on_from_the_last_step(tmp_path: Path) -> None:
    trainer = small_trainer(tmp_path)
    learn(trainer, 3)
    trainer.progress.seconds = 60.0
    trainer.validate(SAMPLES[300:], lambda _: None)
    longer = dataclasses.replace(CONFIG, max_minutes=1.002)
    again = small_trainer(tmp_path, longer)
    assert again.share == pytest.approx(1 / 1.002)
    again.fit(SAMPLES[:300], SAMPLES[300:], lambda _: None)
    assert again.progress.step > trainer.progress.step
    assert again.share == 1


def test_formulas_longer_than_the_start_are_learned_all_the_same(tmp_path: Path) -> None:
    """With no formula short enough for the start the loop had nothing to do, for ever."""
    config = dataclasses.replace(CONFIG, max_minutes=0.001, start_tokens=1, end_tokens=1)
    trainer = small_trainer(tmp_path, config)
    long = [sample for sample in SAMPLES if len(sample.ids) == 2][:8]
    trainer.fit(long, long, lambda _: None)
    assert trainer.progress.step >= 1


def test_a_data_set_that_validation_takes_whole_is_refused(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "ds")
    config = dataclasses.replace(CONFIG, validate_samples=320)
    with pytest.raises(UsageError, match="320 samples and validation takes 320"):
        train(dataset, tmp_path / "run", config, say=lambda _: None)


def test_formulas_longer_than_the_models_positions_are_refused(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "ds")
    config = dataclasses.replace(CONFIG, end_tokens=512)
    with pytest.raises(UsageError, match=r"end_tokens 512 .* at most 511"):
        train(dataset, tmp_path / "run", config, say=lambda _: None)


@pytest.mark.parametrize(
    "wrong", [{"max_minutes": 0.0}, {"start_tokens": 0}, {"start_tokens": 9, "end_tokens": 8}]
)
def test_wrong_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        dataclasses.replace(CONFIG, **wrong)  # pyright: ignore[reportArgumentType]


def test_the_length_limit_grows_from_start_to_end() -> None:
    config = TrainConfig(start_tokens=20, end_tokens=100)
    limits = [config.limit_tokens(share / 10) for share in range(11)]
    assert (limits[0], limits[-1]) == (20, 100)
    assert limits == sorted(limits)
    assert limits[5] == round((20 * 100) ** 0.5)


def test_greedy_output_has_an_end(tmp_path: Path) -> None:
    """An untrained model may never say eos; positions exist for 16 tokens."""
    model = small_trainer(tmp_path).model
    torch.nn.init.constant_(model.decoder.output.bias, -100.0)
    with torch.no_grad():
        model.decoder.output.bias[5] = 100.0
    predictions, _ = greedy(model, samples(3, 12), TOKENIZER)
    assert all(0 < len(prediction) <= 26 for prediction in predictions)
