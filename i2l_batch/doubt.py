"""When to give up a run: formula after formula cannot be read.

In: which pictures could not be read, and that one was. Out: an error once it must be the model or
the device, not the formulas. Knows nothing of why.
"""

from __future__ import annotations

from collections.abc import Iterable

from i2l_batch.batches import Key
from i2l_batch.errors import I2LError

MAX_UNREAD = 20
"""Formulas in a row that crash the model, or do not fit into memory, before the run ends."""


class Doubt:
    """Pictures that could not be read, since one was last read."""

    def __init__(self) -> None:
        self._unread: set[Key] = set()

    def ends(self) -> None:
        """Something was read."""
        self._unread.clear()

    def grows(self, pictures: Iterable[Key], message: str) -> None:
        """None of some pictures could be read. Raises I2LError with the message when these are too
        many; one that is tried again counts once."""
        self._unread.update(pictures)
        if len(self._unread) >= MAX_UNREAD:
            raise I2LError(message)
