"""`i2l train` as people call it, in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from i2l_batch.errors import UsageError
from i2l_batch.models.build import build_model
from i2l_batch.models.checkpoint import save_checkpoint
from i2l_batch.train.commands.train import choose_config
from i2l_batch.train.config_file import override, to_toml
from i2l_batch.train.presets import preset
from i2l_batch.train.run_folder import note, run_config
from tests.command import call
from tests.train.little_world import TOKENIZER, samples, write_dataset


def test_a_run_its_end_and_its_refusals(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    drawn = samples(20, 3)
    data, run = write_dataset(tmp_path / "ds", drawn, drawn[:4]), tmp_path / "run"
    train = ["train", data, "-o", run, "--device", "cpu", "--workers", "0"]
    new = [*train, "--preset", "strips-tiny", "--set", "model.lstm_units=16", "-b", "10"]
    assert call(*new, "--epochs", "2", "--learning-rate", "2e-3") == 0
    err = capfd.readouterr().err
    assert "from step 0 to 4" in err
    assert "finished: step 4 of 4, best validation BLEU 0." in err
    config = run_config(run)
    assert config is not None
    assert (config.batch_size, config.epochs, config.optimizer.learning_rate) == (10, 2.0, 2e-3)
    assert config.model == override(preset("strips-tiny"), ["model.lstm_units=16"]).model
    assert call(*train) == 0  # a run knows its own settings
    assert "nothing left to do: step 4 of 4" in capfd.readouterr().err
    assert call(*train, "--epochs", "3") == 0
    assert "finished: step 6 of 6" in capfd.readouterr().err
    assert call(*train, "-b", "5") == 2
    assert "started with other settings (batch_size 10 -> 5)" in capfd.readouterr().err
    assert call(*new, "--set", "optimizer.lr=1") == 2
    assert "no setting optimizer.lr; did you mean " in capfd.readouterr().err
    assert call("train", data, "-o", data, "--workers", "0") == 2
    assert "holds no training run" in capfd.readouterr().err
    assert call("train", tmp_path / "none", "-o", tmp_path / "other", "--workers", "0") == 2
    assert len(capfd.readouterr().err.splitlines()) == 1
    (tmp_path / "file").touch()
    assert call("train", data, "-o", tmp_path / "file" / "run", "--workers", "0") == 2
    assert "cannot make the run folder" in capfd.readouterr().err


def test_an_option_that_is_wrong_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = write_dataset(tmp_path / "ds", samples(4, 3), samples(4, 3))
    for option, value in {"--batch-size": "0", "--epochs": "nan", "--seed": "-1"}.items():
        assert call("train", data, "-o", tmp_path / "run", option, value) == 2
        (line,) = capfd.readouterr().err.splitlines()
        assert line.startswith(f"i2l: {option}: ")


def test_which_configuration_is_taken(tmp_path: Path) -> None:
    """The options' own, else the run's, else the checkpoint's, else compact."""
    run, start = tmp_path / "run", tmp_path / "old" / "best"
    assert choose_config(run, None, None, None) == preset("compact")
    strips = override(preset("strips"), ["model.height=32", "model.width=64", "model.lstm_units=8"])
    model = build_model(strips.model_for(len(TOKENIZER)))
    save_checkpoint(start, model, TOKENIZER)
    assert choose_config(run, None, None, start) == strips
    assert choose_config(run, "nopool", None, start) == preset("nopool")
    with pytest.raises(UsageError, match=f"old is a run, not a checkpoint: use --from {start}"):
        choose_config(run, None, None, tmp_path / "old")
    mine = override(preset("strips"), ["seed=3"])
    file = tmp_path / "mine.toml"
    file.write_text(to_toml(mine), "utf-8")
    assert choose_config(run, None, file, start) == mine
    note(run, mine)
    assert choose_config(run, None, None, start) == mine
    assert choose_config(run, "compact", None, None) == preset("compact")
    with pytest.raises(UsageError, match="--preset and --config"):
        choose_config(run, "compact", file, None)
