"""Of several workers' errors the one is told that explains the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from i2l_batch.errors import UsageError
from i2l_batch.train.launch import failures
from i2l_batch.train.team import LostWorkerError

LOST, BUG, WISH = LostWorkerError("x"), ValueError("a bug\nof two lines"), UsageError("no")


class GroupError(Exception):
    """As Ray Train raises it."""

    def __init__(self, worker_failures: dict[int, Exception]) -> None:
        super().__init__("Training failed\nfor reasons")
        self.worker_failures = worker_failures


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ({0: LOST, 1: BUG}, (1, BUG)),
        ({0: BUG, 1: WISH}, (1, WISH)),
        ({2: BUG, 1: LOST, 0: BUG}, (0, BUG)),
        ({1: LOST}, (1, LOST)),
    ],
)
def test_the_cause(errors: dict[int, Exception], expected: tuple[int, Exception]) -> None:
    assert failures.cause(GroupError(errors)) == expected


def test_an_error_of_no_worker_is_its_own_cause() -> None:
    assert failures.cause(BUG) == (0, BUG)


def test_a_line_for_people() -> None:
    from ray.exceptions import RayActorError

    assert failures.reason(BUG) == "ValueError: a bug"
    assert failures.reason(KeyError()) == "KeyError"
    assert failures.reason(RayActorError()) == "its process died"


def test_the_log_has_all_failures(tmp_path: Path) -> None:
    path = tmp_path / "run" / "failures.log"
    failures.log(path, 3, GroupError({}))
    failures.log(path, 7, BUG)
    text = path.read_text()
    assert " after step 3\nTraining failed\nfor reasons\n\n" in text
    assert text.endswith(" after step 7\na bug\nof two lines\n\n")
