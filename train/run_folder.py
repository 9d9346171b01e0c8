"""The folder of a training run: whose it is, and whether a configuration may go on in it.

    RUN/config.toml    every setting, written first
    RUN/latest/        to resume from: checkpoint, optimizer's memory, counters
    RUN/best/          the checkpoint with the best validation BLEU
    RUN/metrics.csv    training and validation figures by step
    RUN/events/        the same for TensorBoard

In: a folder and a configuration. Out: the configuration on disk, or an error that says what
differs. Knows nothing of what is trained.
"""

from __future__ import annotations

from pathlib import Path

from i2l_batch.durable import whole_file
from i2l_batch.errors import UsageError
from i2l_batch.train.config import TrainConfig
from i2l_batch.train.config_file import differences, read_config, to_toml

CONFIG, LATEST, BEST, METRICS, EVENTS = "config.toml", "latest", "best", "metrics.csv", "events"

FREE = {
    "data.loader_workers",
    "micro_pixels",
    "checkpoint_steps",
    "log_steps",
    "max_minutes",
}
"""Settings that do not decide what is learned: they may change from start to start."""

LENGTH = {"epochs", "max_steps"}
"""They too, where the step size does not depend on the end."""


def run_config(run: Path) -> TrainConfig | None:
    """The configuration that a run was last started with; null for a new folder."""
    path = run / CONFIG
    return read_config(path) if path.exists() else None


def check(run: Path, config: TrainConfig) -> None:
    """Raise UsageError if the folder holds a run with other settings, or something else."""
    before = run_config(run)
    if before is None:
        _refuse_foreign(run)
        return
    free = FREE | (LENGTH if config.optimizer.schedule == "constant" else set())
    changed = differences(before, config)
    bound = [f"{key} {a} -> {b}" for key, (a, b) in changed.items() if key not in free]
    if bound:
        raise UsageError(
            f"{run} was started with other settings ({'; '.join(bound)}): "
            "resume with the same ones, or give another run folder"
        )


def claim(run: Path, config: TrainConfig) -> None:
    """Note the configuration in the run's folder, which is made if need be. Raises as `check`."""
    check(run, config)
    if run_config(run) != config:
        run.mkdir(parents=True, exist_ok=True)
        with whole_file(run / CONFIG) as file:
            file.write(to_toml(config).encode())


def _refuse_foreign(run: Path) -> None:
    """Raise UsageError if the folder holds anything but notes of failed starts."""
    if run.exists() and not run.is_dir():
        raise UsageError(f"{run} is a file: choose a folder for the run")
    for entry in sorted(run.iterdir()) if run.exists() else ():
        if not entry.name.startswith(".") and entry.suffix != ".log":
            raise UsageError(
                f"{run} is not empty and holds no training run ({entry.name} is in it): "
                "choose a new or an empty folder"
            )
