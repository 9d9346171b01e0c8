"""The parquet store: documents and their formulas go in, committed parts come out.

A part holds many whole documents: formulas/<part> is written first, documents/<part> of the same
name commits it. A formulas part without its twin was never committed; the next run removes it. Both
are always written, so that a missing formulas part is known to be lost.

The driver process is the only writer, and holds the rows and crops of at most one part (or of one
document, if that is larger). Workers that write would keep crop bytes off the driver, but a worker
outlives a dead driver for seconds and could commit behind the next run's back; then commits need
fencing, and the folder must be on every machine. One writer needs neither, and is fast enough:
benchmarks/store.md. Knows nothing of Ray, of models and of files other than its own.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence, Set
from types import TracebackType
from typing import Any, Literal

from i2l_batch import runs
from i2l_batch.commits import CommitLog
from i2l_batch.committed import CommittedDocument, committed_documents
from i2l_batch.durable import reason
from i2l_batch.errors import StoreError
from i2l_batch.folder import ended_in_order, refuse_foreign, remove_earlier, start_run
from i2l_batch.kept import Kept
from i2l_batch.locations import Location, Lock, Place, located
from i2l_batch.parts import FORMULA_PART, document_row, formula_row, write_part
from i2l_batch.records import UNREAD, Document
from i2l_batch.runs import JsonValue
from i2l_batch.schema import DOCUMENT_SCHEMA
from i2l_batch.source_names import stored_name

__all__ = ["Store", "formula_row"]


class Store:
    """The writing end of a results folder. A context manager; see `open`, `add` and `close`."""

    def __init__(
        self,
        folder: Location,
        lock: Lock,
        record: dict[str, Any],
        kept: Kept,
        part_rows: int,
        part_bytes: int,
        part_seconds: float,
    ) -> None:
        self.run: str = record["run"]
        """Id of this run, such as 20261122T101500Z-ab12; ids sort by time."""
        self.kept = kept
        """What goes on to the next run; it ends with a run that finishes."""
        self._folder = folder
        self._lock = lock
        self._record = record
        self._commits = CommitLog()
        self._part_rows = part_rows
        self._part_bytes = part_bytes
        self._part_seconds = part_seconds
        self._num_parts = 0
        self._overwrites: bool = record["overwrite"]
        """Earlier rows are there, and end with this run's first part."""
        self._closed = False
        self._begin_part()

    @classmethod
    def open(
        cls,
        folder: Place,
        *,
        settings: Mapping[str, JsonValue],
        model: Mapping[str, str],
        overwrite: bool = False,
        part_rows: int = 5000,
        part_bytes: int = 64 << 20,
        part_seconds: float = 60.0,
    ) -> Store:
        """Lock a new, an empty or a results folder, and start a run in it.

        settings: the options that change rows, and no secrets: they are stored as they are.
        model: what identifies the weights (id, sha256). overwrite: replace the earlier rows and
        records; see `flush`. Other files in the folder are never touched. part_rows, part_bytes,
        part_seconds: a part is committed when it has that many rows, that many bytes of crops, or
        its first document is that old.

        Raises StoreError if the folder is in use, cannot be written, is foreign, or its rows were
        made with other settings or another model.
        """
        folder = located(folder)
        try:
            refuse_foreign(folder)
            lock = folder.lock()
        except OSError as error:
            raise StoreError(f"cannot use {folder}: {reason(error)}") from error
        try:
            in_order = ended_in_order(folder)
            record = start_run(folder, settings, model, overwrite)
        except BaseException as error:
            lock.release()
            if isinstance(error, OSError):
                raise StoreError(f"cannot use {folder}: {reason(error)}") from error
            raise
        kept = Kept(folder, lock, record, fresh=overwrite, follows_a_death=not in_order)
        return cls(folder, lock, record, kept, part_rows, part_bytes, part_seconds)

    def committed(self) -> dict[str, CommittedDocument]:
        """The documents in committed parts, by `Source.name`. Buffered ones are not among them,
        nor those that this run is about to overwrite."""
        return {} if self._overwrites else committed_documents(self._folder)

    @property
    def buffered(self) -> Set[str]:
        """Sources, as stored, that were added and are not committed."""
        return self._sources

    def add(self, document: Document, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take a finished document and its rows (`formula_row`); commits the part when it is due.

        An earlier document of the same source is replaced. Raises StoreError as `flush` does.
        """
        source = stored_name(document.source)
        assert not self._closed, "the store is closed"
        assert document.formulas == len(rows), (document.formulas, len(rows))
        assert all(row["source"] == source for row in rows), source
        if source in self._sources:  # a part holds a source once: the newest part tells the newest
            self._commit()
        if not self._sources:
            self._oldest = time.monotonic()
        self._sources.add(source)
        self._documents.append(document_row(document))
        self._formulas.extend(rows)
        self._bytes += sum(len(row["crop"]["bytes"]) for row in rows if row["crop"])
        self.flush_if_due()

    def flush_if_due(self) -> None:
        """Commit the part if it has rows, bytes or seconds enough. Call it now and then while no
        document finishes."""
        rows = len(self._documents) + len(self._formulas)
        full = rows >= self._part_rows or self._bytes >= self._part_bytes
        if self._sources and (full or time.monotonic() - self._oldest >= self._part_seconds):
            self.flush()

    def flush(self) -> None:
        """Commit what was added: when this returns, the rows are on the disk.

        A run that overwrites commits nothing before a formula is read, which shows that it can be
        done. Its first part replaces all earlier ones in the moment of its commit; what is done
        after that only makes room.

        Raises StoreError when they cannot be written. They then stay in memory, and the next flush
        tries again under the same name.
        """
        if self._sources and (not self._overwrites or any(map(_is_read, self._formulas))):
            self._commit()

    def _commit(self) -> None:
        self._lock.check()
        part = f"part-{self.run}-{self._num_parts:06d}.parquet"
        write_part(self._folder, f"formulas/{part}", self._formulas, FORMULA_PART)
        self._lock.check()
        write_part(self._folder, f"documents/{part}", self._documents, DOCUMENT_SCHEMA)
        self._num_parts += 1
        self._commits.note(len(self._documents), len(self._formulas))
        self._begin_part()
        if self._overwrites:
            self._overwrites = False
            remove_earlier(self._folder, self.run)
        self._record["commits"] = self._commits.entries
        runs.write_record(self._folder, self._record)  # for who looks while the run goes on

    def close(
        self,
        *,
        status: Literal["finished", "interrupted", "failed"],
        counts: Mapping[str, int],
        timings: Mapping[str, float],
    ) -> None:
        """Flush, complete the run's record (timings in seconds), release the folder."""
        self._closed = True
        try:
            if status == "finished" and self._overwrites:
                self._commit()  # the earlier rows end even if there are no new ones
            self.flush()
            if status == "finished":
                self.kept.remove()
            self._record |= {
                "status": status,
                "finished": runs.timestamp(runs.utc_now()),
                "counts": dict(counts),
                "timings": dict(timings),
            }
            runs.write_record(self._folder, self._record)
        finally:
            self._lock.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._closed:
            return
        try:
            if kind is None:
                self.close(status="finished", counts={}, timings={})
            elif issubclass(kind, KeyboardInterrupt):
                self.close(status="interrupted", counts={}, timings={})
            else:
                self.close(status="failed", counts={}, timings={})
        except StoreError:
            if kind is None:  # otherwise the first error is the one to tell
                raise

    def _begin_part(self) -> None:
        self._sources: set[str] = set()
        self._documents: list[dict[str, Any]] = []
        self._formulas: list[Mapping[str, Any]] = []
        self._bytes = 0
        self._oldest = time.monotonic()


def _is_read(row: Mapping[str, Any]) -> bool:
    return UNREAD.keys().isdisjoint(row["flags"])
