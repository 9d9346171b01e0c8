"""Ctrl-C and SIGTERM: the first ends a run in order, the second leaves at once.

In: signals. Out: KeyboardInterrupt, but not in the middle of what must be whole.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SHOW_CURSOR = "\x1b[?25h"


def end_in_order() -> None:
    """From now on a signal raises KeyboardInterrupt, and the next one ends the process."""
    for number in _SIGNALS:
        signal.signal(number, _first)


@contextmanager
def whole() -> Iterator[None]:
    """Signals that come in the block take effect after it."""
    if threading.current_thread() is not threading.main_thread():  # signals go to the main thread
        yield
        return
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        if came:
            signal.raise_signal(came[0])


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Undo what the block does to the handlers: Ray puts its own one for SIGTERM."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _first(_number: int, _frame: FrameType | None) -> NoReturn:
    for number in _SIGNALS:
        signal.signal(number, _second)
    raise KeyboardInterrupt


def _second(_number: int, _frame: FrameType | None) -> NoReturn:
    # No clean-up: Ray's processes and the lock end with this one, parts are whole or absent.
    if sys.stderr.isatty():
        os.write(2, _SHOW_CURSOR.encode())
    os._exit(130)
