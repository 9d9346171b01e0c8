"""Crops of a run that look the same: one of them is read, and all have its answer.

In: tickets as crops are extracted, and answers. Out: which tickets are to be read, and those that
share an answer. Bounded: of answers only the last are remembered.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from i2l_batch.batches import Key
from i2l_batch.records import Transcript
from i2l_batch.tickets import Ticket

REMEMBERED, FEW_REMEMBERED = 20_000, 2_000
"""Answers that are kept for the same formula on another page or in another paper: about 2 kB each,
and with the places of symbols 20 kB."""


class Duplicates:
    """The pictures that a run has met."""

    def __init__(
        self,
        remembered: int = REMEMBERED,
        earlier: Callable[[Key], Transcript | None] = lambda _: None,
    ) -> None:
        """remembered: how many answers. earlier: what was read before this run, told once."""
        self._remembered, self._earlier = remembered, earlier
        self._answers: OrderedDict[Key, Transcript] = OrderedDict()
        self._waiting: dict[Key, list[Ticket]] = {}
        """Of each picture that is being read: the tickets that wait for it."""
        self.num_waiting = 0
        """Tickets that wait for the answer of another one."""

    def must_be_read(self, ticket: Ticket) -> bool:
        """Whether nothing like it is known or under way; else the ticket has its answer now, or
        with the one that is under way."""
        answer = self._answers.get(ticket.key) or self._earlier(ticket.key)
        if answer:
            self._remember(ticket.key, answer)
            ticket.answer(answer)
        elif ticket.key in self._waiting:
            self._waiting[ticket.key].append(ticket)
            self.num_waiting += 1
        else:
            self._waiting[ticket.key] = []
            return True
        return False

    def answer(self, ticket: Ticket, transcript: Transcript) -> list[Ticket]:
        """Note what was read, for the ticket and those that wait for it: all of these."""
        others = self._waiting.pop(ticket.key, [])
        self.num_waiting -= len(others)
        tickets = [ticket, *others]
        for one in tickets:
            one.answer(transcript)
        self._remember(ticket.key, transcript)
        return tickets

    def give_up(self, ticket: Ticket) -> Ticket | None:
        """Forget a ticket that was not read, as its crop is lost or kills what reads it. Which of
        them is not known: one of those that wait for it, if any, is to be read in its place."""
        waiting = self._waiting[ticket.key]
        if waiting:
            self.num_waiting -= 1
            return waiting.pop(0)
        del self._waiting[ticket.key]
        return None

    def _remember(self, key: Key, answer: Transcript) -> None:
        """Answers that were asked for last are kept."""
        self._answers[key] = answer
        self._answers.move_to_end(key)
        while len(self._answers) > self._remembered:
            self._answers.popitem(last=False)
