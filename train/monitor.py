"""What the training loop tells while it works, and whether it is asked to stop.

In: one `Status` after each step, lines for people. Out: an answer to "shall I stop?". Where all
this goes, to a screen or to another process, is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """Where a run is after a step."""

    step: int
    """Optimiser steps so far, over all starts of the run."""
    total_steps: int
    """Steps of the whole run."""
    epoch: float
    """Passes over the training samples so far."""
    loss: float
    """Training loss of late, in nats per token."""
    images_per_second: float
    """Of all processes together, of late."""
    bleu: float | None
    """Corpus BLEU of the latest validation, 0-1; null before the first one."""
    seconds: float
    """Training time so far, over all starts of the run."""


class Monitor(Protocol):
    """Process 0 of a team has one. All methods return at once."""

    def report(self, status: Status) -> None:
        """Take note of a step; called after every one."""
        ...

    def say(self, text: str) -> None:
        """Tell people one line: where the run goes on, what a validation gave."""
        ...

    def stop_requested(self) -> bool:
        """Whether the run shall write a checkpoint after this step and end."""
        ...


class Silent:
    """The monitor of all processes but the first: nobody listens, nobody asks."""

    def report(self, status: Status) -> None:
        """Do nothing."""

    def say(self, text: str) -> None:
        """Do nothing."""

    def stop_requested(self) -> bool:
        """Leave the question to process 0."""
        return False
