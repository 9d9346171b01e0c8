"""What was read of papers that are not committed yet, kept so that no later run reads it again.

In: answers as they come, and the papers that end. Out: the answers of an earlier run that died, by
their pictures. What is written is always all of it, so it is one file, and as large as what is
open: a paper's answers leave it when the paper is committed. Knows nothing of Ray.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from i2l_batch.answer_lines import answer_in, line_of
from i2l_batch.batches import Key
from i2l_batch.records import Transcript
from i2l_batch.source_names import stored_name
from i2l_batch.store import Store
from i2l_batch.tickets import Ticket

PAUSE = 2.0
"""Seconds between two writings at least: so much reading a death may cost."""

SHARE = 0.01
"""Of the driver's time that writing may take: after a slow one there is a longer pause."""


class Unfinished:
    """The answers of one run that are not safe in committed rows, and those of the run before."""

    def __init__(self, store: Store, pause: float = PAUSE) -> None:
        """Read what an earlier run has left. Raises StoreError."""
        self._store, self._kept = store, store.kept
        self._earlier = _answers_in(self._kept.read())
        """Those that no paper has asked for yet."""
        self._is_there = bool(self._earlier)
        """Whether there is a file of this run or for it."""
        self.taken_over = 0
        """Answers of the run before that were asked for."""
        self._answers: dict[str, dict[Key, Transcript]] = {}
        """By source."""
        self._ended: set[str] = set()
        """Sources of which nothing more will come."""
        self._is_new = False
        """Whether there is an answer that was not written."""
        self._pause = pause
        self._next = time.monotonic() + pause

    def find(self, key: Key) -> Transcript | None:
        """What an earlier run has read in a picture. It is told once: from then on it has to be
        noted for the papers that have the picture."""
        answer = self._earlier.pop(key, None)
        self.taken_over += answer is not None
        return answer

    def note(self, tickets: Iterable[Ticket]) -> None:
        """Answers to crops are there. Those that could not be read are to be tried again."""
        for ticket in tickets:
            answer = ticket.transcript
            if answer.is_read:
                self._answers.setdefault(ticket.document.source.name, {})[ticket.key] = answer
                self._is_new = True

    def end(self, source: str) -> None:
        """A paper is in the store, or will never be: once it is not buffered there it is done."""
        self._ended.add(source)

    def save_if_due(self) -> None:
        """Write what is not safe, now and then. Raises StoreError, as the store does."""
        self._drop_committed()
        if time.monotonic() >= self._next:
            self.save()

    def save(self) -> None:
        """Write what is not safe, if there is more of it; leave no file if nothing is. Raises
        StoreError."""
        self._drop_committed()
        began = time.monotonic()
        if self._answers and self._is_new:
            self._kept.write(self._lines())
            self._is_there = True
        elif self._is_there and not self._answers and not self._earlier:
            self._kept.remove()
            self._is_there = False
        self._is_new = False
        now = time.monotonic()
        self._next = now + max(self._pause, (now - began) / SHARE)

    def _drop_committed(self) -> None:
        buffered = self._store.buffered
        for source in [s for s in self._ended if stored_name(s) not in buffered]:
            self._ended.remove(source)
            self._answers.pop(source, None)

    def _lines(self) -> Iterator[str]:
        for answers in (self._earlier, *self._answers.values()):
            for key, answer in answers.items():
                yield line_of(key, answer)


def _answers_in(lines: list[str]) -> dict[Key, Transcript]:
    try:
        return dict(map(answer_in, lines))
    except (KeyError, TypeError, ValueError):  # by another state of this code, under development
        return {}
