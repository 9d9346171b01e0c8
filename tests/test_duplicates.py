"""Of crops that look the same one is read, and each has the answer once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from i2l_batch.batches import key_of
from i2l_batch.duplicates import Duplicates
from i2l_batch.images import prepare
from i2l_batch.records import unread
from tests.test_tickets import tickets


@given(
    st.lists(st.integers(1, 5), max_size=30), st.randoms(use_true_random=False), st.integers(0, 9)
)
def test_every_ticket_has_the_answer_of_its_picture(
    widths: list[int], chance: object, remembered: int
) -> None:
    """Whatever is answered before the next crop comes, and however little is remembered."""
    duplicates, reading, read = Duplicates(remembered), [], []
    some = tickets(widths)
    answered = set()

    def answer() -> None:
        ticket = reading.pop(chance.randrange(len(reading)))  # pyright: ignore
        read.append(ticket.key)
        for one in duplicates.answer(
            ticket, replace(unread("crashed"), latex=str(ticket.key.width))
        ):
            answered.add(one.crop)

    for ticket in some:
        if duplicates.must_be_read(ticket):
            assert all(one.key != ticket.key for one in reading)  # it is not under way
            reading.append(ticket)
        elif (0, ticket.crop) in ticket.document.transcripts:
            answered.add(ticket.crop)
        while reading and chance.random() < 0.3:  # pyright: ignore
            answer()
    while reading:
        answer()
    assert answered == set(range(len(widths)))
    for ticket in some:
        assert ticket.document.transcripts[0, ticket.crop].latex == str(ticket.key.width)
    if remembered >= 5:
        assert len(read) == len(set(widths))


def test_what_cannot_be_read_is_tried_with_the_next_that_looks_the_same() -> None:
    """A crop may be lost with the machine it was on; those like it are intact."""
    duplicates = Duplicates()
    first, second, third = tickets([7, 7, 7])
    assert [duplicates.must_be_read(t) for t in (first, second, third)] == [True, False, False]
    assert duplicates.num_waiting == 2
    assert duplicates.give_up(first) is second
    assert not third.is_answered
    assert duplicates.answer(second, replace(unread("crashed"), latex="x")) == [second, third]
    assert duplicates.num_waiting == 0
    [late] = tickets([8])
    assert duplicates.must_be_read(late)
    assert duplicates.give_up(late) is None
    assert duplicates.must_be_read(late)  # nothing is remembered of it


def test_a_negative_does_not_count_as_the_same() -> None:
    """Its answer has another flag."""
    grey = np.full((40, 90), 255, np.uint8)
    grey[10:30, 20:70] = 0
    plain, negative = prepare(grey, 14.0), prepare(255 - grey, 14.0)
    assert np.array_equal(plain.ink, negative.ink)
    assert key_of(plain, located=False) != key_of(negative, located=False)
