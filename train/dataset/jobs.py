"""The same jobs over all cores with Ray, or one after the other in this process.

In: a function and its arguments. Out: the results as they come, each with the job's number. Nothing
here knows what the jobs do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any, Protocol, TypeVar

from i2l_batch.errors import I2LError

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


class Runner(Protocol):
    """How jobs are run."""

    def __call__(
        self, function: Callable[[_Job], _Result], jobs: Iterable[_Job], /
    ) -> Iterator[tuple[int, _Result]]:
        """The number of each job, from 0, and its result, in any order."""
        ...


@contextmanager
def runner(workers: int | None, ray_address: str | None = None) -> Iterator[Runner]:
    """A way to run jobs, for as long as the block runs.

    Args:
        workers: most jobs at a time, of a core each; None for one a core, 0 for this process.
        ray_address: a Ray cluster; None for one of this block's own.

    Raises:
        UsageError: there is no cluster at the address.
        I2LError: Ray does not start.
    """
    if workers == 0:
        yield _one_by_one
        return
    from i2l_batch.cluster import session

    with session(ray_address) as machines:
        cores = sum(machine.cpus for machine in machines)
        yield partial(_on_ray, min(workers or cores, cores))


def _one_by_one(
    function: Callable[[_Job], _Result], jobs: Iterable[_Job], /
) -> Iterator[tuple[int, _Result]]:
    for number, job in enumerate(jobs):
        yield number, function(job)


def _on_ray(
    most: int, function: Callable[[_Job], _Result], jobs: Iterable[_Job], /
) -> Iterator[tuple[int, _Result]]:
    """As `_one_by_one`, with `most` tasks at a time; jobs are made when there is room for them."""
    import ray

    task = ray.remote(num_cpus=1)(function)
    waiting = iter(enumerate(jobs))
    running: dict[Any, int] = {}
    try:
        while True:
            for number, job in islice(waiting, most - len(running)):
                running[task.remote(job)] = number
            if not running:
                return
            (done, *_), _ = ray.wait(list(running))
            yield running.pop(done), _result(ray, done)
    finally:
        for reference in running:  # so that their workers end what they started
            ray.cancel(reference)


def _result(ray: Any, reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, I2LError):
            raise error.cause from None
        raise
    except ray.exceptions.RayError as error:
        raise I2LError(
            f"a worker was lost again and again ({type(error).__name__}): is there enough memory? "
            "With fewer --workers the same command goes on"
        ) from error
