"""One writer to a folder in an object store, which has no locks.

In: a place for one object. Out: a lease on it that is renewed for as long as its holder lives, or
an error that names who holds it. Only the passing of time is compared, never two machines' clocks:
a lease is dead when the one who waits has not seen it change for a while. Knows nothing of what the
lease protects.

Two that start at the same moment are told apart as in Fischer's algorithm: whoever saw no lease
writes its own within half of a set time, waits for all of that time and reads again, so that the
last one's is there by then. The rest is fencing: a holder looks before each commit whether the
lease is still its own. Between this look and the commit a process can be stopped for longer than a
lease lives, and wake up beside its successor. Nothing excludes that without a conditional put,
which pyarrow does not offer. docs/object_storage.md says what then happens.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from i2l_batch.errors import StoreError
from i2l_batch.lock import holder_of, myself

LEASE_NAME = ".lease"
_TRIES = 5
"""To write it fast enough."""


@dataclass(frozen=True)
class Timing:
    """Seconds; all processes that may meet must have the same."""

    renew: float = 10.0
    """Between two signs of life."""
    dead: float = 45.0
    """Without a sign of life, and the lease may be taken over."""
    settle: float = 3.0
    """That a new lease is left alone before it is trusted."""


class LeasePlace(Protocol):
    """Where the object is."""

    def read(self, name: str, *, patient: bool = False) -> bytes:
        """Raises FileNotFoundError, StoreError."""
        ...

    def put(self, name: str, content: bytes, *, patient: bool = True) -> None:
        """Raises StoreError."""
        ...

    def remove(self, subfolder: str, names: list[str]) -> None:
        """Raises StoreError."""
        ...


class Lease:
    """Held from construction until `release`, unless it is lost; see `check`."""

    def __init__(self, place: LeasePlace, timing: Timing) -> None:
        """Wait until the lease is free. Raises StoreError when another process is alive."""
        self._place, self._timing = place, timing
        self._mine = {"token": secrets.token_hex(8), "machine": _machine(), **myself()}
        self._renewals = 0
        self._acquire()
        self._ended = threading.Event()
        self._renewing = threading.Thread(target=self._renew, daemon=True, name="lease")
        self._renewing.start()

    def check(self) -> None:
        """Raise StoreError unless the lease is still ours."""
        found = self._read(patient=True)
        if not self._is_mine(found):
            raise StoreError(
                f"{self._place} was taken over by {_holder(found)}, since this run gave no sign of"
                " life: nothing more is committed; wait for the other one to end"
            )

    def release(self) -> None:
        """Let the next process in at once. A second call does nothing."""
        if self._ended.is_set():
            return
        self._ended.set()
        self._renewing.join()
        with suppress(StoreError):  # where the store is gone, the lease dies by itself
            if self._is_mine(self._read()):
                self._place.remove("", [LEASE_NAME])

    def _acquire(self) -> None:
        for _ in range(_TRIES):
            looked = self._wait_for_the_holder()
            self._put()
            if time.monotonic() - looked > self._timing.settle / 2:
                continue  # another one may have looked before we wrote, and trust its own by now
            time.sleep(self._timing.settle)
            if self._is_mine(self._read()):
                return
        raise StoreError(
            f"cannot lock {self._place}: the store takes longer than {self._timing.settle / 2:g} s"
            " to answer; try again later"
        )

    def _wait_for_the_holder(self) -> float:
        """Wait until no other's lease lives; when it was last looked at. Raises StoreError."""
        began, seen = time.monotonic(), None
        while True:
            looked = time.monotonic()
            found = self._read()
            if found is None or self._is_mine(found) or _is_gone(found):
                return looked
            if seen is not None and found != seen:
                raise StoreError(
                    f"{self._place} is in use by {_holder(found)}: wait for it to end, or choose"
                    " another output folder"
                )
            if looked - began > self._timing.dead:
                return looked
            seen = found
            time.sleep(self._timing.renew / 4)

    def _renew(self) -> None:
        while not self._ended.wait(self._timing.renew):
            # The store may be away: so it is for others, and may come back.
            with suppress(StoreError):
                if not self._is_mine(self._read()):
                    return  # the next check tells
                self._put()

    def _put(self) -> None:
        self._renewals += 1
        content = json.dumps(self._mine | {"renewals": self._renewals})
        self._place.put(LEASE_NAME, content.encode(), patient=False)

    def _read(self, *, patient: bool = False) -> dict[str, Any] | None:
        try:
            found = json.loads(self._place.read(LEASE_NAME, patient=patient))
        except FileNotFoundError:
            return None
        except ValueError:  # not by us
            return {}
        return found if isinstance(found, dict) else {}

    def _is_mine(self, found: dict[str, Any] | None) -> bool:
        return found is not None and found.get("token") == self._mine["token"]


def _holder(found: dict[str, Any] | None) -> str:
    return holder_of(found or {})


def _machine() -> str:
    """What two processes have in common that see each other's process ids; empty if unknown."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return f"{file.read().strip()}/{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return ""


def _is_gone(found: dict[str, Any]) -> bool:
    """Whether the holder is known to be dead: then nobody needs to wait."""
    machine, pid = found.get("machine"), found.get("pid")
    if not machine or machine != _machine() or not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
