"""Whole runs in a little world: learning, stopping, being killed, going on, and what is left."""

from __future__ import annotations

import csv
import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from i2l_batch.errors import CheckpointError, UsageError
from i2l_batch.models.build import build_model
from i2l_batch.models.checkpoint import load_checkpoint
from i2l_batch.train.config import TrainConfig, TrainJob
from i2l_batch.train.config_file import override
from i2l_batch.train.logbook import COLUMNS, read_metrics
from i2l_batch.train.loop import Trainer, train
from i2l_batch.train.presets import preset
from i2l_batch.train.state import Progress
from i2l_batch.train.team import Solo
from tests.train.little_world import TOKENIZER, samples, write_dataset
from tests.train.team_of_threads import Member, Watcher, together

STRIPS = override(
    preset("strips-tiny"),
    [
        "model.height=32",
        "model.width=128",
        "model.channels=[4,8,8,16]",
        "model.lstm_units=24",
        "batch_size=8",
        "data.bins=[2]",
        "epochs=3",
        "validate_steps=6",
        "checkpoint_steps=4",
        "log_steps=3",
    ],
)
"""Twelve steps: four per epoch."""

COMPACT = override(
    preset("compact-tiny"),
    [
        "model.channels=[4,6,8,8]",
        "model.dim=16",
        "batch_size=8",
        "epochs=3",
        "validate_steps=6",
        "checkpoint_steps=4",
        "log_steps=3",
    ],
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    drawn = samples(40, 4)
    return write_dataset(tmp_path_factory.mktemp("world") / "ds", drawn[:32], drawn[32:])


def run(
    dataset: Path,
    folder: Path,
    config: TrainConfig = STRIPS,
    *,
    stop_after: int | None = None,
    start_from: Path | None = None,
) -> tuple[Progress, Watcher]:
    watcher = Watcher(stop_after)
    job = TrainJob(dataset=dataset, run=folder, config=config, start_from=start_from)
    return train(job, Solo(), watcher), watcher


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_checkpoint(folder)[0].state_dict()


def same_file(one: Path, other: Path) -> bool:
    return one.read_bytes() == other.read_bytes()


UNTIMED = [name for name in COLUMNS if name not in ("seconds", "images_per_second")]


def untimed(folder: Path) -> list[dict[str, float]]:
    """The metrics without what the clock says."""
    return [
        {name: row[name] for name in UNTIMED if name in row}
        for row in read_metrics(folder / "metrics.csv")
    ]


def test_a_run_leaves_its_folder(dataset: Path, tmp_path: Path) -> None:
    progress, watcher = run(dataset, tmp_path / "run")
    assert (progress.step, progress.total_steps, progress.stopped) == (12, 12, False)
    assert progress.images == 3 * 32
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "config.toml",
        "latest",
        "best",
        "metrics.csv",
        "events",
    }
    for name in ("latest", "best"):
        assert load_checkpoint(tmp_path / "run" / name)[1].vocabulary == TOKENIZER.vocabulary
    rows = read_metrics(tmp_path / "run" / "metrics.csv")
    assert [(row["step"], "bleu" in row) for row in rows] == [
        (3, False),
        (6, False),
        (6, True),
        (9, False),
        (12, False),
        (12, True),
    ]
    assert [row["epoch"] for row in rows if "loss" in row] == [0.75, 1.5, 2.25, 3.0]
    assert [status.step for status in watcher.seen] == list(range(1, 13))
    assert watcher.seen[-1].total_steps == 12
    assert watcher.seen[5].bleu is None
    assert watcher.seen[6].bleu == rows[2]["bleu"]
    assert watcher.said[0].startswith("32 samples, 8 for validation, 9 tokens, ")
    assert watcher.said[1].startswith("step 6: validation BLEU 0.")
    assert watcher.said[-1].startswith("finished: step 12 of 12")


