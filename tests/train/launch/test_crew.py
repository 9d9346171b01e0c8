"""Workers fit into the cluster at the same time, and GPUs that are asked for are there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from i2l_batch.cluster import Machine
from i2l_batch.errors import UsageError
from i2l_batch.train.launch.crew import Crew, share_out


def places(machines: list[Machine], crew: Crew) -> int:
    """How many such workers the machines take at once."""
    by_cpu = [int(machine.cpus / crew.cpus + 1e-6) for machine in machines]
    if not crew.gpus:
        return sum(by_cpu)
    return sum(min(cpus, m.gpus) for cpus, m in zip(by_cpu, machines, strict=True))


@given(
    st.lists(st.builds(Machine, st.integers(1, 64), st.integers(0, 8)), min_size=1, max_size=5),
    st.integers(1, 40),
)
def test_all_workers_find_a_place(machines: list[Machine], workers: int) -> None:
    for device in ("auto", "cpu"):
        crew = share_out(machines, workers, False, device)
        assert crew.workers == workers
        assert crew.threads >= 1
        assert crew.cpus >= 0.001
        assert places(machines, crew) >= workers
        if not crew.gpus and workers <= sum(machine.cpus for machine in machines):
            assert crew.threads == crew.cpus


@pytest.mark.parametrize(
    ("machines", "workers", "cpus", "threads"),
    [
        ([Machine(2)], 1, 2, 2),
        ([Machine(2)], 2, 1, 1),
        ([Machine(2)], 3, 0.3333, 1),
        ([Machine(16)], 3, 5, 5),
        ([Machine(4), Machine(4)], 3, 2, 2),
        ([Machine(1), Machine(7)], 2, 3, 3),
    ],
)
def test_cores_are_shared_out(
    machines: list[Machine], workers: int, cpus: float, threads: int
) -> None:
    crew = Crew(workers=workers, gpus=False, cpus=cpus, threads=threads)
    assert share_out(machines, workers, False, "auto") == crew


def test_gpus_are_taken_if_there_are_enough() -> None:
    two = [Machine(16, 2)]
    assert share_out(two, None, False, "auto") == Crew(workers=2, gpus=True, cpus=1.0, threads=8)
    assert share_out(two, 2, False, "auto").gpus
    assert share_out(two, 1, False, "auto").gpus
    assert not share_out(two, 3, False, "auto").gpus
    assert not share_out(two, 2, False, "cpu").gpus
    assert share_out([Machine(1, 4)], 4, True, "auto").cpus == 0.25


@pytest.mark.parametrize(
    ("machines", "workers", "gpus", "device", "text"),
    [
        (
            [Machine(16, 2)],
            3,
            True,
            "auto",
            "--gpus: every worker needs a GPU, 3 are asked for and there are 2",
        ),
        (
            [Machine(16)],
            1,
            True,
            "auto",
            "--gpus: every worker needs a GPU, 1 are asked for and there are 0",
        ),
        (
            [Machine(16)],
            2,
            False,
            "cuda",
            "--device cuda: every worker needs a GPU, 2 are asked for and there are 0",
        ),
        ([Machine(16)], None, False, "auto", "no GPU for us: say --workers N"),
        ([Machine(16, 2)], None, False, "cpu", "no GPU for us: say --workers N"),
    ],
)
def test_what_is_not_there_is_refused(
    machines: list[Machine], workers: int | None, gpus: bool, device: str, text: str
) -> None:
    with pytest.raises(UsageError, match=text):
        share_out(machines, workers, gpus, device)  # pyright: ignore[reportArgumentType]


def test_a_crew_is_told_in_words() -> None:
    assert str(share_out([Machine(2)], 2, False, "auto")) == "2 workers on CPUs, 1 thread each"
    assert str(share_out([Machine(8, 1)], 1, True, "auto")) == "1 worker on a GPU, 8 threads"
