"""What a run leaves to read: a row of figures now and then, as a CSV table and for TensorBoard.

In: figures by step. Out: `metrics.csv` and `events/`. A step has one row of each kind, however
often the run was killed: on going on, what is later than the resumed step is dropped.
"""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import (
    Event,  # pyright: ignore[reportAttributeAccessIssue]
    SessionLog,  # pyright: ignore[reportAttributeAccessIssue]
)
from tensorboardX.summary import scalar

from i2l_batch.durable import reason, whole_file
from i2l_batch.errors import StoreError

COLUMNS = (
    "step",
    "epoch",
    "images",
    "seconds",
    "learning_rate",
    "loss",
    "attention_loss",
    "ase",
    "grad_norm",
    "images_per_second",
    "bleu",
    "edit_distance",
    "exact_match",
)
"""Of the table. Training rows leave the last three empty, validation rows those from
`learning_rate` to `images_per_second`."""


class Logbook:
    """The metrics of a run; only process 0 has one. What cannot be written is a StoreError."""

    def __init__(self, table: Path, events: Path, step: int, validated: int) -> None:
        """The run goes on from `step`; its latest validation was that of step `validated`."""
        self._folder = table.parent
        with self._writing():
            _rewrite(table, step, validated)
            self._file = table.open("a", newline="", encoding="utf-8")
            events.mkdir(exist_ok=True)
            # Not the library's usual writer: its thread dies of a full disk, then all wait for it.
            self._events = EventsWriter(str(events / "events"), f".{os.getpid()}")
        # TensorBoard hides what came from there on before.
        self._add(Event(step=step + 1, session_log=SessionLog(status=SessionLog.START)))

    def write(self, kind: str, step: int, figures: dict[str, float]) -> None:
        """Add a row. `kind` (training, validation) groups the curves of TensorBoard."""
        row = [step, *(_shown(figures.get(name)) for name in COLUMNS[1:])]
        with self._writing():
            csv.writer(self._file, lineterminator="\n").writerow(row)
            self._file.flush()
        for name, value in figures.items():
            self._add(Event(step=step, summary=scalar(f"{kind}/{name}", value)))

    def close(self) -> None:
        """Write what is left."""
        with self._writing(), self._file:
            self._events.close()

    def _add(self, event: Event) -> None:
        event.wall_time = time.time()
        with self._writing():
            self._events.write_event(event)
            self._events.flush()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"cannot write the metrics in {self._folder}: {reason(error)}; "
                "the same command goes on when there is room"
            ) from error


def read_metrics(table: Path) -> list[dict[str, float]]:
    """The rows of a table, each with the figures it has; a row that was cut off is left out."""
    try:
        lines = table.read_text("utf-8").splitlines(keepends=True)
    except FileNotFoundError:
        return []
    whole = [line for line in lines if line.endswith("\n")]
    return [
        {name: float(value) for name, value in row.items() if value}
        for row in csv.DictReader(whole)
    ]


def _rewrite(table: Path, step: int, validated: int) -> None:
    """Leave the training rows up to `step` and the validation rows up to `validated`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in read_metrics(table):
        if row["step"] <= (validated if "bleu" in row else step):
            writer.writerow([_shown(row.get(name)) for name in COLUMNS])
    with whole_file(table) as file:
        file.write(text.getvalue().encode())


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if float(value).is_integer() else f"{value:.6g}"
