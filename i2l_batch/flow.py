"""The driver of a run: documents on their way through extraction and reading, in bounded number.

In: decisions which sources to do. Out: finished documents, given to the store as they end. Crops
stay in Ray's object store; the driver holds references, and fetches a document's crops only when
all of them are read and its rows are written.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from i2l_batch.account import Account
from i2l_batch.cluster import EXTRACT_CPUS, Plan
from i2l_batch.config import TranscribeConfig
from i2l_batch.errors import SourceError
from i2l_batch.progress import Progress
from i2l_batch.records import Document, Transcript
from i2l_batch.resume import Decision
from i2l_batch.stages import Chunk, Reader, extract
from i2l_batch.store import Store, formula_row
from i2l_batch.tickets import Batch, OpenDocument, Pool, unreadable

BATCHES_PER_READER = 2
"""One that is read and one that waits, so that a reader never idles between two."""

POOL_BATCHES = 4
"""Batches per reader that may lie extracted but unread before extraction pauses."""

TASK_RETRIES = 2
"""Times that an extraction or a batch is tried again when its worker process dies."""


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
    ) -> None:
        import ray
        import ray.exceptions

        self._ray = ray
        self._lost = ray.exceptions.RayError
        self._plan, self._config, self._store = plan, config, store
        self._model_id, self._account, self._progress = model_id, account, progress
        self.timings = {"extract": 0.0, "read": 0.0}
        """Seconds that workers spent in each stage, summed over workers."""
        self._extract: Any = ray.remote(extract).options(
            num_cpus=EXTRACT_CPUS, num_returns=2, max_retries=TASK_RETRIES
        )
        reader = ray.remote(Reader).options(
            num_cpus=plan.reader_cpus,
            num_gpus=plan.reader_gpus,
            max_restarts=-1,
            max_task_retries=TASK_RETRIES,
            # Threads that spin while they wait would take the cores from extraction.
            runtime_env={"env_vars": {"OMP_WAIT_POLICY": "PASSIVE"}},
        )
        self._readers: list[Any] = [
            reader.remote(
                config.model,
                config.device,
                config.beam_size,
                config.batch_size,
                config.max_length,
                plan.reader_threads,
            )
            for _ in range(plan.readers)
        ]
        self._load = [0] * plan.readers
        self._extracting: dict[Any, OpenDocument] = {}
        self._reading: dict[Any, Batch] = {}
        self._pool = Pool()
        self._formulas = 0

    def run(self, todo: Sequence[Decision]) -> None:
        """Take every document to its end; stops early only under `fail_fast`."""
        waiting = deque(todo)
        while waiting or self._extracting or self._reading or self._pool:
            if self._config.fail_fast and self._account.failed:
                return
            self._start_documents(waiting)
            self._start_batches()
            pending = [*self._extracting, *self._reading]
            ready, _ = self._ray.wait(pending, timeout=0.5)
            for reference in ready:
                if reference in self._extracting:
                    self._extracted(reference, self._extracting.pop(reference))
                else:
                    self._read(reference, self._reading.pop(reference))
            self._store.flush_if_due()
            self._progress.update(self._account, self._formulas, waiting=len(self._pool))

    def _start_documents(self, waiting: deque[Decision]) -> None:
        """Extract more, unless readers have enough to do."""
        limit = POOL_BATCHES * self._plan.readers * self._config.batch_size
        while waiting and len(self._extracting) < self._plan.extractors and len(self._pool) < limit:
            self._extract_chunk(OpenDocument(waiting.popleft()), first_page=1)

    def _extract_chunk(self, document: OpenDocument, first_page: int) -> None:
        config = self._config.extract
        left = config.document_timeout - document.seconds
        chunk, crops = self._extract.remote(document.source, config, first_page, max(left, 0.1))
        document.chunks.append(crops)
        self._extracting[chunk] = document

    def _extracted(self, reference: Any, document: OpenDocument) -> None:
        """A chunk is there: its crops join the pool, the next chunk starts."""
        try:
            chunk: Chunk = self._ray.get(reference)
        except self._lost as error:
            document.chunks.pop()
            document.fail(SourceError("crashed", f"{document.source.path}: {_first_line(error)}"))
        else:
            self.timings["extract"] += chunk.seconds
            document.take(chunk)
            self._pool.add(document, len(document.chunks) - 1, chunk.widths)
            if chunk.next_page is not None:
                self._extract_chunk(document, chunk.next_page)
                return
        document.extracted = True
        self._finish(document)

    def _start_batches(self) -> None:
        """Give crops to idle readers; wait for a full batch only while a reader is busy anyway."""
        while self._pool:
            reader = min(range(len(self._load)), key=self._load.__getitem__)
            full = len(self._pool) >= self._config.batch_size or not self._extracting
            if self._load[reader] >= (BATCHES_PER_READER if full else 1):
                return
            batch = self._pool.take(self._config.batch_size, reader)
            picks, chunks = batch.arguments()
            actor = self._readers[reader]
            self._reading[actor.read.remote(picks, *chunks)] = batch
            self._load[reader] += 1

    def _read(self, reference: Any, batch: Batch) -> None:
        """A batch is there, or its reader died over it: then its crops are tried one by one."""
        self._load[batch.reader] -= 1
        try:
            transcripts, seconds = self._ray.get(reference)
        except self._lost as error:
            if len(batch.tickets) > 1:
                self._pool.put_back_alone(batch)
                return
            self._progress.note(f"a formula could not be read: {_first_line(error)}")
            transcripts, seconds = [unreadable()], 0.0
        self.timings["read"] += seconds
        self._formulas += len(transcripts)
        for ticket, transcript in zip(batch.tickets, transcripts, strict=True):
            ticket.document.transcripts[ticket.chunk, ticket.crop] = transcript
            self._finish(ticket.document)

    def _finish(self, document: OpenDocument) -> None:
        """Hand a document to the store once nothing of it is on its way."""
        if not document.is_done:
            return
        row = document.document(self._store.run)
        self._store.add(row, self._rows(document, row))
        self._account.note(row.status, row.formulas)
        if row.error_message:
            (self._progress.failure if row.status == "failed" else self._report)(
                row.source, row.error_message
            )
        document.chunks.clear()

    def _report(self, name: str, message: str) -> None:
        self._progress.note(f"{name}: {message}")

    def _rows(self, document: OpenDocument, row: Document) -> list[dict[str, Any]]:
        rows = []
        for number, reference in enumerate(document.chunks):
            for index, crop in enumerate(self._ray.get(reference)):
                transcript: Transcript = document.transcripts[number, index]
                assert row.source_sha256 is not None
                rows.append(
                    formula_row(
                        row.source,
                        row.source_sha256,
                        crop,
                        transcript,
                        keep_crop=self._config.keep_crops,
                        model=self._model_id,
                    )
                )
        return rows


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
