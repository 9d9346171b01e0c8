"""Of crops that look the same one is read, and each has the answer once."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from i2l_batch.duplicates import Duplicates
from i2l_batch.tickets import unreadable
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
        for one in duplicates.answer(ticket, replace(unreadable(), latex=str(ticket.key.width))):
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
