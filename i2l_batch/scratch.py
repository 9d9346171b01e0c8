"""Folders for the time that a process lives: locked while it does.

In: nothing but the environment. Out: an empty folder on this machine's disk, and its lock. What a
killed process left, the next run removes. Knows nothing of what the folders are for.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

from i2l_batch.errors import StoreError
from i2l_batch.lock import FolderLock


def parent_folder() -> str:
    """Where they are: `RAY_TMPDIR`, or /tmp."""
    # Not TMPDIR: Ray's sockets are in there. A path of theirs has 107 bytes at most, of which Ray's
    # own part takes 70.
    return os.environ.get("RAY_TMPDIR") or "/tmp"  # noqa: S108 - mkdtemp makes its own in there


def new_folder() -> tuple[str, FolderLock]:
    """A folder, and the lock that says that it is in use. Remove the one, then release the other.

    A process id would not tell, as containers that share the directory number their processes each
    for itself.
    """
    # Under another name until it is locked: so nobody finds it unlocked.
    hidden = tempfile.mkdtemp(prefix=f".i2l-{os.getpid()}-", dir=parent_folder())
    lock = FolderLock(Path(hidden))
    folder = os.path.join(parent_folder(), os.path.basename(hidden)[1:])
    os.rename(hidden, folder)
    return folder, lock


def remove_abandoned() -> None:
    """Remove the folders of processes that were killed: their lock is free."""
    parent = parent_folder()
    for name in os.listdir(parent):
        if re.fullmatch(r"i2l-\d+-\w+", name):
            _remove_abandoned(os.path.join(parent, name))


def _remove_abandoned(folder: str) -> None:
    try:
        info = os.lstat(folder)
        if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
            return  # somebody else's, who might have put links into it
        lock = FolderLock(Path(folder))
    except (OSError, StoreError):  # it is in use, or was removed by another run just now
        return
    shutil.rmtree(folder, ignore_errors=True)
    lock.release()
