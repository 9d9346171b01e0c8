"""The folder of a report: ours or somebody else's, whole or not there.

In: where the report is to be. Out: an empty folder beside it to build in, which takes the name in
the end. An interrupted build leaves the earlier report, and nothing under the name that looks whole
and is not. Knows nothing of what a report holds but the names of its files.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from i2l_batch.durable import reason, replace_folder
from i2l_batch.errors import StoreError
from i2l_batch.lock import LOCK_NAME, FolderLock
from i2l_batch.object_uri import local_path

MARK = '<meta name="generator" content="i2l report">'
"""A line of index.html that tells a report of ours."""

_OURS = re.compile(
    r"index\.html|formulas\.html|failed(-\d+)?\.html|report\.(css|js)|data|\.DS_Store"
)


def refuse_foreign(folder: Path) -> None:
    """Raise StoreError if the folder holds anything that a new report should not replace."""
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is a file: choose a folder for the report")
    entries = sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []
    foreign = [name for name in entries if not _OURS.fullmatch(name)]
    if foreign:
        raise StoreError(
            f"{folder} holds {foreign[0]!a}, which is of no report: choose a new or an empty folder"
        )
    if entries and not _is_marked(folder / "index.html"):
        raise StoreError(
            f"{folder} is not empty and holds no report of ours: choose a new or an empty folder"
        )


def _is_marked(index: Path) -> bool:
    return index.is_file() and MARK in index.read_text("utf-8", errors="replace")


@contextmanager
def new_report(folder: Path) -> Iterator[Path]:
    """An empty folder to write a report into; it becomes `folder` when the block ends well.

    Raises StoreError when `folder` is not ours to replace, when another process builds the same
    report, and when something cannot be written.
    """
    target = local_path(folder).resolve()
    place = target.with_name(f".{target.name}.building")
    try:
        refuse_foreign(folder)
        place.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(place)
        try:
            _clear(place)  # what a killed build left
            yield place
            refuse_foreign(folder)
            (place / LOCK_NAME).unlink()
            replace_folder(place, target)
        finally:
            shutil.rmtree(place, ignore_errors=True)
            lock.release()
    except OSError as error:
        raise StoreError(
            f"cannot write {folder}: {reason(error)}; make room or choose another folder"
        ) from error


def _clear(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != LOCK_NAME:
            entry.unlink()
