"""The options of `i2l train`, each with its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[Path, typer.Argument(help="A data set, as `i2l dataset build` makes it.")]
Preset = Annotated[
    str | None,
    typer.Option(
        help="Settings to start from: compact (the default), nopool or strips (the paper's), "
        "or one of these with -tiny."
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(help="TOML file of settings instead, such as the config.toml of a run."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="A setting, as in optimizer.betas=[0.9,0.99]; repeatable."),
]
Epochs = Annotated[float | None, typer.Option(help="Passes over the training samples.")]
MaxSteps = Annotated[int | None, typer.Option(help="Most optimizer steps; 0 for no limit.")]
BatchSize = Annotated[
    int | None, typer.Option("--batch-size", "-b", help="Samples per step, over all workers.")
]
LearningRate = Annotated[float | None, typer.Option(help="Step size at its peak.")]
Seed = Annotated[int | None, typer.Option(help="Seed of all random choices.")]
Minutes = Annotated[
    float | None,
    typer.Option(help="Stop so long after now, validations included; the same command goes on."),
]
StartFrom = Annotated[
    Path | None,
    typer.Option(
        "--from",
        help="Checkpoint to start a new run from; without --preset and --config it has the "
        "checkpoint's sizes.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        help="Processes that share each step; 0 for this one, without Ray. "
        "Default: one on each GPU if there are several, else 0."
    ),
]
Gpus = Annotated[bool, typer.Option("--gpus/--no-gpus", help="Every worker must have a GPU.")]
RayAddress = Annotated[
    str | None,
    typer.Option(
        help="Ray cluster to use (auto, HOST:PORT), whose machines all see the data set and "
        "the output; default: this machine."
    ),
]
