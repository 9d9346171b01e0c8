"""`i2l train`: options to a `TrainConfig`, and one call."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from i2l_batch.options import DEVICE, DeviceOption, Output


def train(
    data: Annotated[Path, typer.Argument(help="A data set, as `i2l dataset build` makes it.")],
    output: Output,
    minutes: Annotated[float, typer.Option(help="Training time, over all starts.")] = 90.0,
    device: DeviceOption = DEVICE,
    seed: Annotated[int, typer.Option(help="Seed of all random choices.")] = 0,
) -> None:
    """Train a model; the same command again goes on where it was stopped."""
    from i2l_batch.train.config import TrainConfig
    from i2l_batch.train.loop import train as run
    from i2l_batch.transcriber import choose_device

    config = TrainConfig(max_minutes=minutes, seed=seed)
    run(data, output, config, device=choose_device(device.value))
