"""The account of a data set: how many formulas are left after every step, and why the others are
not. Nothing leaves a funnel without a reason, so that its counts add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping


class Funnel:
    """Counts of the steps of a data set, in order."""

    def __init__(self, read: int) -> None:
        self.counts: dict[str, int] = {"read": read}
        """Step to the formulas that are left after it; `pieces` counts those that came in."""
        self.rejected: Counter[str] = Counter()
        """Reason to the formulas that left the funnel for it."""
        self._left = read

    def step(self, name: str, reasons: Mapping[str, int]) -> None:
        """Some formulas leave."""
        self.rejected.update(reasons)
        self._left -= sum(reasons.values())
        self.counts[name] = self._left

    def add(self, name: str, count: int) -> None:
        """Some formulas come in."""
        self.counts[name] = count
        self._left += count
