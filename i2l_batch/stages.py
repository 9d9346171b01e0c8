"""The two stages that run on Ray workers, as a plain function and a plain class.

Ray appears only where the pipeline wraps them, so that tests call them directly.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from i2l_batch.batches import Key, key_of
from i2l_batch.config import BeamSize, ExtractConfig
from i2l_batch.errors import SourceError
from i2l_batch.extract.files import file_sha256
from i2l_batch.fetch import local_file
from i2l_batch.guard import ExtractionGuard
from i2l_batch.images import Prepared
from i2l_batch.models.config import PictureFormat
from i2l_batch.records import Crop, Source, Transcript

if TYPE_CHECKING:
    from i2l_batch.picture_reader import Device


_HASH_SECONDS = 5.0
"""To read a file once more that could not be extracted: some gigabytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """What the driver needs to know of an extracted chunk; the pieces stay in the object store."""

    source_sha256: str | None
    """Null when the file cannot be read."""
    num_pages: int
    keys: tuple[Key, ...]
    """Per crop: which ones look the same, and how large they are for the model."""
    next_page: int | None
    page_errors: tuple[str, ...]
    notes: tuple[str, ...]
    error: SourceError | None
    """Why nothing was extracted; null when it was."""
    seconds: float


class Piece(NamedTuple):
    """A crop, and its picture as the model reads it."""

    crop: Crop
    picture: Prepared


def extract(
    source: Source,
    config: ExtractConfig,
    first_page: int,
    seconds: float,
    pictures: PictureFormat,
    located: bool,
) -> tuple[Chunk, list[Piece]]:
    """Extract a chunk of pages, and prepare its pictures so that no model waits for that, under
    guard.

    Args:
        source: the document.
        config: what to take out of it.
        first_page: 1-based page that the chunk starts at.
        seconds: fetching and extraction may take so long; a failure is a value, not raised.
        pictures: what the model reads.
        located: whether anybody wants to know where the symbols are.
    """
    began, sha256 = time.monotonic(), None
    try:
        with local_file(source.path, seconds) as path:
            left = max(seconds - (time.monotonic() - began), 0.1)
            try:
                found, prepared = _guard().extract_prepared(
                    path, source.media, config, first_page, pictures, located, seconds=left
                )
            except SourceError:
                sha256 = _sha256(path)
                raise
    except SourceError as error:
        chunk = Chunk(
            source_sha256=sha256,
            num_pages=0,
            keys=(),
            next_page=None,
            page_errors=(),
            notes=(),
            error=error,
            seconds=time.monotonic() - began,
        )
        return chunk, []
    pieces = [Piece(*pair) for pair in zip(found.crops, prepared, strict=True)]
    chunk = Chunk(
        source_sha256=found.source_sha256,
        num_pages=found.num_pages,
        keys=tuple(key_of(piece.picture, located) for piece in pieces),
        next_page=found.next_page,
        page_errors=tuple(found.page_errors),
        notes=tuple(found.notes),
        error=None,
        seconds=time.monotonic() - began,
    )
    return chunk, pieces


class Reader:
    """A model that reads crops out of chunks, once `load` has loaded it.

    Loading is a method of its own because Ray tells of a failed method what was raised, and of a
    failed constructor only that it failed.
    """

    def __init__(
        self,
        checkpoint: Path | None,
        device: Device,
        beam_size: BeamSize,
        batch_size: int | None,
        max_length: int,
        attention: bool,
        num_threads: int,
    ) -> None:
        self._checkpoint = checkpoint
        self._device: Device = device
        self._beam_size: BeamSize = beam_size
        self._batch_size = batch_size
        self._max_length = max_length
        self._attention = attention
        self._num_threads = num_threads

    def load(self) -> None:
        """Load the checkpoint. Raises CheckpointError, UsageError (no such device)."""
        # Threads that spin while they wait would take the cores from extraction. Read by the
        # OpenMP library when torch loads it.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        from i2l_batch.models.files import SHIPPED
        from i2l_batch.transcriber import Transcriber

        self._transcriber = Transcriber(
            self._checkpoint or SHIPPED,
            device=self._device,
            beam_size=self._beam_size,
            batch_size=self._batch_size,
            max_length=self._max_length,
            attention=self._attention,
            num_threads=self._num_threads,
        )

    def read(
        self, picks: list[tuple[int, int]], *chunks: list[Piece]
    ) -> tuple[list[Transcript], float]:
        """Transcripts of pieces, each picked as (chunk, piece in it), and the seconds they took.

        Symbols are in pixels of the crops' pictures.

        Raises:
            SourceError: `crashed`: a chunk was extracted again, and has fewer pieces now.
        """
        began = time.monotonic()
        try:
            pictures = [chunks[c][i].picture for c, i in picks]
        except IndexError as error:
            raise SourceError("crashed", "crops are lost") from error
        transcripts = self._transcriber.read(pictures)
        return transcripts, time.monotonic() - began


@cache
def _guard() -> ExtractionGuard:
    """One guarded child per worker process, kept for its next documents."""
    return ExtractionGuard()


def _sha256(path: str) -> str | None:
    """What failed: so that a next run sees whether the file was replaced meanwhile. Null for what
    takes too long: a file may be large without end, and no guard is here."""
    try:
        return file_sha256(path, _HASH_SECONDS)
    except SourceError:
        return None
