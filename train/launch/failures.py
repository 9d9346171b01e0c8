"""Why a team of Ray workers failed: which of their errors explains the others, and in what words.

In: the error that Ray Train raises. Out: a worker and its error, a line for people, an entry in a
log. Does not decide what follows from it.
"""

from __future__ import annotations

import time
from pathlib import Path

from i2l_batch.errors import I2LError
from i2l_batch.train.team import LostWorkerError


def cause(error: Exception) -> tuple[int, BaseException]:
    """The worker whose failure explains the others', and what it was."""
    failures: dict[int, BaseException] = getattr(error, "worker_failures", {})
    for kind in (I2LError, Exception):
        for rank, failure in sorted(failures.items()):
            if isinstance(failure, kind) and not isinstance(failure, LostWorkerError):
                return rank, failure
    return next(iter(sorted(failures.items())), (0, error))


def log(path: Path, step: int, error: BaseException) -> None:
    """Append the whole error, with what Ray tells of the tracebacks, to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} after step {step}\n{error}\n\n")


def reason(error: BaseException) -> str:
    """The error in one line."""
    if type(error).__module__.startswith("ray."):
        return "its process died"
    text = next(iter(str(error).strip().split("\n")), "")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
