"""How many crops a reader is given at a time, where it may not live long.

In: seconds that calls took. Out: a number of crops. What is read counts when its call returns: on a
slow machine a full call takes longer than a driver may live that is killed again and again. Small
calls read less in the same time, so they are for runs that follow a death.
"""

from __future__ import annotations

CALL_SECONDS = 4.0
"""That a call may take then."""

FIRST = 2
"""Crops of the first one."""


class Pace:
    """The size of calls."""

    def __init__(self, most: int, *, careful: bool) -> None:
        """most: crops of a call. careful: begin with few, and keep within the time above."""
        self._most, self._careful = most, careful
        self.size = min(FIRST, most) if careful else most
        """Most crops of the next call."""

    def note(self, crops: int, seconds: float) -> None:
        """A call over so many crops has taken so long."""
        # By what it was, not by what calls are now: many readers may tell the same at once.
        if self._careful and seconds > CALL_SECONDS:
            self.size = min(self.size, max(1, crops // 2))
        elif seconds < CALL_SECONDS / 2:
            self.size = max(self.size, min(2 * crops, self._most))
