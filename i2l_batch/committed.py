"""What earlier runs have committed in a results folder, as the next run needs to know it.

In: a folder. Out: its documents by the name of their input. Takes no lock and writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from i2l_batch.locations import Place
from i2l_batch.records import Status
from i2l_batch.results import Results
from i2l_batch.source_names import original_name


@dataclass(frozen=True, kw_only=True, slots=True)
class CommittedDocument:
    """What a resumed run needs to know of a document that is done."""

    path: str | None = None
    """Where its file was."""
    modified: datetime | None = None
    """When its object was written, if it was one."""
    source_sha256: str | None
    num_bytes: int
    formulas: int
    status: Status
    attempts: int


def committed_documents(folder: Place) -> dict[str, CommittedDocument]:
    """What earlier runs have committed in a folder, by `Source.name`; nothing in a new folder."""
    rows = Results(folder).documents()
    columns = ["path", "modified", "source_sha256", "bytes", "formulas", "status", "attempts"]
    return {
        original_name(name): CommittedDocument(
            path=None if path is None else original_name(path),
            modified=modified,
            source_sha256=sha256,
            num_bytes=num_bytes,
            formulas=formulas,
            status=status,
            attempts=attempts,
        )
        for name, path, modified, sha256, num_bytes, formulas, status, attempts in zip(
            rows["source"].to_pylist(),
            *(rows[column].to_pylist() for column in columns),
            strict=True,
        )
    }
