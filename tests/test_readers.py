"""Readers are replaced on their machine, and not elsewhere when that is gone."""

from __future__ import annotations

from typing import Any

import pytest

from i2l_batch.errors import I2LError
from i2l_batch.readers import Readers
from tests.fake_readers import HashReader


@pytest.mark.usefixtures("cluster")
def test_a_reader_is_replaced_while_its_machine_lives() -> None:
    import ray

    alive, made = {"left", "right"}, []

    def make(home: str) -> Any | None:
        if home not in alive:
            return None
        actor: Any = ray.remote(num_cpus=0)(HashReader)
        made.append((home, actor.remote(None, "cpu", 1, 1, 1, False, 1)))
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
