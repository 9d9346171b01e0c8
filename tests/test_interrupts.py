"""A first signal ends a run in order, a second at once; neither comes in the middle of a step."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from i2l_batch.interrupts import end_in_order, handlers_kept, whole

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    with handlers_kept():
        end_in_order()
        yield


@pytest.mark.parametrize("number", SIGNALS)
def test_a_step_is_whole(number: signal.Signals) -> None:
    steps = []

    def step() -> None:
        with whole():
            signal.raise_signal(number)
            signal.raise_signal(number)
            steps.append("whole")
        steps.append("after")

    with pytest.raises(KeyboardInterrupt):
        step()
    assert steps == ["whole"]


@pytest.mark.parametrize("number", SIGNALS)
def test_without_a_signal_nothing_changes(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with whole(), whole():
        assert signal.getsignal(number) != before
    assert signal.getsignal(number) == before
    with handlers_kept():
        signal.signal(number, signal.SIG_IGN)
    assert signal.getsignal(number) == before


def test_other_threads_may_use_them() -> None:
    done = []

    def work() -> None:
        with whole(), handlers_kept():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_ends_the_process(number: signal.Signals) -> None:
    program = (
        "import signal; from i2l_batch.interrupts import end_in_order; end_in_order()\n"
        f"try: signal.raise_signal({number.value})\n"
        "except KeyboardInterrupt:\n"
        "    print('first', flush=True)\n"
        f"    signal.raise_signal({number.value})\n"
        "finally: print('not reached', flush=True)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout, run.stderr) == (130, "first\n", "")
