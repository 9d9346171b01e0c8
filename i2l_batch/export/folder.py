"""Folders that are whole or absent, as `durable.whole_file` is for files.

In: a final path and what to write. Out: the folder under that name with all that is in it, or
nothing but an error. Knows nothing of what is in the folder, but the mark that tells an export.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from i2l_batch.durable import reason, replace_folder, temporary_name
from i2l_batch.errors import StoreError, UsageError

MARK = ".i2l-export"
"""An empty file: this folder is an export's, and may be replaced by the next one."""


@contextmanager
def whole_folder(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """A new folder to write into, which gets its name when all is written.

    A folder that is not empty is replaced with `overwrite` only, and only if an export wrote it:
    whoever gives the wrong folder loses nothing. Raises UsageError for that, StoreError when the
    disk is full or the folder cannot be written; what was written is then removed.
    """
    _check(path, overwrite)
    made = path.with_name(temporary_name(path.name))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if made.exists():  # of an export that was killed
            shutil.rmtree(made)
        made.mkdir()
        yield made
        (made / MARK).touch()
        replace_folder(made, path)
    except BaseException as error:
        shutil.rmtree(made, ignore_errors=True)
        if isinstance(error, OSError):
            raise StoreError(
                f"cannot write {path}: {reason(error)}; make room or choose another folder"
            ) from error
        raise


def _check(path: Path, overwrite: bool) -> None:
    if not path.exists():
        return
    if not path.is_dir():
        raise UsageError(f"{path} is a file: give the name of a folder")
    if not any(path.iterdir()):
        return
    if not (path / MARK).exists():
        raise UsageError(f"{path} holds files that no export wrote: give another folder")
    if not overwrite:
        raise UsageError(f"{path} holds an earlier export: give another folder, or --overwrite")
