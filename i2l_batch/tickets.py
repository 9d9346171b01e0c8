"""The driver's bookkeeping: documents on their way, and their crops that are to be read.

In: chunks as they are extracted, and answers. Out: tickets for crops, and finished documents.
Knows nothing of Ray: a chunk's crops are an opaque reference here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from i2l_batch.batches import Key
from i2l_batch.errors import SourceError
from i2l_batch.printable import printable
from i2l_batch.records import UNREAD, Crop, Document, Source, Status, Transcript
from i2l_batch.resume import Decision
from i2l_batch.stages import Chunk

MAX_PAGE_ERRORS = 10
"""Pages of a document that are told one by one."""


@dataclass(eq=False, slots=True)
class OpenDocument:
    """A document between its first extraction task and its row."""

    decision: Decision
    chunks: list[Any] = field(default_factory=list)
    """References to the crops of each chunk."""
    sizes: list[int] = field(default_factory=list)
    """Number of crops of each chunk."""
    transcripts: dict[tuple[int, int], Transcript] = field(default_factory=dict)
    """By (chunk, crop in it)."""
    extracted: bool = False
    pages: int = 0
    sha256: str | None = None
    seconds: float = 0.0
    """Extraction time so far."""
    page_errors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: SourceError | None = None

    @property
    def source(self) -> Source:
        """The input file."""
        return self.decision.source

    @property
    def num_crops(self) -> int:
        """Crops so far."""
        return sum(self.sizes)

    @property
    def is_done(self) -> bool:
        """Nothing more will come."""
        return self.extracted and len(self.transcripts) == self.num_crops

    def take(self, chunk: Chunk) -> bool:
        """Note an extracted chunk, whose crops were put in `chunks` last; false if it failed."""
        self.seconds += chunk.seconds
        if chunk.error:
            self.sha256 = self.sha256 or chunk.source_sha256
            self.fail(chunk.error)
            return False
        if self.sha256 not in (None, chunk.source_sha256):
            self.fail(SourceError("unreadable", f"{self.source.path} changed while it was read"))
            return False
        self.sha256 = chunk.source_sha256
        self.pages = chunk.num_pages
        self.sizes.append(len(chunk.keys))
        self.page_errors += chunk.page_errors
        self.notes += chunk.notes
        return True

    def tickets(self, chunk: Chunk) -> list[Ticket]:
        """Those of the chunk that was taken last."""
        number = len(self.sizes) - 1
        return [Ticket(self, number, crop, key) for crop, key in enumerate(chunk.keys)]

    def fail(self, error: SourceError) -> None:
        """Note why the chunk put in last failed; what was extracted before stays."""
        self.chunks.pop()
        self.error = error

    def lose(self, error: SourceError) -> None:
        """Note that crops are gone although they were read: nothing of the document counts."""
        self.chunks, self.sizes, self.transcripts = [], [], {}
        self.error = error

    def crops(self, fetch: Callable[[Any], Sequence[Crop]]) -> Iterator[tuple[Crop, Transcript]]:
        """All crops with what was read in them; `fetch` gets those of a chunk by its reference.

        Raises:
            SourceError: `crashed`: a chunk holds not the crops that were read, as it was extracted
            again and ended otherwise. Also what `fetch` raises.
        """
        for number, (reference, size) in enumerate(zip(self.chunks, self.sizes, strict=True)):
            crops = fetch(reference)
            if len(crops) != size:
                raise SourceError("crashed", f"{size} crops were read, {len(crops)} are there now")
            for index, crop in enumerate(crops):
                yield crop, self.transcripts[number, index]

    def document(self, run: str) -> Document:
        """The row of a document that is done."""
        nothing = self._is_all_damaged()
        messages = [str(self.error)] if self.error else []
        messages += [*_first(self.page_errors), *self._unread_notes(), *self.notes]
        return Document(
            source=self.source.name,
            path=self.source.path,
            modified=self.source.modified,
            source_sha256=self.sha256,
            num_bytes=self.source.num_bytes,
            pages=self.pages,
            formulas=self.num_crops,
            status=self._status(),
            error_type=self.error.error_type if self.error else "corrupt" if nothing else None,
            error_message=printable("; ".join(messages)) or None,
            seconds=self.seconds,
            attempts=self.decision.attempts + 1,
            run=run,
        )

    def _status(self) -> Status:
        if self.error:
            return "partial" if self.chunks else "failed"
        if self._is_all_damaged():
            return "failed"
        if self.page_errors or self._unread_notes():
            return "partial"
        return "ok" if self.num_crops else "empty"

    def _is_all_damaged(self) -> bool:
        """Whether there was an error on every page."""
        return bool(self.page_errors) and len(self.page_errors) >= self.pages

    def _unread_notes(self) -> list[str]:
        counts = {
            flag: sum(flag in transcript.flags for transcript in self.transcripts.values())
            for flag in UNREAD
        }
        return [
            f"{count} of {self.num_crops} formulas {UNREAD[flag]}"
            for flag, count in counts.items()
            if count
        ]


def _first(errors: Sequence[str]) -> list[str]:
    """The first ones, and how many more there are."""
    more = len(errors) - MAX_PAGE_ERRORS
    told = [f"and {more} more pages"] if more > 0 else []
    return [*errors[:MAX_PAGE_ERRORS], *told]


@dataclass(frozen=True, slots=True)
class Ticket:
    """One crop that is to be read."""

    document: OpenDocument
    chunk: int
    crop: int
    key: Key
    """Of its picture."""
    deaths: int = 0
    """Readers that died over a batch with it in: after the first it is read by itself."""

    @property
    def is_answered(self) -> bool:
        """Whether it is known what was read."""
        return (self.chunk, self.crop) in self.document.transcripts

    @property
    def transcript(self) -> Transcript:
        """What was read; it is answered."""
        return self.document.transcripts[self.chunk, self.crop]

    def answer(self, transcript: Transcript) -> None:
        """Note what was read."""
        self.document.transcripts[self.chunk, self.crop] = transcript


@dataclass(frozen=True, slots=True)
class Batch:
    """Crops that are read together, of any documents."""

    tickets: Sequence[Ticket]

    @property
    def is_suspect(self) -> bool:
        """Whether a reader has died over it, or over one that it was in."""
        return any(ticket.deaths for ticket in self.tickets)

    def arguments(self) -> tuple[list[tuple[int, int]], list[Any]]:
        """Picks (chunk argument, crop in it) and the chunk references they point into."""
        order: dict[tuple[int, int], int] = {}
        references = []
        picks = []
        for ticket in self.tickets:
            key = (id(ticket.document), ticket.chunk)
            if key not in order:
                order[key] = len(references)
                references.append(ticket.document.chunks[ticket.chunk])
            picks.append((order[key], ticket.crop))
        return picks, references
