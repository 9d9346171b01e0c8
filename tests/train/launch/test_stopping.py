"""The first signal asks a training run to stop, the next one ends it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from i2l_batch.interrupts import end_in_order, handlers_kept
from i2l_batch.train.launch.stopping import first_signal_stops

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    with handlers_kept():
        end_in_order()
        yield


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_is_a_wish(number: signal.Signals) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with first_signal_stops() as stop:
        assert not stop.requested
        signal.raise_signal(number)
        assert stop.requested
    assert [signal.getsignal(number) for number in SIGNALS] == before


@pytest.mark.parametrize("first", SIGNALS)
@pytest.mark.parametrize("second", SIGNALS)
def test_the_second_ends_the_run(first: signal.Signals, second: signal.Signals) -> None:
    with first_signal_stops() as stop:
        signal.raise_signal(first)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(second)
    assert stop.requested


def test_other_threads_may_train() -> None:
    seen = []

    def work() -> None:
        with first_signal_stops() as stop:
            seen.append(stop.requested)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
