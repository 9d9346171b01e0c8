"""The folder of a training run: whose it is, and whether a configuration may go on in it.

    RUN/config.toml    every setting, written when the first step can be done
    RUN/latest/        to resume from: checkpoint, optimizer's memory, counters
    RUN/best/          the checkpoint with the best validation BLEU
    RUN/metrics.csv    training and validation figures by step
    RUN/events/        the same for TensorBoard

In: a folder and a configuration. Out: the configuration on disk, or an error that says what
differs. Knows nothing of what is trained.
"""

from __future__ import annotations

from pathlib import Path

from i2l_batch.durable import reason, whole_file
from i2l_batch.errors import StoreError, UsageError
from i2l_batch.train.config import TrainConfig
from i2l_batch.train.config_file import differences, read_config, to_toml
from i2l_batch.train.logbook import read_metrics
from i2l_batch.train.state import is_there

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


_SHOWN = 4
"""Settings that differ and are told."""


def run_config(run: Path) -> TrainConfig | None:
    """The configuration that a run was last started with; null for a new folder."""
    path = run / CONFIG
    return read_config(path) if path.exists() else None


def check(run: Path, config: TrainConfig) -> None:
    """Raise UsageError if the folder holds a run with other settings, or something else.

    Settings bind only once there is a checkpoint to go on from.
    """
    before = run_config(run)
    if before is None:
        _refuse_foreign(run)
        return
    if not is_there(run / LATEST):
        _refuse_lost(run, before)
        return
    free = FREE | (LENGTH if config.optimizer.schedule == "constant" else set())
    changed = differences(before, config)
    bound = [f"{key} {a} -> {b}" for key, (a, b) in changed.items() if key not in free]
    if bound:
        more = f"; and {len(bound) - _SHOWN} more" if len(bound) > _SHOWN else ""
        raise UsageError(
            f"{run} was started with other settings ({'; '.join(bound[:_SHOWN])}{more}): "
            "resume with the same ones, or give another run folder"
        )


def make(run: Path) -> None:
    """Make the folder if need be. Raises StoreError."""
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make the run folder {run}: {reason(error)}") from error


def note(run: Path, config: TrainConfig) -> None:
    """Write the configuration into the run's folder, which is made if need be."""
    if run_config(run) != config:
        make(run)
        with whole_file(run / CONFIG) as file:
            file.write(to_toml(config).encode())


def way_out(run: Path) -> str:
    """What to do with a run that cannot go on."""
    if (run / BEST).exists():
        return f"start a new run in another folder with --from {run / BEST}"
    return f"remove {run / LATEST} and {run / METRICS} to start over, or give another run folder"


def _refuse_lost(run: Path, before: TrainConfig) -> None:
    """Raise UsageError if there has been a checkpoint: a new start would replace what is left."""
    rows = read_metrics(run / METRICS)
    saved = any("bleu" in row or row["step"] > before.checkpoint_steps for row in rows)
    if saved or (run / BEST).exists():
        raise UsageError(f"{run / LATEST} is gone, the run cannot go on: {way_out(run)}")


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
