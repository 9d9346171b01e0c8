"""`i2l train`: options to a `TrainJob`, and one call."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from i2l_batch.errors import UsageError
from i2l_batch.options import DEVICE, DeviceOption, Output, Quiet
from i2l_batch.train.commands import train_options as o

if TYPE_CHECKING:
    from i2l_batch.train.config import TrainConfig


def train(
    data: o.Data,
    output: Output,
    preset: o.Preset = None,
    config: o.Config = None,
    settings: o.Settings = None,
    epochs: o.Epochs = None,
    max_steps: o.MaxSteps = None,
    batch_size: o.BatchSize = None,
    learning_rate: o.LearningRate = None,
    seed: o.Seed = None,
    minutes: o.Minutes = None,
    start_from: o.StartFrom = None,
    workers: o.Workers = None,
    gpus: o.Gpus = False,
    device: DeviceOption = DEVICE,
    ray_address: o.RayAddress = None,
    quiet: Quiet = False,
) -> None:
    """Train a model; the same command again goes on where it was stopped."""
    from i2l_batch.train.config import TrainJob
    from i2l_batch.train.config_file import override
    from i2l_batch.train.launch.display import Display
    from i2l_batch.train.launch.run import launch
    from i2l_batch.train.run_folder import check

    direct = {
        "--epochs": ("epochs", epochs),
        "--max-steps": ("max_steps", max_steps),
        "--batch-size": ("batch_size", batch_size),
        "--learning-rate": ("optimizer.learning_rate", learning_rate),
        "--seed": ("seed", seed),
        "--minutes": ("max_minutes", minutes),
    }
    chosen = override(choose_config(output, preset, config, start_from), settings or [])
    for option, (key, value) in direct.items():
        if value is not None:
            chosen = override(chosen, [f"{key}={value}"], option)
    job = TrainJob(dataset=data, run=output, config=chosen, start_from=start_from)
    check(output, chosen)  # before workers start
    try:
        with Display(-1 if quiet else 0) as display:
            progress = launch(
                job,
                workers=workers,
                gpus=gpus,
                device=device.value,
                ray_address=ray_address,
                display=display,
            )
        interrupted = progress.stopped
    except KeyboardInterrupt:  # a second signal
        interrupted = True
    if interrupted:
        print(
            "i2l: interrupted; the same command goes on from the latest checkpoint",
            file=sys.stderr,
        )
        raise typer.Exit(130)


def choose_config(
    run: Path, preset: str | None, config: Path | None, start_from: Path | None
) -> TrainConfig:
    """The configuration to start from: what is asked for, else the run's own, else one for the
    sizes of the checkpoint that the run starts from.

    Raises:
        UsageError: there is no such preset, file or checkpoint.
        CheckpointError: the checkpoint cannot be read.
    """
    from i2l_batch.train import presets
    from i2l_batch.train.config_file import read_config
    from i2l_batch.train.fine_tuning import config_for
    from i2l_batch.train.run_folder import run_config

    if preset and config:
        raise UsageError("--preset and --config: give one of them")
    if preset:
        return presets.preset(preset)
    if config:
        return read_config(config)
    if own := run_config(run):
        return own
    return config_for(start_from) if start_from else presets.preset("compact")
