"""The driver of a run: documents on their way through extraction and reading, in bounded number.

In: decisions which sources to do. Out: finished documents, given to the store as they end. Crops
stay in Ray's object store; the driver holds references, and fetches a document's crops only when
all of them are read and its rows are written. Of crops that look the same one is read.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from i2l_batch.account import Account
from i2l_batch.actors import Actors
from i2l_batch.cluster import Plan
from i2l_batch.config import TranscribeConfig
from i2l_batch.doubt import Doubt
from i2l_batch.duplicates import FEW_REMEMBERED, REMEMBERED, Duplicates
from i2l_batch.errors import SourceError
from i2l_batch.extractors import Extractors
from i2l_batch.interrupts import whole
from i2l_batch.lifeline import Lifeline
from i2l_batch.models.config import picture_format
from i2l_batch.models.files import SHIPPED, read_config
from i2l_batch.pace import Pace
from i2l_batch.pool import Pool
from i2l_batch.progress import Progress
from i2l_batch.readers import Answer, Death, Readers, one_line
from i2l_batch.records import Crop, Transcript, unread
from i2l_batch.resume import Decision
from i2l_batch.stages import Reader
from i2l_batch.store import Store
from i2l_batch.table_rows import table_rows
from i2l_batch.tickets import Batch, OpenDocument, Ticket
from i2l_batch.unfinished import Unfinished

POOL_BATCHES = 8
"""Batches per reader that may lie extracted but unread before extraction pauses."""


class Flow:
    """A run under way. `run` does it all; the other methods are its steps."""

    def __init__(
        self,
        plan: Plan,
        config: TranscribeConfig,
        store: Store,
        model_id: str,
        account: Account,
        progress: Progress,
        reader: type[Reader] = Reader,
    ) -> None:
        import ray
        import ray.exceptions

        self._ray, self._lost = ray, ray.exceptions.RayError
        self._plan, self._config, self._store = plan, config, store
        self._model_id, self._account, self._progress = model_id, account, progress
        self._unfinished = Unfinished(store)
        pictures = picture_format(read_config(config.model or SHIPPED))
        self._extractors = Extractors(plan, config.extract, pictures, located=config.attention)
        self.timings = {"extract": 0.0, "read": 0.0, "both": 0.0}
        """Seconds that workers spent in each stage, summed over workers; and those by the clock in
        which both went on."""
        self._lifeline = Lifeline()
        self._readers = Readers(Actors(plan, config, reader).start, plan.homes)
        self._pool = Pool()
        remembered = FEW_REMEMBERED if config.attention else REMEMBERED
        self._duplicates = Duplicates(remembered, self._unfinished.find)
        self._pace = Pace(plan.batch, plan.readers, careful=store.kept.follows_a_death)
        self._works = False
        self._formulas = 0
        self._doubt = Doubt()

    def run(self, todo: Sequence[Decision]) -> None:
        """Take every document to its end; stops early only under `fail_fast`.

        Raises:
            I2LError: the model cannot be loaded, or crashes over everything; Ray has died.
            StoreError: rows cannot be written.
        """
        waiting = deque(todo)
        extractors = self._extractors
        while (more := extractors.goes_on(waiting)) or self._pool or self._readers.is_busy:
            if self._config.fail_fast and self._account.failed:
                return
            self._start_documents(waiting)
            self._start_batches(ending=not more)
            extracting = extractors.pending()
            pending = [*extracting, *self._readers.pending()]
            both, began = extractors.is_busy and self._readers.is_busy, time.monotonic()
            ready, _ = self._ray.wait(pending, timeout=0.5)
            self._lifeline.check()  # before the death of all workers is blamed on what they did
            for reference in ready:
                self._works = True
                if reference in extracting:
                    self._extracted(reference)
                else:
                    self._read(reference)
            self._store.flush_if_due()
            self._unfinished.save_if_due()
            self._progress.update(
                self._account, self._formulas, waiting=len(self._pool), works=self._works
            )
            if both:
                self.timings["both"] += time.monotonic() - began

    def save(self) -> None:
        """Leave to a later run what was read of documents that are not committed. Raises
        StoreError."""
        self._unfinished.save()

    def close(self) -> None:
        """End the readers. Extractions end by themselves, within a document's time limit: when a
        task that is cancelled by force ends at that moment, Ray 2.60 takes the driver down with it
        (a failed check in its task manager)."""
        self._readers.close()
        self._lifeline.close()

    def _start_documents(self, waiting: deque[Decision]) -> None:
        """Extract more, unless readers have enough to do."""
        limit = POOL_BATCHES * self._plan.readers * self._plan.batch.pictures
        while self._extractors.can_start(waiting):
            if len(self._pool) + self._duplicates.num_waiting >= limit:
                return
            self._extractors.start(waiting)

    def _extracted(self, reference: Any) -> None:
        """A chunk is there: its crops join the pool."""
        document, chunk = self._extractors.take(reference)
        if chunk:
            self.timings["extract"] += chunk.seconds
            tickets = document.tickets(chunk)
            self._pool.add([t for t in tickets if self._duplicates.must_be_read(t)])
            known = [ticket for ticket in tickets if ticket.is_answered]
            self._formulas += len(known)
            self._unfinished.note(known)
            self._account.taken_over = self._unfinished.taken_over
        self.finish(document)

    def _start_batches(self, *, ending: bool) -> None:
        """Give crops to readers: many behind others, few or a suspect only to one that would idle.
        Once all are known the largest go first: one left for last has the other readers wait."""
        pool, pace = self._pool, self._pace
        while pool:
            size = pace.call(len(pool))
            behind = size == pace.most and not ending and not pool.next_is_suspect
            if not self._readers.free(behind=behind):
                return
            batch = pool.take_largest(size, pace.area(pool.area)) if ending else pool.take(size)
            self._readers.give(batch)

    def _read(self, reference: Any) -> None:
        """A batch is read, or its reader died over it: then its crops are tried one by one."""
        outcome = self._readers.take(reference)
        if isinstance(outcome, Answer):
            self.timings["read"] += outcome.seconds
            tickets = outcome.batch.tickets
            self._pace.note(len(tickets), outcome.seconds)
            if any(transcript.is_read for transcript in outcome.transcripts):
                self._doubt.ends()
            else:
                keys = [ticket.key for ticket in tickets]
                self._doubt.grows(keys, "the device has no memory for any formula")
            for ticket, transcript in zip(tickets, outcome.transcripts, strict=True):
                self._answer(ticket, transcript)
        elif isinstance(outcome, Death):
            self._progress.note(f"a batch is tried again ({outcome.reason})")
            for batch in outcome.innocent:
                self._pool.put_back(batch)
            for ticket in self._pool.put_back_alone(outcome.suspect):
                if outcome.is_models_fault:
                    reason = f"the model crashes over every formula: {outcome.reason}"
                    self._doubt.grows([ticket.key], reason)
                self._give_up(ticket)

    def _give_up(self, ticket: Ticket) -> None:
        """A crop has killed its reader each time, or is lost."""
        ticket.answer(unread("crashed"))
        self._formulas += 1
        self.finish(ticket.document)
        if another := self._duplicates.give_up(ticket):
            self._pool.put_back(Batch([replace(another, deaths=ticket.deaths - 1)]))

    def _answer(self, ticket: Ticket, transcript: Transcript) -> None:
        """A crop is read, and so are those that look the same."""
        tickets = self._duplicates.answer(ticket, transcript)
        self._formulas += len(tickets)
        self._unfinished.note(tickets)
        for document in {one.document: None for one in tickets}:
            self.finish(document)

    def finish(self, document: OpenDocument) -> None:
        """Hand a document to the store once nothing of it is on its way."""
        if not document.is_done:
            return
        row, rows = table_rows(
            document,
            self._fetch,
            run=self._store.run,
            model=self._model_id,
            keep_crops=self._config.keep_crops,
        )
        earlier = document.decision.formulas
        kept = row.status in ("failed", "partial") and row.formulas < earlier
        with whole():
            if not kept:  # trying it again must not cost what was read before
                self._store.add(row, rows)
            self._unfinished.end(row.source)
            self._account.note(row.status, 0 if kept else row.formulas)
        if row.error_message:
            tell = self._progress.note if row.status in ("ok", "empty") else self._progress.failure
            note = "; its earlier rows are kept" if kept else ""
            tell(f"{row.status}: {row.source}: {row.error_message}{note}")

    def _fetch(self, reference: Any) -> list[Crop]:
        """The crops of a chunk, as they come back from the object store."""
        self._lifeline.check()
        try:
            return [piece.crop for piece in self._ray.get(reference)]
        except self._lost as error:  # with the machine they were on, and extracting again failed
            self._lifeline.check()
            raise SourceError("crashed", f"crops are lost: {one_line(error)}") from error
