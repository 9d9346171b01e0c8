"""What a run leaves to read: a row of figures now and then, as a CSV table and for TensorBoard.

In: figures by step. Out: `metrics.csv` and `events/`. A step has one row of each kind, however
often the run was killed: on going on, what is later than the resumed step is dropped.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from tensorboardX import SummaryWriter

from i2l_batch.durable import whole_file

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
    """The metrics of a run; only process 0 has one."""

    def __init__(self, table: Path, events: Path, step: int, validated: int) -> None:
        """The run goes on from `step`; its latest validation was that of step `validated`."""
        _rewrite(table, step, validated)
        self._file = table.open("a", newline="", encoding="utf-8")
        # Later events are hidden by TensorBoard from then on.
        self._events = SummaryWriter(str(events), purge_step=step + 1, flush_secs=30)

    def write(self, kind: str, step: int, figures: dict[str, float]) -> None:
        """Add a row. `kind` (training, validation) groups the curves of TensorBoard."""
        row = [step, *(_shown(figures.get(name)) for name in COLUMNS[1:])]
        csv.writer(self._file, lineterminator="\n").writerow(row)
        self._file.flush()
        for name, value in figures.items():
            self._events.add_scalar(f"{kind}/{name}", value, step)

    def close(self) -> None:
        """Write what is left."""
        self._file.close()
        self._events.close()


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
