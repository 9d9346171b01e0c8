"""Which files are in a results folder, and which of them count.

    results/
      formulas/part-<run>-<n>.parquet    one row per formula
      documents/part-<run>-<n>.parquet   one row per document: the commit record
      runs/<run>.json                    settings, model, versions, counts, timings
      unfinished.gz                      while a run is not finished: see `kept`

In: a folder. Out: names of files, records of runs. A formulas part whose documents part is missing
was never committed and does not count, nor do parts older than the first one of a run that
overwrites. Knows nothing of rows, and nothing of writing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from i2l_batch.errors import StoreError
from i2l_batch.locations import Location

# Run ids and part numbers have a fixed width, so that names sort in the order of their commit.
_RUN = r"(\d{8}T\d{6}Z-[0-9a-f]{4})"
PART_NAME = re.compile(rf"part-{_RUN}-\d{{6}}\.parquet")
RUN_NAME = re.compile(rf"{_RUN}\.json")


def names(folder: Location, subfolder: str, pattern: re.Pattern[str]) -> list[str]:
    """Names that match wholly, sorted (for parts: in the order of their commit)."""
    return sorted(name for name in folder.names(subfolder) if pattern.fullmatch(name))


def run_of(name: str) -> str:
    """The run that wrote a part or a record, out of the file's name."""
    match = PART_NAME.fullmatch(name) or RUN_NAME.fullmatch(name)
    assert match is not None
    return match[1]


def committed_parts(folder: Location) -> list[str]:
    """File names of the committed parts, oldest first. Raises StoreError for a lost formulas part.

    Documents are listed first: their twins were written before them, so that a part committed in
    the meantime is either seen whole or not at all.
    """
    documents = names(folder, "documents", PART_NAME)
    first = first_run(folder, documents)
    documents = [part for part in documents if run_of(part) >= first]
    lost = set(documents).difference(names(folder, "formulas", PART_NAME))
    if lost and lost.isdisjoint(names(folder, "documents", PART_NAME)):
        return committed_parts(folder)  # they were overwritten while we looked
    if lost:
        raise StoreError(
            f"{folder}/formulas/{min(lost)} is missing: put the file back, or remove"
            f" {folder}/documents/{min(lost)} to have its documents done again"
        )
    return documents


def first_run(folder: Location, parts: Sequence[str]) -> str:
    """The first run whose parts count: the newest of those that overwrite; else an empty text.

    The commit of such a run's first part thus takes all earlier rows away at once; their files
    are removed after it, which may take a while, or never happen.
    """
    recorded = {run_of(name) for name in names(folder, "runs", RUN_NAME)}
    for run in sorted(recorded.intersection(map(run_of, parts)), reverse=True):
        if read_run(folder, run).get("overwrite"):
            return run
    return ""


def read_run(folder: Location, run: str) -> dict[str, Any]:
    """runs/<run>.json. Raises StoreError when it cannot be read."""
    name = f"runs/{run}.json"
    try:
        return json.loads(folder.read(name).decode("utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"cannot read {folder}/{name}: {error}") from error
