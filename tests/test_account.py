"""The account adds up, and the progress line says no more than is known."""

from __future__ import annotations

import io
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from i2l_batch.account import Account
from i2l_batch.progress import Progress, span
from i2l_batch.records import Status

STATUSES: tuple[Status, ...] = get_args(Status)


@given(st.lists(st.tuples(st.sampled_from(STATUSES), st.booleans(), st.integers(0, 9))))
def test_found_is_the_sum_of_the_ends(ends: list[tuple[Status, bool, int]]) -> None:
    account = Account(found=len(ends))
    for number, (status, skipped, formulas) in enumerate(ends):
        assert account.ended == number
        assert not account.adds_up
        assert f"+ {len(ends) - number} not done" in account.line()
        assert account.exit_code == 1
        if skipped:
            account.skip(status)
        else:
            account.note(status, formulas)
    assert account.adds_up
    counts = account.counts()
    assert counts["found"] == sum(counts[name] for name in (*STATUSES, "skipped"))
    assert counts["formulas"] == sum(n for _, skipped, n in ends if not skipped)
    bad = [status for status, skipped, _ in ends if not skipped and status in ("failed", "partial")]
    assert account.exit_code == (1 if bad else 0)
    assert "not done" not in account.line()


def test_the_line() -> None:
    account = Account(found=8)
    for status in STATUSES:
        account.note(status, 1)
        account.skip(status)
    assert account.line() == (
        "8 documents = 1 ok + 1 empty + 1 partial + 1 failed + 4 skipped; 4 formulas written "
        "(2 of the skipped failed before: see --retry-failed)"
    )
    assert Account(found=1, ok=1, formulas=1).line() == (
        "1 document = 1 ok + 0 empty + 0 partial + 0 failed + 0 skipped; 1 formula written"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1, "10 s"), (44, "40 s"), (55, "1 min"), (754, "13 min"), (5399, "90 min"), (9000, "2.5 h")],
)
def test_spans_are_round(seconds: float, text: str) -> None:
    assert span(seconds) == text


def said(terminal: bool, verbosity: int) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, soft_wrap=True, width=200)
    account = Account(found=100)
    with Progress(verbosity, console) as progress:  # pyright: ignore[reportArgumentType]
        for _ in range(50):
            account.note("ok", 3)
            progress.update(account, account.formulas, waiting=7)
        progress.note("a note")
        progress.failure("failed: \x1b[2Jevil\n.pdf: no reason")
    return out.getvalue()


def test_nothing_is_estimated_from_the_first_moments() -> None:
    text = said(terminal=True, verbosity=0)
    assert "50/100 documents, 150 formulas, 7 waiting" in text
    assert "left" not in text
    assert "formulas/s" not in text


def test_names_cannot_steer_the_terminal_and_failures_are_always_told() -> None:
    assert said(terminal=False, verbosity=-1) == "failed: \\x1b[2Jevil\\n.pdf: no reason\n"
    assert "a note" not in said(terminal=False, verbosity=0)
    assert "a note\n" in said(terminal=False, verbosity=1)


def test_comparing_with_earlier_results_is_told() -> None:
    out = io.StringIO()
    with Progress(0, Console(file=out, force_terminal=True, soft_wrap=True, width=200)) as progress:
        progress.checking(12_000, 100_000)
    assert "checking 12,000 of 100,000" in out.getvalue()


@pytest.mark.parametrize(
    ("patience", "works", "text"),
    [
        (60, False, "0/9 documents, 0 formulas, starting"),
        (0, False, "0/9 documents, 0 formulas, waiting for Ray's CPUs and GPUs"),
        (0, True, "0/9 documents, 0 formulas, 7 waiting"),
    ],
)
def test_a_run_that_cannot_start_says_what_it_waits_for(
    patience: float, works: bool, text: str
) -> None:
    """On a busy cluster it said for ever that it was starting."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, soft_wrap=True, width=200)
    with Progress(0, console, patience=patience) as progress:
        progress.update(Account(found=9), 0, waiting=7, works=works)
    assert text in out.getvalue()
