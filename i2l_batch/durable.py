"""Files that are whole or absent, and folders that take another's place.

In: a final path and what to write. Out: the file under that name, on the disk, or nothing but an
error. Knows nothing of what is in the file.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from i2l_batch.errors import StoreError


def temporary_name(name: str) -> str:
    """Where a file is written before it gets its name: in the same folder, so that the rename is
    atomic; with a leading dot and another suffix, so that pyarrow, DuckDB and globs pass it by."""
    return f".{name}.tmp"


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open `path` for binary writing; the name appears only after the last byte is on the disk.

    Temporary name, write, fsync, rename, fsync of the folder: after a crash or a power cut at any
    moment the name holds the old file or the new one. Raises StoreError when the disk is full or
    the folder cannot be written; the temporary file is then removed.
    """
    temporary = path.with_name(temporary_name(path.name))
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException as error:
        remove(temporary)
        if isinstance(error, OSError):
            raise StoreError(
                f"cannot write {path}: {reason(error)}; make room or choose another folder"
            ) from error
        raise


def replace_folder(new: Path, folder: Path) -> None:
    """Give a whole folder its name, and remove what had it. Between the two renames nothing has.

    What is in it is not synced: for thousands of files that takes minutes. So this is for what can
    be made again.
    """
    old = folder.with_name(temporary_name(f"{folder.name}.old"))
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    sync_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Remove a file if it can be removed: the error that led here is the one to tell."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def reason(error: OSError) -> str:
    """The system's own words for an error, in one line."""
    return error.strerror or str(error).splitlines()[0]
