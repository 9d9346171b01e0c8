"""When a run committed how much: what its record keeps to tell the throughput over time.

In: each commit as it happens. Out: a list of bounded length, however long the run. Knows nothing of
files.
"""

from __future__ import annotations

import time

MOST = 256
"""Entries that are kept; a commit a minute fills that in four hours."""


class CommitLog:
    """The commits of a run that starts with the construction of the log."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self.entries: list[list[float | int]] = []
        """[seconds since the start, documents, formulas] of each commit, oldest first."""

    def note(self, documents: int, formulas: int) -> None:
        """A part with these rows was committed just now."""
        seconds = round(time.monotonic() - self._start, 2)
        self.entries.append([seconds, documents, formulas])
        if len(self.entries) > MOST:
            self.entries = halved(self.entries)


def halved(entries: list[list[float | int]]) -> list[list[float | int]]:
    """Each two neighbours as one, at the time of the later; the sums stay what they were."""
    merged = [
        [later[0], earlier[1] + later[1], earlier[2] + later[2]]
        for earlier, later in zip(entries[::2], entries[1::2], strict=False)
    ]
    return merged + entries[len(merged) * 2 :]
