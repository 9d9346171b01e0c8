"""Documents whose pages are being extracted, chunk by chunk, a bounded number at the same time.

In: decisions which documents to do. Out: their chunks, in any order. The crops stay in Ray's object
store; a document holds references to them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import Any

from i2l_batch.cluster import Plan
from i2l_batch.config import ExtractConfig
from i2l_batch.errors import SourceError
from i2l_batch.models.config import PictureFormat
from i2l_batch.readers import one_line
from i2l_batch.resume import Decision
from i2l_batch.stages import Chunk, extract
from i2l_batch.tickets import OpenDocument

RETRIES = 2
"""Times that Ray extracts a chunk again when the worker process dies or its crops are lost. What a
document does to the process that opens it is the guard's business, and not tried again."""


class Extractors:
    """All extraction tasks of a run."""

    def __init__(
        self, plan: Plan, config: ExtractConfig, pictures: PictureFormat, *, located: bool
    ) -> None:
        """No document yet.

        Args:
            plan: how many tasks at the same time, and what each is given.
            config: what to take out of documents.
            pictures: what the model reads.
            located: whether anybody wants to know where symbols are.
        """
        import ray
        import ray.exceptions

        self._ray = ray
        self._lost, self._raised = ray.exceptions.RayError, ray.exceptions.RayTaskError
        self._config, self._pictures, self._located = config, pictures, located
        self._most = plan.extractors
        self._extract: Any = ray.remote(extract).options(
            num_cpus=plan.extract_cpus, num_returns=2, max_retries=RETRIES
        )
        self._begun: deque[tuple[OpenDocument, int]] = deque()
        """Documents of which pages are left, and the next one."""
        self._extracting: dict[Any, OpenDocument] = {}

    @property
    def is_busy(self) -> bool:
        """Whether any task is under way."""
        return bool(self._extracting)

    def goes_on(self, waiting: Collection[Decision]) -> bool:
        """Whether any task is under way, or to be started for what waits or has begun."""
        return self.is_busy or bool(waiting or self._begun)

    def can_start(self, waiting: Collection[Decision]) -> bool:
        """Whether another task is to be started, and may be."""
        return bool(waiting or self._begun) and len(self._extracting) < self._most

    def pending(self) -> list[Any]:
        """References of all that is under way."""
        return list(self._extracting)

    def start(self, waiting: deque[Decision]) -> None:
        """Extract the next chunk of a document that has begun, or the first of one that waits."""
        begun = self._begun
        document, page = begun.popleft() if begun else (OpenDocument(waiting.popleft()), 1)
        seconds = max(self._config.document_timeout - document.seconds, 0.1)
        chunk, pieces = self._extract.remote(
            document.source, self._config, page, seconds, self._pictures, self._located
        )
        document.chunks.append(pieces)
        self._extracting[chunk] = document

    def take(self, reference: Any) -> tuple[OpenDocument, Chunk | None]:
        """What a reference that is ready holds: a document and its next chunk; null if that failed,
        as the document knows then. It is all there when it says `extracted`."""
        document = self._extracting.pop(reference)
        try:
            chunk: Chunk = self._ray.get(reference)
        except self._lost as error:
            cause = error.cause if isinstance(error, self._raised) else error
            document.fail(SourceError("crashed", f"{document.source.path}: {one_line(cause)}"))
            found = None
        else:
            found = chunk if document.take(chunk) else None
        if found and found.next_page is not None:
            self._begun.append((document, found.next_page))
        else:
            document.extracted = True
        return document, found
