"""Ctrl-C and SIGTERM while a model is trained: the first asks the run to stop.

In: signals. Out: a flag that the training loop polls. See `i2l_batch.interrupts` for the next one.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from i2l_batch.interrupts import handlers_kept

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Whether the run shall write a checkpoint and end. Not a threading.Event: a handler that sets
    one hangs if it interrupts a wait for it."""

    requested = False


@contextmanager
def first_signal_stops() -> Iterator[Stop]:
    """The first signal in the block sets the flag; the next one does what it did before."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():  # signals go to the main thread
        yield stop
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def first(_number: int, _frame: FrameType | None) -> None:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        stop.requested = True

    with handlers_kept():
        for number in _SIGNALS:
            signal.signal(number, first)
        yield stop
