"""Between process 0 of a team of Ray workers and the driver: what a screen shows goes one way, the
wish to stop and the end of the run the other.

In: a worker's reports. Out: `Mail` for the driver. Each side only ever waits for the mailbox, never
for the other side.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from i2l_batch.train.monitor import Status

_POST_SECONDS = 0.25
"""Between two letters of the worker: a person sees no more, and a step takes milliseconds."""

_ANSWER_SECONDS = 0.02
"""The mailbox answers within 2 ms. Where it does not, the answer is read at a later step."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """What came since the driver last looked."""

    status: Status | None
    """The latest one; null if there is no new one."""
    lines: list[str]
    ended: bool
    """Whether process 0 has finished its work."""
    result: Any
    """What its work returned, if so."""


class Mailbox:
    """An actor of its own, so that nobody's step or drawing makes it wait."""

    def __init__(self) -> None:
        self._status: Status | None = None
        self._lines: list[str] = []
        self._stop = self._ended = False
        self._result: Any = None

    def post(self, status: Status | None) -> bool:
        """The worker's latest status; returns whether it shall stop."""
        self._status = status or self._status
        return self._stop

    def say(self, text: str) -> None:
        """A line for people."""
        self._lines.append(text)

    def end(self, result: Any) -> None:
        """The work is done."""
        self._ended, self._result = True, result

    def fetch(self, stop: bool) -> Mail:
        """What there is for the driver, which says whether the run shall stop."""
        self._stop = stop
        mail = Mail(status=self._status, lines=self._lines, ended=self._ended, result=self._result)
        self._status, self._lines = None, []
        return mail


class RemoteMonitor:
    """The monitor of process 0: writes to a mailbox, four times a second at most."""

    def __init__(self, mailbox: Any) -> None:
        """mailbox: handle of the actor."""
        self._mailbox = mailbox
        self._status: Status | None = None
        self._answer: Any = None
        self._posted = float("-inf")
        self._stop = False

    def report(self, status: Status) -> None:
        """Keep the status for the next letter."""
        self._status = status

    def say(self, text: str) -> None:
        """Send a line at once."""
        self._mailbox.say.remote(text)

    def stop_requested(self) -> bool:
        """Send the latest status if it is time to, and read the answer if it is there."""
        import ray

        patience = 0.0
        if self._answer is None and time.monotonic() - self._posted >= _POST_SECONDS:
            self._posted = time.monotonic()
            self._answer = self._mailbox.post.remote(self._status)
            patience = _ANSWER_SECONDS
        if self._answer is not None and ray.wait([self._answer], timeout=patience)[0]:
            # A dead mailbox means that the driver has given up: the error ends this process.
            self._stop = bool(ray.get(self._answer))
            self._answer = None
        return self._stop

    def end(self, result: Any) -> None:
        """Send the last status and what the work returned."""
        import ray

        self._mailbox.post.remote(self._status)
        ray.get(self._mailbox.end.remote(result))
