"""What a person sees while a run works: a live line on a terminal, plain lines elsewhere.

In: the account and the number of formulas read so far. Out: text on stderr; stdout stays free.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Literal, NamedTuple, TypeVar

from rich.console import Console
from rich.live import Live
from rich.text import Text

from i2l_batch.account import Account
from i2l_batch.printable import printable

_PLAIN_SECONDS = 10.0
"""Seconds between lines where stderr is no terminal."""

_PATIENCE_SECONDS = 30.0
"""Ray starts its first task within a few seconds, if it has the resources."""

_ENOUGH_SECONDS, _ENOUGH_DOCUMENTS = 5.0, 5
"""What must have been seen before the rest of the run is estimated from it."""


_Screen = TypeVar("_Screen", bound="Screen")


class _Point(NamedTuple):
    """How far the run was, and when."""

    seconds: float
    documents: int
    formulas: int


class Screen:
    """A context manager that keeps one line up to date; messages go above it."""

    def __init__(
        self,
        verbosity: Literal[-1, 0, 1] = 0,
        console: Console | None = None,
        *,
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        """Verbosity: -1 failures only, 0 progress too, 1 notes too. Console: null for stderr.
        patience: seconds of starting after which it is said what is waited for."""
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._verbosity = verbosity
        self._patience = patience
        live = verbosity >= 0 and self._console.is_terminal
        self._live = Live(console=self._console, refresh_per_second=4) if live else None
        self._shown = self._began = time.monotonic()

    def __enter__(self: _Screen) -> _Screen:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.stop()

    def failure(self, message: str) -> None:
        """Something ended badly: always told, whatever the verbosity."""
        self._print(message)

    def note(self, message: str) -> None:
        """A line for those who asked for more."""
        if self._verbosity > 0:
            self._print(message)

    def _show(self, line: str) -> None:
        """Where the run is, if it is time to say so."""
        if self._verbosity < 0:
            return
        now = time.monotonic()
        if self._live:
            self._live.update(Text(line))
        elif now - self._shown >= _PLAIN_SECONDS:
            self._shown = now
            self._print(line)

    def _print(self, message: str) -> None:
        """One line; what is in file names must not steer the terminal."""
        self._console.print(Text(printable(message)))

    def _starting(self) -> str:
        """What goes on before anything else can be told."""
        starts = time.monotonic() - self._began < self._patience
        return "starting" if starts else "waiting for Ray's CPUs and GPUs"


class Progress(Screen):
    """The screen of a transcription: shows `update`s."""

    _start: _Point | None = None

    def checking(self, done: int, of: int) -> None:
        """Show how many inputs have been compared with earlier results."""
        self._show(f"checking {done:,} of {of:,}")
        self._began = time.monotonic()

    def update(self, account: Account, formulas: int, *, waiting: int, works: bool = True) -> None:
        """Show how far the run is; `formulas` are read, `waiting` are extracted but not read.

        works: a worker has done something already.
        """
        now = _Point(time.monotonic(), account.ended, formulas)
        if formulas and not self._start:
            self._start = now  # what came before was starting up, and tells nothing of the rest
        self._show(self._line(account, now, waiting, works))

    def _line(self, account: Account, now: _Point, waiting: int, works: bool) -> str:
        line = f"{account.ended}/{account.found} documents, {now.formulas} formulas"
        if account.failed:
            line += f", {account.failed} failed"
        if not works:
            return f"{line}, {self._starting()}"
        line += f", {waiting} waiting"
        if not self._start:
            return line
        seconds = now.seconds - self._start.seconds
        if seconds < _ENOUGH_SECONDS:
            return line
        line += f", {(now.formulas - self._start.formulas) / seconds:.1f} formulas/s"
        done = now.documents - self._start.documents
        if done >= _ENOUGH_DOCUMENTS and account.found > account.ended:
            line += f", about {span(seconds / done * (account.found - account.ended))} left"
        return line


def span(seconds: float) -> str:
    """A length of time as an estimate is told: 40 s, 12 min, 3.5 h."""
    if seconds < 55:
        return f"{max(10, round(seconds, -1)):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
