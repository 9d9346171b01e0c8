"""One writer to a results folder.

In: the folder. Out: a lock on `<folder>/.lock`, or an error that names who holds it. The system
releases it when the holder dies, however it dies, so there is no stale lock to clear by hand.
Needs `fcntl` (Linux, macOS); readers take no lock.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from i2l_batch.durable import reason
from i2l_batch.errors import StoreError

LOCK_NAME = ".lock"


class FolderLock:
    """Held from construction until `release`. Raises StoreError when another process has it.

    flock, not lockf: it also excludes a second store in this process, and closing some other handle
    of the file does not drop it. A forked child shares it, so children that outlive the driver must
    be started by exec (Ray's are).
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK_NAME
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise StoreError(f"cannot write {self._path}: {reason(error)}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise StoreError(
                f"{folder} is in use by {self._holder()}: wait for it to end, or choose another"
                " output folder"
            ) from error
        except OSError as error:
            os.close(self._descriptor)
            raise StoreError(
                f"cannot lock {self._path}: {reason(error)};"
                " choose an output folder on a local disk"
            ) from error
        # The file stays when the lock goes: removing it would let two processes lock two files.
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, json.dumps(myself()).encode(), 0)
        except OSError as error:
            self.release()
            raise StoreError(f"cannot write {self._path}: {reason(error)}") from error

    def check(self) -> None:
        """Raise StoreError if the folder, or its lock, was removed or replaced: another process may
        hold what is there now."""
        try:
            if os.path.samestat(os.fstat(self._descriptor), os.stat(self._path)):
                return
        except FileNotFoundError:
            pass
        except OSError:  # whoever writes there is told why not
            return
        raise StoreError(
            f"{self._path} was removed while a run was writing there: the same command goes on, or"
            " starts again"
        )

    def release(self) -> None:
        """Let the next process in. A second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _holder(self) -> str:
        try:
            return holder_of(json.loads(self._path.read_text()))
        except (OSError, ValueError):  # it has the lock, but has not yet written its name
            return holder_of({})


def holder_of(lock: dict[str, Any]) -> str:
    """Who wrote himself into a lock, for a message."""
    try:
        return f"process {lock['pid']} on {lock['host']} since {lock['started']}"
    except KeyError:
        return "another process"


def myself() -> dict[str, Any]:
    """What a holder writes into its lock."""
    started = datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"pid": os.getpid(), "host": socket.gethostname(), "started": started}
