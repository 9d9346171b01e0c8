"""What a person sees while a run works: a live line on a terminal, plain lines elsewhere.

In: the account and the number of formulas read so far. Out: text on stderr; stdout stays free.
"""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Literal

from rich.console import Console
from rich.live import Live
from rich.text import Text

from i2l_batch.account import Account

_PLAIN_SECONDS = 10.0
"""Seconds between lines where stderr is no terminal."""


class Progress:
    """A context manager that shows `update`s; messages go above the live line."""

    def __init__(self, verbosity: Literal[-1, 0, 1] = 0) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._verbosity = verbosity
        live = verbosity >= 0 and self._console.is_terminal
        self._live = Live(console=self._console, refresh_per_second=4) if live else None
        self._began = self._shown = time.monotonic()

    def __enter__(self) -> Progress:
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

    def update(self, account: Account, formulas: int, *, waiting: int) -> None:
        """Show how far the run is; `formulas` are read, `waiting` are extracted but not read."""
        now = time.monotonic()
        if self._verbosity < 0:
            return
        if self._live:
            self._live.update(Text(self._line(account, formulas, waiting)))
        elif now - self._shown >= _PLAIN_SECONDS:
            self._shown = now
            print(self._line(account, formulas, waiting), file=sys.stderr, flush=True)

    def failure(self, name: str, reason: str) -> None:
        """A document ended badly: always told, whatever the verbosity."""
        self._console.print(Text(f"failed: {name}: {reason}"))

    def note(self, message: str) -> None:
        """A line for those who asked for more."""
        if self._verbosity > 0:
            self._console.print(Text(message))

    def _line(self, account: Account, formulas: int, waiting: int) -> str:
        seconds = time.monotonic() - self._began
        done, left = account.ended - account.skipped, account.found - account.ended
        line = f"{account.ended}/{account.found} documents, {formulas} formulas"
        line += f" ({formulas / max(seconds, 1e-3):.1f}/s, {waiting} waiting)"
        if account.failed:
            line += f", {account.failed} failed"
        if done and left:
            minutes, rest = divmod(round(seconds / done * left), 60)
            line += f", about {minutes}:{rest:02d} left"
        return line
