"""Jobs give the same results in this process and over Ray, and errors reach the caller."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from i2l_batch.errors import I2LError, RenderError
from i2l_batch.train.dataset.jobs import runner
from tests.train.dataset.small_jobs import die, fail, process, square


def test_jobs_run_one_by_one_in_this_process() -> None:
    with runner(0) as run:
        assert list(run(square, range(5))) == [(n, n * n) for n in range(5)]
        assert set(run(process, range(3))) == {(n, os.getpid()) for n in range(3)}
        assert not list(run(square, []))


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("workers", [None, 1, 7])
def test_jobs_run_over_ray(workers: int | None) -> None:
    with runner(workers) as run:
        assert sorted(run(square, range(6))) == [(n, n * n) for n in range(6)]
        assert os.getpid() not in {pid for _, pid in run(process, range(2))}
        assert not list(run(square, []))


@pytest.mark.usefixtures("cluster")
def test_jobs_are_made_when_there_is_room_for_them() -> None:
    made: list[int] = []

    def jobs() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            yield number

    with runner(1) as run:
        for done, _ in enumerate(run(square, jobs())):
            assert len(made) <= done + 1


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("workers", [0, 1])
def test_errors_for_people_stay_what_they_are(workers: int) -> None:
    with (
        runner(workers) as run,
        pytest.raises(RenderError, match=r"^pdflatex is not installed$"),
    ):
        list(run(fail, range(4)))


@pytest.mark.usefixtures("cluster")
def test_a_worker_that_dies_every_time_is_an_error_for_people() -> None:
    with (
        runner(1) as run,
        pytest.raises(I2LError, match=r"a worker was lost again and again .* the same command"),
    ):
        list(run(die, [1]))