@pytest.mark.parametrize("config", [STRIPS, COMPACT], ids=["strips", "compact"])
def test_a_run_that_is_stopped_ends_as_one_that_is_not(
    dataset: Path, tmp_path: Path, config: TrainConfig
) -> None:
    """Bit for bit: weights, optimizer, counters, metrics. Stopped within an epoch, within a row of
    the metrics, and at a step that is due for validation."""
    run(dataset, tmp_path / "whole", config)
    progress = Progress()
    for stop_after in (5, 1, 3):
        progress, watcher = run(dataset, tmp_path / "parts", config, stop_after=stop_after)
        assert progress.stopped
        assert watcher.said[-1].startswith(f"stopped: step {progress.step} of 12")
    assert progress.step == 9
    progress, _ = run(dataset, tmp_path / "parts", config)
    assert (progress.step, progress.stopped) == (12, False)
    for name in ("model.safetensors", "optimizer.safetensors"):
        assert same_file(tmp_path / "whole" / "latest" / name, tmp_path / "parts" / "latest" / name)
    assert untimed(tmp_path / "parts") == untimed(tmp_path / "whole")
    counters = [
        json.loads((tmp_path / name / "latest" / "progress.json").read_text()) | {"seconds": 0}
        for name in ("whole", "parts")
    ]
    assert counters[0] == counters[1]


class Killed(BaseException):
    """As if by a signal: nothing is saved any more."""


class Killer(Watcher):
    def stop_requested(self) -> bool:
        if super().stop_requested():
            raise Killed
        return False


def test_a_run_that_is_killed_ends_as_one_that_is_not(dataset: Path, tmp_path: Path) -> None:
    """It goes on from the last checkpoint; its table has no step twice."""
    run(dataset, tmp_path / "whole")
    job = TrainJob(dataset=dataset, run=tmp_path / "parts", config=STRIPS)
    reached = []
    for kill_after in (3, 8, 4):
        killer = Killer(kill_after)
        with pytest.raises(Killed):
            train(job, Solo(), killer)
        reached.append(killer.seen[-1].step)
    assert reached == [2, 7, 9]  # from step 0, 0 and 6
    assert (tmp_path / "parts" / "latest" / "progress.json").exists()
    run(dataset, tmp_path / "parts")
    assert same_file(
        tmp_path / "whole" / "latest" / "optimizer.safetensors",
        tmp_path / "parts" / "latest" / "optimizer.safetensors",
    )
    assert untimed(tmp_path / "parts") == untimed(tmp_path / "whole")
    with (tmp_path / "parts" / "metrics.csv").open(newline="") as file:
        steps = [(row["step"], bool(row["bleu"])) for row in csv.DictReader(file)]
    assert len(steps) == len(set(steps))


class AtValidation(Watcher):
    """Is asked whether to stop a second time at the same step: that is within a validation."""

    def __init__(self, kill: bool) -> None:
        super().__init__()
        self.kill = kill
        self.asked = -1

    def stop_requested(self) -> bool:
        before, self.asked = self.asked, len(self.seen)
        if before == self.asked and self.kill:
            raise Killed
        return before == self.asked


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_a_validation_that_is_broken_off_is_done_again(
    dataset: Path, tmp_path: Path, kill: bool
) -> None:
    """No step is lost: the checkpoint comes before the validation. The rest is as ever."""
    config = replace(STRIPS, micro_pixels=3000)  # so that a validation has some batches
    run(dataset, tmp_path / "whole", config)
    job = TrainJob(dataset=dataset, run=tmp_path / "parts", config=config)
    watcher = AtValidation(kill)
    if kill:
        with pytest.raises(Killed):
            train(job, Solo(), watcher)
    else:
        assert train(job, Solo(), watcher).stopped
        assert watcher.said[-1] == "stopped: step 6 of 12"
    progress = json.loads((tmp_path / "parts" / "latest" / "progress.json").read_text())
    assert (progress["step"], progress["validated"]) == (6, 0)
    assert not (tmp_path / "parts" / "best").exists()
    run(dataset, tmp_path / "parts", config)
    assert untimed(tmp_path / "parts") == untimed(tmp_path / "whole")
    for name in ("model.safetensors", "optimizer.safetensors"):
        assert same_file(tmp_path / "whole" / "latest" / name, tmp_path / "parts" / "latest" / name)


