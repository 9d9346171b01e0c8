"""Readers are replaced on their machine, and not elsewhere when that is gone; what is suspected of
killing them has one to itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from i2l_batch.errors import I2LError
from i2l_batch.images import prepare
from i2l_batch.readers import Death, Readers
from i2l_batch.stages import Piece
from i2l_batch.tickets import Batch
from tests.fake_readers import HashReader
from tests.test_tickets import CROP, tickets


def new_reader() -> Any:
    """An actor that reads pictures as their hash."""
    import ray

    actor: Any = ray.remote(num_cpus=0)(HashReader)
    return actor.remote(None, "cpu", 1, 1, 1, False, 1)


def batch(deaths: int) -> Batch:
    """Of one crop."""
    (ticket,) = tickets([1])
    ticket.document.chunks[0] = [Piece(CROP, prepare(np.zeros((9, 9), np.uint8), None))]
    return Batch([replace(ticket, deaths=deaths)])


@pytest.mark.usefixtures("cluster")
def test_a_reader_is_replaced_while_its_machine_lives() -> None:
    import ray

    alive, made = {"left", "right"}, []

    def make(home: str) -> Any | None:
        if home not in alive:
            return None
        made.append((home, new_reader()))
        return made[-1][1]

    def die(reader: int) -> None:
        """Before it has loaded anything."""
        pending = readers.pending()
        ray.kill(made[reader][1])
        ((reference,), _) = ray.wait(pending, timeout=60)
        assert readers.take(reference) is None

    readers = Readers(make, ["left", "right"])
    die(0)
    assert [home for home, _ in made] == ["left", "right", "left"]
    alive.remove("right")
    die(1)
    assert len(readers.pending()) == 1
    alive.remove("left")
    with pytest.raises(I2LError, match="all machines that ran the model are gone"):
        die(2)
    assert len(made) == 3


@pytest.mark.usefixtures("cluster")
def test_a_suspect_has_a_reader_to_itself() -> None:
    """The answer to what a reader read before may be lost when it dies: whatever is beside a
    suspect would be blamed for it."""
    import ray

    def wait() -> None:
        ((reference,), _) = ray.wait(readers.pending(), timeout=60)
        assert not isinstance(readers.take(reference), Death)

    fresh, suspect = batch(deaths=0), batch(deaths=1)
    readers = Readers(lambda _: new_reader(), ["", ""])
    assert not readers.free(behind=True)  # they load
    wait()
    wait()
    readers.give(fresh)
    assert readers.free(behind=False)
    readers.give(suspect)
    assert not readers.free(behind=False)
    assert readers.free(behind=True)
    readers.give(fresh)  # behind the other one, not behind the suspect
    assert not readers.free(behind=True)
    wait()
    wait()
    wait()
    assert readers.free(behind=False)
    assert not readers.is_busy
    readers.close()
