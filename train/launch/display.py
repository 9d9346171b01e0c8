"""What a person sees while a model is trained: a live line on a terminal, plain lines elsewhere.

In: a `Status` after each step, lines of text. Out: text on stderr. Knows nothing of processes.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from i2l_batch.progress import Screen, span
from i2l_batch.train.monitor import Status

_ENOUGH_SECONDS, _ENOUGH_STEPS = 5.0, 5
"""What must have been seen of this start before the rest of the run is estimated from it."""


class Point(NamedTuple):
    """How far the run was, and when by the clock."""

    seconds: float
    step: int


class Display(Screen):
    """A context manager; verbosity -1 tells failures only."""

    _start: Point | None = None
    _stopping = False

    def begin(self) -> None:
        """Workers are being started, for the first time or again."""
        self._began = time.monotonic()
        self._start = None

    def waiting(self) -> None:
        """Nothing is reported yet: the workers start."""
        self._show(self._starting())

    def report(self, status: Status) -> None:
        """Show where the run is."""
        now = Point(time.monotonic(), status.step)
        self._start = self._start or now
        self._show(describe(status, self._start, now))

    def say(self, text: str) -> None:
        """One line above the live one, unless only failures are wanted."""
        if self._verbosity >= 0:
            self._print(text)

    def stopping(self) -> None:
        """The run is asked to stop; said once, however often it is called."""
        if not self._stopping:
            self._stopping = True
            self.say("stopping after this step with a checkpoint; Ctrl-C again stops at once")


def describe(status: Status, start: Point, now: Point) -> str:
    """Where a run is that was at `start` when this start of it began, and is at `now`."""
    parts = [
        f"step {status.step:,}/{status.total_steps:,}",
        f"epoch {status.epoch:.2f}",
        f"loss {status.loss:.4f}",
        f"{status.images_per_second:.1f} images/s",
    ]
    if status.bleu is not None:
        parts.append(f"BLEU {status.bleu:.4f}")
    seconds, steps = now.seconds - start.seconds, now.step - start.step
    left = status.total_steps - status.step
    if seconds >= _ENOUGH_SECONDS and steps >= _ENOUGH_STEPS and left > 0:
        parts.append(f"about {span(seconds / steps * left)} left")
    return ", ".join(parts)