def test_two_workers_leave_the_same_run_as_one(dataset: Path, tmp_path: Path) -> None:
    """Loss curve within 1e-4, validation the same; process 0 alone writes."""
    run(dataset, tmp_path / "one")
    job = TrainJob(dataset=dataset, run=tmp_path / "two", config=STRIPS)
    models = []
    for _ in range(2):  # train() seeds the generator, which threads share
        torch.manual_seed(STRIPS.seed)
        models.append(build_model(STRIPS.model_for(len(TOKENIZER))))

    def work(me: Member) -> Progress:
        return Trainer(job, models[me.rank], TOKENIZER, me, Watcher()).run()

    job.run.mkdir()
    first, second = together(2, work)
    assert (first.step, second.step) == (12, 12)
    for one, two in zip(untimed(tmp_path / "one"), untimed(tmp_path / "two"), strict=True):
        assert two == pytest.approx(one, rel=1e-3)
    alone, team = weights(tmp_path / "one" / "latest"), weights(tmp_path / "two" / "latest")
    assert all(torch.allclose(alone[name], team[name], atol=1e-3) for name in alone)


def test_a_finished_run_has_nothing_to_do_until_it_shall_be_longer(
    dataset: Path, tmp_path: Path
) -> None:
    run(dataset, tmp_path / "run")
    before = (tmp_path / "run" / "latest" / "progress.json").stat().st_mtime_ns
    progress, watcher = run(dataset, tmp_path / "run")
    assert progress.step == 12
    assert not watcher.seen
    assert watcher.said[-1].startswith("nothing left to do: step 12 of 12")
    assert (tmp_path / "run" / "latest" / "progress.json").stat().st_mtime_ns == before
    progress, watcher = run(dataset, tmp_path / "run", replace(STRIPS, epochs=4.0))
    assert (progress.step, len(watcher.seen)) == (16, 4)


def test_other_settings_another_data_set_another_vocabulary(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path / "run", stop_after=2)
    with pytest.raises(UsageError, match=r"started with other settings \(batch_size 8 -> 9\)"):
        run(dataset, tmp_path / "run", replace(STRIPS, batch_size=9))
    drawn = samples(30, 4)
    other = write_dataset(tmp_path / "other", drawn, drawn)
    with pytest.raises(UsageError, match=f"was trained on another data set than {other}: resume"):
        run(other, tmp_path / "run")
    moved = shutil.copytree(dataset, tmp_path / "moved")
    assert run(moved, tmp_path / "run", stop_after=1)[0].step == 3
    (moved / "recipe.json").write_text("{}")  # as many samples, but others
    with pytest.raises(UsageError, match=f"was trained on another data set than {moved}: resume"):
        run(moved, tmp_path / "run")
    vocabulary = [*TOKENIZER.vocabulary[4:], r"\omega"]
    grown = write_dataset(tmp_path / "grown", drawn, drawn, vocabulary=vocabulary)
    with pytest.raises(UsageError, match="was trained on another data set or model"):
        run(grown, tmp_path / "run")


def test_a_start_that_fails_leaves_the_folder_free(dataset: Path, tmp_path: Path) -> None:
    """Wrong weights, text of another size: the corrected command goes."""
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        run(dataset, tmp_path / "run", start_from=tmp_path / "nothing")
    foreign = write_dataset(tmp_path / "foreign", samples(9, 3), samples(9, 3), em=30.0)
    with pytest.raises(UsageError, match="was built for text of 30 pixels"):
        run(foreign, tmp_path / "run", COMPACT)
    assert not (tmp_path / "run").exists()
    assert run(dataset, tmp_path / "run", stop_after=1)[0].step == 1


def test_a_damaged_checkpoint_says_what_can_be_done(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path / "run", stop_after=2)
    latest, best = tmp_path / "run" / "latest", tmp_path / "run" / "best"
    (latest / "optimizer.safetensors").write_bytes(b"half")
    where = f"{latest}/optimizer.safetensors is damaged"
    with pytest.raises(CheckpointError, match=f"{where} .*: remove {latest} and .* to start over"):
        run(dataset, tmp_path / "run")
    best.mkdir()
    with pytest.raises(CheckpointError, match=f"{where} .*: start a new run .* --from {best}"):
        run(dataset, tmp_path / "run")


