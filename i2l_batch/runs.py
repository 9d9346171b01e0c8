"""The record of one run: runs/<run>.json.

In: the options that change rows, the model, and at the end counts and timings. Out: a JSON file
that says what made the rows, and the comparison that keeps rows of different settings apart. Knows
nothing of rows.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import socket
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from importlib import metadata
from typing import Any, Literal, TypeAlias

import i2l_batch
from i2l_batch.errors import StoreError
from i2l_batch.layout import read_run
from i2l_batch.locations import Location

JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None
RunStatus = Literal["running", "finished", "interrupted", "failed"]
"""interrupted: by the user, or by the driver's death; then `finished` is null, and the status is
`running` until the next run sees to it."""

FORMAT = 2
"""Number of the layout and of the columns' meaning; rows of different formats do not mix."""

_CLOCK = "%Y%m%dT%H%M%SZ"
_LIBRARIES = ("torch", "ray", "pymupdf", "pyarrow")


def utc_now() -> datetime:
    """The time in UTC, to the second."""
    return datetime.now(timezone.utc).replace(microsecond=0)


def timestamp(time: datetime) -> str:
    """ISO 8601 with Z, as in the records."""
    return time.isoformat().replace("+00:00", "Z")


def new_run_id(earlier: Iterable[str], now: datetime) -> str:
    """An id such as 20261122T101500Z-ab12 that sorts after all earlier ones.

    When the clock stands at or before the newest run's time (two runs in a second, a clock set
    back), that time plus one second is taken: the order of commits hangs on the ids' order.
    """
    newest = max(earlier, default=None)
    if newest is not None:
        time = datetime.strptime(newest.split("-")[0], _CLOCK).replace(tzinfo=timezone.utc)
        now = max(now, time + timedelta(seconds=1))
    return f"{now.strftime(_CLOCK)}-{secrets.token_hex(2)}"


def new_record(
    run: str,
    settings: Mapping[str, JsonValue],
    model: Mapping[str, str],
    *,
    overwrite: bool = False,
) -> dict[str, Any]:
    """The record of a run that starts now. overwrite: its rows replace those of earlier runs."""
    return {
        "run": run,
        "format": FORMAT,
        "status": "running",
        "started": timestamp(utc_now()),
        "finished": None,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "overwrite": overwrite,
        "settings": dict(settings),
        "model": dict(model),
        "versions": versions(),
        "counts": {},
        "timings": {},
        "commits": [],
    }


def write_record(folder: Location, record: Mapping[str, Any]) -> None:
    """Write runs/<run>.json, whole or not at all. Raises StoreError."""
    with folder.whole_file(f"runs/{record['run']}.json") as file:
        file.write(json.dumps(record, indent=2, ensure_ascii=False).encode() + b"\n")


def versions() -> dict[str, str]:
    """Versions of what makes the rows. Read from the packages' metadata: torch is not imported."""
    found = {"i2l_batch": i2l_batch.__version__, "python": platform.python_version()}
    return found | {name: metadata.version(name) for name in _LIBRARIES}


def check_settings(folder: Location, run: str, record: Mapping[str, Any]) -> None:
    """Compare a new run's record with that of `run`, whose rows are in the folder.

    Raises StoreError that names each difference.
    """
    name = f"{run}.json"
    advice = "use --overwrite to start again, or another output folder"
    if name not in folder.names("runs"):
        raise StoreError(
            f"{folder}/runs/{name} is missing, so the settings of its rows are unknown: {advice}"
        )
    old, new = facts(read_run(folder, run)), facts(record)
    differences = [
        f"{key} {_shown(old.get(key))} -> {_shown(new.get(key))}"
        for key in dict.fromkeys([*old, *new])
        if old.get(key) != new.get(key)
    ]
    if differences:
        raise StoreError(
            f"{folder} holds rows made with other settings ({'; '.join(differences)}): {advice}"
        )


def facts(record: Mapping[str, Any]) -> dict[str, str]:
    """What must be equal in two records for their rows to be alike, each value as its JSON text:
    what is read back is not what was given (lists for tuples), and Python takes 1 for True."""
    found = {"format": record["format"], **record["settings"]}
    found |= {f"model {key}": value for key, value in record["model"].items()}
    return {key: json.dumps(value, ensure_ascii=False) for key, value in found.items()}


def _shown(value: str | None) -> str:
    return "not set" if value is None else value.strip('"')
