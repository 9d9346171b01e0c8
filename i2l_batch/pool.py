"""Crops that wait to be read, of all documents on their way.

In: tickets. Out: batches of crops of like area, the longest waiting crop or the largest ones first.
Knows nothing of Ray.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from i2l_batch.tickets import Batch, Ticket

MAX_DEATHS = 3
"""Readers that may die over a crop: in its first batch, and twice over it alone, because a process
can also be killed by something else."""


class _Place(NamedTuple):
    """Of a crop in the pool. Sorts by area, and no two are equal."""

    area: int
    serial: int
    ticket: Ticket


class Pool:
    """Crops that wait to be read. Its steps cost little however many they are: on a cluster with
    hundreds of readers there are 100,000 of them."""

    def __init__(self) -> None:
        self._queue: deque[_Place] = deque()
        """In the order in which they are to be read; some were taken meanwhile."""
        self._by_area: list[_Place] = []
        """Those that may be read with others, sorted."""
        self._waiting: set[int] = set()
        """Serial numbers of those that were not taken."""
        self._serial = itertools.count()
        self.area = 0
        """Of all that wait, in pixels: about what it costs to read them."""

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def next_is_suspect(self) -> bool:
        """Whether a reader has died over the crop that is to be read next. There is one."""
        return self._oldest().ticket.deaths > 0

    def add(self, tickets: Iterable[Ticket]) -> None:
        """Crops of a chunk."""
        self._queue.extend(map(self._place, tickets))

    def put_back(self, batch: Batch) -> None:
        """The crops of a batch that was not read."""
        self._put_first(batch.tickets)

    def put_back_alone(self, batch: Batch) -> list[Ticket]:
        """The crops of a batch that killed its reader, each to be read by itself.

        Returns those that have killed `MAX_DEATHS` readers; they are not put back.
        """
        tickets = [replace(ticket, deaths=ticket.deaths + 1) for ticket in batch.tickets]
        self._put_first([ticket for ticket in tickets if ticket.deaths < MAX_DEATHS])
        return [ticket for ticket in tickets if ticket.deaths >= MAX_DEATHS]

    def take(self, size: int) -> Batch:
        """The longest waiting crop and up to `size - 1` of the waiting ones nearest in area."""
        oldest = self._oldest()
        if oldest.ticket.deaths:
            chosen = [oldest]
        else:
            chosen = self._cut(*self._nearest(bisect_left(self._by_area, oldest), size))
        return self._batch(chosen)

    def take_largest(self, size: int, area: int) -> Batch:
        """The largest crops: `size` of them, or as many as have that area together, but one at
        least. A suspect that is next goes first."""
        if self.next_is_suspect:
            return self.take(1)
        end = first = len(self._by_area)
        while first and end - first < size:
            area -= self._by_area[first - 1].area
            if area < 0 and first < end:
                break
            first -= 1
        return self._batch(self._cut(first, end))

    def _oldest(self) -> _Place:
        """The longest waiting crop."""
        while self._queue[0].serial not in self._waiting:
            self._queue.popleft()
        return self._queue[0]

    def _place(self, ticket: Ticket) -> _Place:
        place = _Place(ticket.key.area, next(self._serial), ticket)
        self._waiting.add(place.serial)
        self.area += place.area
        if not ticket.deaths:
            insort(self._by_area, place)
        return place

    def _put_first(self, tickets: Sequence[Ticket]) -> None:
        self._queue.extendleft(reversed([self._place(ticket) for ticket in tickets]))

    def _cut(self, first: int, end: int) -> list[_Place]:
        """Take these out of those sorted by area."""
        places = self._by_area[first:end]
        del self._by_area[first:end]
        return places

    def _batch(self, places: Sequence[_Place]) -> Batch:
        """Of crops that wait no longer."""
        self._waiting.difference_update(place.serial for place in places)
        self.area -= sum(place.area for place in places)
        return Batch([place.ticket for place in places])

    def _nearest(self, middle: int, size: int) -> tuple[int, int]:
        """First and end of the `size` places, or as many as there are, nearest to the middle one's
        area."""
        places, area = self._by_area, self._by_area[middle].area
        first, end = middle, middle + 1
        while end - first < min(size, len(places)):
            left = area - places[first - 1].area if first else math.inf
            right = places[end].area - area if end < len(places) else math.inf
            if left <= right:
                first -= 1
            else:
                end += 1
        return first, end
