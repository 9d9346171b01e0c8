"""How far an evaluation is: a live line on a terminal, plain lines elsewhere, on stderr.

In: how many formulas were read. Out: text.
"""

from __future__ import annotations

import time
from typing import Any

from i2l_batch.progress import Screen, span


class EvaluationProgress(Screen):
    """A context manager that shows how many of `total` formulas are done."""

    def __init__(self, total: int, **options: Any) -> None:
        """Options: those of `Screen`."""
        super().__init__(**options)
        self._total, self._done, self._start = total, 0, time.monotonic()

    def advance(self, formulas: int) -> None:
        """So many more are done."""
        self._done += formulas
        rate = self._done / max(time.monotonic() - self._start, 1e-9)
        line = f"{self._done:,} of {self._total:,} formulas, {rate:.1f} formulas/s"
        if left := self._total - self._done:
            line += f", about {span(left / rate)} left"
        self.say(line)

    def say(self, line: str) -> None:
        """What goes on."""
        self._show(line)
