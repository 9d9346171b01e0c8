"""How many crops a reader is given at a time.

In: how many wait; seconds that calls took. Out: a number of crops. A reader sorts a call's crops by
size, and looks for better answers where it was unsure in all of them together: so many are good.
But what is read counts when its call returns, and on a slow machine a full call takes longer than a
driver may live that is killed again and again: so few are good in a run that follows a death.
"""

from __future__ import annotations

from i2l_batch.batches import Limits

CALL_BATCHES = 2
"""Batches that a call has."""

LEAST_CALL = 8
"""Crops that it has at least, if there are so many."""

CALL_SECONDS = 4.0
"""That a call may take after a death."""

FIRST = 2
"""Crops of the first one then."""


class Pace:
    """The size of calls."""

    def __init__(self, batch: Limits, readers: int, *, careful: bool) -> None:
        """careful: begin with few, and keep within the time above."""
        self.most = CALL_BATCHES * batch.pictures
        """Crops of a full call."""
        self._batch, self._readers, self._careful = batch, readers, careful
        self._limit = min(FIRST, self.most) if careful else self.most

    def call(self, waiting: int) -> int:
        """Crops of the next call, of which so many wait."""
        return min(self._limit, max(self._share(waiting), LEAST_CALL))

    def area(self, waiting: int) -> int:
        """Pixels of the next call, of which so many wait: a batch's at least. In calls of half as
        many, those to the largest of 15 papers took 3 % longer as a whole, although the readers
        ended closer together."""
        return max(self._share(waiting), self._batch.pixels)

    def _share(self, waiting: int) -> int:
        """Half of an equal share, so that all readers end at about the same time."""
        return -(-waiting // (2 * self._readers))

    def note(self, crops: int, seconds: float) -> None:
        """A call over so many crops has taken so long."""
        # By what it was, not by what calls are now: many readers may tell the same at once.
        if self._careful and seconds > CALL_SECONDS:
            self._limit = min(self._limit, max(1, crops // 2))
        elif seconds < CALL_SECONDS / 2:
            self._limit = max(self._limit, min(2 * crops, self.most))
