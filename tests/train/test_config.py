"""Training configurations: presets, TOML and back, overrides, errors that name the entry."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomlkit

from i2l_batch.errors import UsageError
from i2l_batch.models.config import CompactConfig
from i2l_batch.train.config import OptimizerConfig, TrainConfig
from i2l_batch.train.config_file import differences, from_toml, override, read_config, to_toml
from i2l_batch.train.presets import PRESETS, preset


@pytest.mark.parametrize("name", PRESETS)
def test_a_configuration_survives_toml(name: str) -> None:
    assert from_toml(to_toml(preset(name)), "here") == preset(name)


def test_a_changed_configuration_survives_toml() -> None:
    changed = override(
        preset("nopool-tiny"),
        [
            "epochs=2.5",
            "data.bins=[3,9]",
            "loss.mean=tokens",
            "model.init_dim=0",
            "data.augment=true",
        ],
    )
    assert from_toml(to_toml(changed), "here") == changed
    assert changed.data.bins == (3, 9)


def test_every_setting_of_ours_is_explained_in_the_file() -> None:
    """An entry stands under a comment, unless its name says it all."""
    lines = to_toml(preset("strips")).split("\n")
    bare = {
        line.split(" = ")[0]
        for before, line in zip(["", *lines], lines, strict=False)
        if " = " in line and not line.startswith("#") and not before.startswith("#")
    }
    assert bare <= {"eps", "height", "embedding_dim", "lstm_units", "num_layers", "output_dim"}


def test_the_papers_run_is_what_the_paper_says() -> None:
    """Sections 2.1 to 2.4 of its training: 56 samples, Adam 1e-4 (0.5, 0.9), L2 5e-5."""
    for name in ("nopool", "strips"):
        config = preset(name)
        assert config.model.architecture == name
        assert config.batch_size == 56
        assert config.optimizer == OptimizerConfig(
            kind="adam", learning_rate=1e-4, betas=(0.5, 0.9), schedule="constant", clip_norm=0
        )
        assert config.loss.mean == "sequences"
        assert config.loss.l2 == 5e-5
        assert config.loss.alpha_weight == config.loss.label_smoothing == 0
        assert config.data.bins == (28, 35, 41, 48, 55, 64, 75, 88, 105, 150)
        assert not config.data.augment


def test_a_file_holds_only_what_differs_from_its_models_preset() -> None:
    config = from_toml('seed = 7\n[model]\narchitecture = "strips"\nlstm_units = 12', "here")
    changed = {"seed": (0, 7), "model.lstm_units": (1500, 12)}
    assert differences(preset("strips"), config) == changed
    assert from_toml("", "here") == preset("compact")


def test_configurations_of_different_models_differ_in_what_only_one_has() -> None:
    found = differences(preset("compact"), preset("strips"))
    assert found["model.architecture"] == ("compact", "strips")
    assert found["model.lstm_units"] == (None, 1500)
    assert differences(preset("compact"), preset("compact")) == {}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("learning_rate=1", "no setting learning_rate; did you mean optimizer.learning_rate?"),
        ("optimizer.learningrate=1", "did you mean optimizer.learning_rate?"),
        ("zzz=1", "no setting zzz; there are "),
        ("epochs.x=3", "no setting epochs.x"),
        ("data=3", "no setting data;"),
        ("epochs=many", "epochs = 'many': give a number"),
        ("max_steps=1.5", "max_steps = 1.5: give a whole number"),
        ("data.augment=1", "data.augment = 1: give true or false"),
        ("optimizer.betas=[0.5]", r"optimizer.betas = \[0.5\]: give a list of numbers"),
        ("loss.mean=words", "loss.mean = 'words': choose sequences or tokens"),
        ("epochs=0", "epochs 0.0 must be positive"),
        ("batch_size=0", "batch_size 0: use 1 or more"),
        ("data.token_dropout=1.0", "data.token_dropout 1.0: use 0 to below 1"),
        ("data.bins=[5,5]", r"data.bins \[5, 5\] must rise"),
        ("optimizer.betas=[1.0,0.5]", "optimizer.betas"),
        ("optimizer.weight_decay=0.1", 'needs optimizer.kind = "adamw"'),
        ("model.height=100", "the canvas of 100x1088 does not divide by 32"),
        ("seed", "--set seed: write key=value"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(setting: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        override(preset("strips"), [setting])
    assert "\n" not in str(caught.value)


def test_texts_need_no_quotes_and_may_have_them() -> None:
    for setting in ("optimizer.schedule=cosine", 'optimizer.schedule="cosine"'):
        assert override(preset("strips"), [setting]).optimizer.schedule == "cosine"


def test_settings_that_need_each_other_come_in_any_order() -> None:
    settings = ["optimizer.weight_decay=0.1", "optimizer.kind=adamw"]
    assert override(preset("strips"), settings) == override(preset("strips"), settings[::-1])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"epochs = ", "is no TOML"),
        (b"\xff\xfe", "is no TOML"),
        (b"epoch = 3", "no setting epoch; did you mean epochs?"),
        (b'[model]\narchitecture = "vgg"', "choose compact, nopool or strips"),
    ],
)
def test_a_damaged_file_is_one_line_that_names_it(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message) as caught:
        read_config(path)
    assert "mine.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_preset(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read the configuration .*none\.toml"):
        read_config(tmp_path / "none.toml")
    with pytest.raises(UsageError, match="no preset 'vgg': choose from compact, nopool, strips"):
        preset("vgg")


def test_the_vocabulary_is_the_data_sets() -> None:
    config = preset("compact")
    assert "vocab_size" not in tomlkit.parse(to_toml(config))["model"]
    assert config.model_for(300) == CompactConfig(vocab_size=300)


def test_steps_of_a_run() -> None:
    """I2L-140K: 114,406 samples make 2,043 steps of 56 per epoch (paper)."""

    def total(**changes: float) -> int:
        base = preset("strips")
        return TrainConfig(model=base.model, **changes).total_steps(2043)  # pyright: ignore

    assert total(epochs=1) == 2043
    assert total(epochs=0.5) == 1022
    assert total(epochs=0.1 * 30) == 3 * 2043
    assert total(epochs=100, max_steps=5) == 5
    assert total(epochs=1, max_steps=10_000) == 2043
    assert total(epochs=1e-9) == 1
