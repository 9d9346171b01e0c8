"""Starting a run in a results folder: whose folder is it, what is left over, may rows be added.

In: a folder and the new run's settings. Out: the record of the run, on the disk. Touches only files
with our own names. Knows nothing of rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from i2l_batch import runs
from i2l_batch.durable import reason
from i2l_batch.errors import StoreError
from i2l_batch.kept import KEPT_PATTERN
from i2l_batch.layout import (
    PART_NAME,
    RUN_NAME,
    committed_parts,
    first_run,
    names,
    read_run,
    run_of,
)
from i2l_batch.locations import Location
from i2l_batch.runs import JsonValue

_OURS = {"documents": PART_NAME, "formulas": PART_NAME, "runs": RUN_NAME}
"""Our folders and the names of our files in them, in the order in which they are removed: without
the documents part a formulas part does not count, without parts a record binds nobody."""


def refuse_foreign(folder: Location) -> None:
    """Raise StoreError if the folder holds files and is no results folder; nothing is created.

    Names with a leading dot (a lock, .DS_Store) do not count.
    """
    if folder.is_file():
        raise StoreError(f"{folder} is a file: choose a folder for the results")
    entries = [entry for entry in folder.entries() if not _is_hidden(entry[0])]
    if not entries or names(folder, "runs", RUN_NAME):
        return
    for name, is_folder in entries:
        pattern = _OURS.get(name)
        if pattern is None or not is_folder or _holds_others(folder, name, pattern):
            raise StoreError(
                f"{folder} is not empty and holds no results of ours ({name} is in it):"
                " choose a new or an empty folder"
            )


def _holds_others(folder: Location, subfolder: str, pattern: re.Pattern[str]) -> bool:
    found = folder.names(subfolder)
    return not all(_is_hidden(name) or pattern.fullmatch(name) for name in found)


def _is_hidden(name: str) -> bool:
    return name.startswith(".")


def ended_in_order(folder: Location) -> bool:
    """Whether the newest run did, if there is one, as far as its record can be read."""
    recorded = names(folder, "runs", RUN_NAME)
    try:
        return not recorded or read_run(folder, run_of(recorded[-1]))["status"] == "finished"
    except (StoreError, KeyError, TypeError):
        return False


def check_folder(
    folder: Location,
    settings: Mapping[str, JsonValue],
    model: Mapping[str, str],
    *,
    overwrite: bool,
) -> None:
    """Raise StoreError if a run could not be started here; nothing is created or changed."""
    refuse_foreign(folder)
    parts = [] if overwrite else committed_parts(folder)
    if parts:
        runs.check_settings(folder, run_of(parts[-1]), runs.new_record("", settings, model))


def start_run(
    folder: Location, settings: Mapping[str, JsonValue], model: Mapping[str, str], overwrite: bool
) -> dict[str, Any]:
    """Make a locked folder ready for a new run; return its record. Raises StoreError, OSError.

    A run that overwrites leaves earlier rows alone, whatever their state: it may come to nothing.
    """
    folder.prepare({**_OURS, "": KEPT_PATTERN})
    overwrite = overwrite and bool(names(folder, "documents", PART_NAME))
    ours = [name for sub, pattern in _OURS.items() for name in names(folder, sub, pattern)]
    run = runs.new_run_id(map(run_of, ours), runs.utc_now())
    record = runs.new_record(run, settings, model, overwrite=overwrite)
    if not overwrite:
        parts = committed_parts(folder)
        if parts:  # settings bind only rows: all rows have the same, so the newest's do
            runs.check_settings(folder, run_of(parts[-1]), record)
        _clean_up(folder, parts)
    runs.write_record(folder, record)
    return record


def remove_earlier(folder: Location, run: str) -> None:
    """Remove all parts and records that are older than a run's. Raises StoreError."""
    try:
        for subfolder, pattern in _OURS.items():
            found = names(folder, subfolder, pattern)
            folder.remove(subfolder, [name for name in found if run_of(name) < run])
    except OSError as error:
        raise StoreError(
            f"cannot remove earlier results from {folder}: {reason(error)}; they no longer count,"
            " and the next run removes them"
        ) from error


def _clean_up(folder: Location, parts: list[str]) -> None:
    """Remove what a killed run left (overwritten or uncommitted rows); its record says so."""
    remove_earlier(folder, first_run(folder, parts))
    orphans = set(names(folder, "formulas", PART_NAME)).difference(parts)
    folder.remove("formulas", sorted(orphans))
    for name in names(folder, "runs", RUN_NAME):
        record = read_run(folder, run_of(name))
        if record["status"] == "running":  # we hold the lock: it does not run
            runs.write_record(folder, record | {"status": "interrupted"})
