"""A run folder: which configuration may go on in it, and its table of metrics."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event  # pyright: ignore[reportAttributeAccessIssue]

from i2l_batch.errors import StoreError, UsageError
from i2l_batch.train.config import TrainConfig
from i2l_batch.train.config_file import override
from i2l_batch.train.logbook import COLUMNS, Logbook, read_metrics
from i2l_batch.train.presets import preset
from i2l_batch.train.run_folder import LATEST, check, note, run_config
from tests.full_disk import room_for

STRIPS = preset("strips-tiny")


def begun(run: Path, config: TrainConfig) -> None:
    """As a run with this configuration leaves its folder."""
    note(run, config)
    (run / LATEST).mkdir()


def test_a_new_folder_gets_the_configuration(tmp_path: Path) -> None:
    run = tmp_path / "new" / "run"
    assert run_config(run) is None
    check(run, STRIPS)
    assert not run.exists()
    note(run, STRIPS)
    assert run_config(run) == STRIPS
    note(run, STRIPS)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=f"cannot make the run folder {tmp_path}/file/run"):
        note(tmp_path / "file" / "run", STRIPS)


def test_other_settings_are_refused_by_name(tmp_path: Path) -> None:
    begun(tmp_path, STRIPS)
    other = override(STRIPS, ["seed=3", "optimizer.betas=[0.1,0.2]"])
    with pytest.raises(UsageError) as caught:
        check(tmp_path, other)
    assert "(optimizer.betas [0.5, 0.9] -> [0.1, 0.2]; seed 0 -> 3)" in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match=r"strips -> compact; .*; and \d+ more\)") as caught:
        check(tmp_path, preset("compact"))
    assert str(caught.value).count("->") == 4


def test_settings_bind_once_there_is_something_to_go_on_from(tmp_path: Path) -> None:
    """Also if the process died while it replaced the checkpoint."""
    other = override(STRIPS, ["seed=3"])
    note(tmp_path, STRIPS)
    check(tmp_path, other)
    (tmp_path / ".latest.old").mkdir()
    with pytest.raises(UsageError, match=r"other settings \(seed 0 -> 3\)"):
        check(tmp_path, other)


def test_what_is_left_of_a_run_is_not_replaced(tmp_path: Path) -> None:
    """Rows of steps before the first checkpoint are no loss: the process was killed by then."""
    note(tmp_path, STRIPS)
    logbook = book(tmp_path)
    logbook.write("training", STRIPS.checkpoint_steps, {"loss": 1.0})
    check(tmp_path, STRIPS)
    logbook.write("training", STRIPS.checkpoint_steps + 1, {"loss": 1.0})
    logbook.close()
    with pytest.raises(UsageError, match=r"latest is gone, .*: remove .*latest and .*metrics\.csv"):
        check(tmp_path, STRIPS)
    (tmp_path / "best").mkdir()
    with pytest.raises(UsageError, match=r"latest is gone, .* another folder with --from .*/best"):
        check(tmp_path, STRIPS)
    (tmp_path / LATEST).mkdir()
    check(tmp_path, STRIPS)


def test_settings_that_do_not_matter_to_the_weights_may_change(tmp_path: Path) -> None:
    begun(tmp_path, STRIPS)
    free = ["micro_pixels=9", "data.loader_workers=2", "log_steps=3", "max_minutes=1"]
    longer = override(STRIPS, [*free, "checkpoint_steps=4", "epochs=99"])
    check(tmp_path, longer)
    note(tmp_path, longer)
    assert run_config(tmp_path) == longer


def test_a_run_whose_step_size_hangs_on_its_end_keeps_its_end(tmp_path: Path) -> None:
    compact = preset("compact")
    begun(tmp_path, compact)
    with pytest.raises(UsageError, match=r"epochs 10\.0 -> 11\.0"):
        check(tmp_path, override(compact, ["epochs=11"]))


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    (tmp_path / "failures.log").touch()
    check(tmp_path, STRIPS)
    (tmp_path / "paper.pdf").touch()
    with pytest.raises(UsageError, match=r"holds no training run \(paper\.pdf is in it\)"):
        check(tmp_path, STRIPS)
    with pytest.raises(UsageError, match="is a file"):
        check(tmp_path / "paper.pdf", STRIPS)


def book(folder: Path, step: int = 0, validated: int = 0) -> Logbook:
    return Logbook(folder / "metrics.csv", folder / "events", step, validated)


def test_rows_come_back(tmp_path: Path) -> None:
    logbook = book(tmp_path)
    logbook.write("training", 5, {"loss": 0.25, "images": 23_456_789, "learning_rate": 1e-4})
    logbook.write("validation", 5, {"bleu": 0.5})
    logbook.close()
    assert read_metrics(tmp_path / "metrics.csv") == [
        {"step": 5, "loss": 0.25, "images": 23_456_789, "learning_rate": 1e-4},
        {"step": 5, "bleu": 0.5},
    ]
    with (tmp_path / "metrics.csv").open(newline="") as file:
        assert next(csv.reader(file)) == list(COLUMNS)


def test_what_is_later_than_the_resumed_step_is_dropped(tmp_path: Path) -> None:
    """The process was killed after step 30, in the middle of a row; `latest/` is of step 20."""
    logbook = book(tmp_path)
    for step in (10, 20, 30):
        logbook.write("training", step, {"loss": 1 / step})
    logbook.close()
    with (tmp_path / "metrics.csv").open("a") as file:
        file.write("40,0.")
    logbook = book(tmp_path, 20)
    logbook.write("training", 30, {"loss": 7.0})
    logbook.close()
    rows = read_metrics(tmp_path / "metrics.csv")
    assert [(row["step"], row["loss"]) for row in rows] == [(10, 0.1), (20, 0.05), (30, 7.0)]


def test_a_validation_that_was_noted_but_not_saved_is_done_again(tmp_path: Path) -> None:
    logbook = book(tmp_path)
    for step in (10, 20):
        logbook.write("training", step, {"loss": 1.0})
        logbook.write("validation", step, {"bleu": 0.5})
    logbook.close()
    book(tmp_path, 20, validated=10).close()
    rows = read_metrics(tmp_path / "metrics.csv")
    assert [(row["step"], "bleu" in row) for row in rows] == [(10, False), (10, True), (20, False)]


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    logbook = book(tmp_path)
    figures = {f"figure {i}": 1.0 for i in range(100)}
    full = pytest.raises(StoreError, match=f"cannot write the metrics in {tmp_path}: File too")
    with room_for(1000), full:
        logbook.write("training", 1, figures)
    logbook.write("training", 2, figures)
    logbook.close()
    assert len(read_metrics(tmp_path / "metrics.csv")) == 2
    with room_for(10), pytest.raises(StoreError, match="cannot write"):
        book(tmp_path)


def events(folder: Path) -> list[Event]:
    """All events of a folder, in the order of its files; the records are length, crc, data, crc."""
    found = []
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        while data:
            length = int.from_bytes(data[:8], "little")
            found.append(Event.FromString(data[12 : 12 + length]))
            data = data[16 + length :]
    return found


def test_the_same_figures_are_there_for_tensorboard(tmp_path: Path) -> None:
    """And a run that goes on tells it which ones hold no more."""
    logbook = book(tmp_path)
    logbook.write("training", 5, {"loss": 0.25})
    logbook.write("validation", 5, {"bleu": 0.5})
    logbook.close()
    found = events(tmp_path / "events")
    scalars = [(v.tag, v.simple_value, e.step) for e in found for v in e.summary.value]
    assert scalars == [("training/loss", 0.25, 5), ("validation/bleu", 0.5, 5)]
    book(tmp_path, 3).close()
    starts = [e.step for e in events(tmp_path / "events") if e.session_log.status == 1]
    assert 4 in starts