def test_the_time_ends_a_start_and_not_the_run(dataset: Path, tmp_path: Path) -> None:
    """A checkpoint after a step, no `stopped`: nobody asked; the next start has the time again."""
    config = replace(STRIPS, max_minutes=60.0)
    for start in range(1, 3):
        job = TrainJob(
            dataset=dataset, run=tmp_path / "run", config=config, started=time.time() - 3600
        )
        watcher = Watcher()
        progress = train(job, Solo(), watcher)
        assert (progress.step, progress.stopped) == (start, False)
        assert watcher.said[-1].startswith("stopped: step ")
    assert run(dataset, tmp_path / "run", config)[0].step == 12


def test_best_is_the_best_and_not_the_latest(dataset: Path, tmp_path: Path) -> None:
    """As if an earlier validation had been perfect."""
    run(dataset, tmp_path / "run", stop_after=8)
    best = weights(tmp_path / "run" / "best")
    path = tmp_path / "run" / "latest" / "progress.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"best_bleu": 1.0}))
    progress, _ = run(dataset, tmp_path / "run")
    assert progress.best_step == 6
    after = weights(tmp_path / "run" / "best")
    assert all(torch.equal(best[name], after[name]) for name in best)
    latest = weights(tmp_path / "run" / "latest")
    assert any(not torch.equal(best[name], latest[name]) for name in best)


def test_fine_tuning_starts_from_other_weights_once(dataset: Path, tmp_path: Path) -> None:
    """The run's own checkpoint goes before; the vocabulary may have grown."""
    run(dataset, tmp_path / "first")
    drawn = samples(32, 4, seed=1)
    vocabulary = [*TOKENIZER.vocabulary[4:], "9", "8"]
    grown = write_dataset(tmp_path / "grown", drawn, drawn[:8], vocabulary=vocabulary)
    start = tmp_path / "first" / "best"
    _, watcher = run(grown, tmp_path / "run", start_from=start, stop_after=1)
    assert watcher.said[0].endswith("9 tokens are known, 2 start anew, 0 are left behind")
    shutil.rmtree(tmp_path / "first")
    progress, watcher = run(grown, tmp_path / "run", start_from=start)
    assert progress.step == 12
    assert watcher.said[0] == f"--from {start} was for the start of {tmp_path / 'run'}, it goes on"


def test_a_guide_needs_places(tmp_path: Path) -> None:
    drawn = samples(10, 4)
    dataset = write_dataset(tmp_path / "ds", drawn, drawn, boxes=False)
    with pytest.raises(UsageError, match=r"does not say where its tokens are.*guide_weight=0"):
        run(dataset, tmp_path / "run", COMPACT)
    config = override(COMPACT, ["loss.guide_weight=0", "max_steps=1"])
    assert run(dataset, tmp_path / "other", config)[0].step == 1


def test_strips_tiny_learns_64_formulas_by_heart(tmp_path: Path) -> None:
    """Free-running, from pictures alone: BLEU 0.99. Measured: 1.0 from step 80 on."""
    drawn = samples(64, 6, shortest=2)
    dataset = write_dataset(tmp_path / "ds", drawn, drawn)
    settings = ["model.height=32", "model.width=96", "optimizer.learning_rate=2e-3"]
    steps = ["batch_size=16", "epochs=30", "validate_steps=60"]
    config = override(preset("strips-tiny"), [*settings, *steps])
    assert run(dataset, tmp_path / "run", config)[0].best_bleu >= 0.99


def test_compact_reads_pictures_it_has_not_seen(tmp_path: Path) -> None:
    """The whole path with everything on: guide, dropped tokens, moved pictures, bfloat16."""
    drawn = samples(400, 2)
    dataset = write_dataset(tmp_path / "ds", drawn[:360], drawn[360:])
    settings = ["model.channels=[8,16,32,32]", "model.dim=32", "model.num_heads=2", "epochs=14"]
    rates = ["optimizer.learning_rate=5e-3", "optimizer.warmup_steps=20", "batch_size=32"]
    config = override(preset("compact-tiny"), [*settings, *rates, "validate_epochs=14"])
    run(dataset, tmp_path / "run", config)
    assert read_metrics(tmp_path / "run" / "metrics.csv")[-1]["exact_match"] >= 0.8
