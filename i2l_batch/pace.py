"""How many crops a reader is given at a time, where it may not live long.

In: seconds that calls took. Out: a number of crops. What is read counts when its call returns: on a
slow machine a full call takes longer than a driver may live that is killed again and again. Small
calls read less in the same time, so they are for runs that follow a death.
"""

from __future__ import annotations

CALL_SECONDS = 4.0
"""That a call may take then."""

FIRST = 4
"""Crops of the first one."""


class Pace:
    """The size of calls."""

    def __init__(self, most: int, *, careful: bool) -> None:
        """most: crops of a call. careful: begin with few, and keep within the time above."""
        self._most, self._careful = most, careful
        self.size = min(FIRST, most) if careful else most
        """Most crops of the next call."""

    def note(self, seconds: float) -> None:
        """A call has taken so long."""
        if self._careful and seconds > CALL_SECONDS:
            self.size = max(1, self.size // 2)
        elif seconds < CALL_SECONDS / 2:
            self.size = min(2 * self.size, self._most)
