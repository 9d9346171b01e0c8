"""A person sees where a training run is, on a terminal and in a log."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from i2l_batch.train.launch.display import Display, Point, describe
from i2l_batch.train.monitor import Status


def status(step: int, bleu: float | None = None) -> Status:
    return Status(
        step=step,
        total_steps=2000,
        epoch=step / 100,
        loss=1.5,
        images_per_second=56.04,
        bleu=bleu,
        seconds=step * 2.0,
    )


def console(terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=120)


def text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_terminal_shows_the_latest_step_and_all_lines() -> None:
    screen = console(terminal=True)
    with Display(console=screen) as display:
        display.waiting()
        for step in range(1, 1001):
            display.report(status(step, 0.25 if step > 500 else None))
        display.say("validation: BLEU 0.2500")
    shown = text(screen)
    assert "step 1,000/2,000, epoch 10.00, loss 1.5000, 56.0 images/s, BLEU 0.2500" in shown
    assert "validation: BLEU 0.2500\n" in shown


def test_a_log_gets_lines_but_not_one_for_each_step() -> None:
    screen = console(terminal=False)
    with Display(console=screen) as display:
        display.say("from step 0")
        for step in range(1, 1001):
            display.report(status(step))
    assert text(screen) == "from step 0\n"


def test_the_time_left_is_that_of_this_start() -> None:
    """A run that goes on at step 1,000 has not done a thousand steps in these ten seconds."""
    start = Point(100.0, 1000)
    line = "step 1,010/2,000, epoch 10.10, loss 1.5000, 56.0 images/s"
    assert describe(status(1010), start, Point(104.0, 1010)) == line
    assert describe(status(1010), start, Point(110.0, 1010)) == f"{line}, about 16 min left"
    assert describe(status(2000), start, Point(999.0, 2000)).endswith("images/s")


@pytest.mark.parametrize(("patience", "line"), [(9.0, "starting"), (0.0, "waiting for Ray's")])
def test_waiting_is_explained(patience: float, line: str) -> None:
    screen = console(terminal=True)
    with Display(console=screen, patience=patience) as display:
        display.begin()
        display.waiting()
    assert line in text(screen)


def test_stopping_is_said_once_and_failures_even_to_the_quiet() -> None:
    screen = console(terminal=False)
    with Display(-1, screen) as display:
        display.stopping()
        display.say("nothing")
        display.failure("worker 1 failed\x1b[2J")
    assert text(screen) == "worker 1 failed\\x1b[2J\n"
    screen = console(terminal=False)
    with Display(0, screen) as display:
        display.stopping()
        display.stopping()
    assert text(screen).count("stopping after this step") == 1
