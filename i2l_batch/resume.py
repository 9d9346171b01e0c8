"""What a run does with an input that an earlier run has met: skip it, or do it (again).

In: a source and its committed document, if there is one. Out: a decision. A failed document is
tried again only when asked for; a changed file always.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from i2l_batch.records import Source
from i2l_batch.store import CommittedDocument


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What to do with a source, and how often it was tried before."""

    source: Source
    action: Literal["skip", "transcribe", "retry", "redo"]
    """skip: done. transcribe: new. retry: failed before. redo: the file has changed."""
    attempts: int
    """Earlier attempts at this content."""


def decide(source: Source, earlier: CommittedDocument | None, retry_failed: bool) -> Decision:
    """Whether to skip a source. The file is read (hashed) only if its size is the committed one."""
    if earlier is None:
        return Decision(source=source, action="transcribe", attempts=0)
    unread = earlier.source_sha256 is None  # it failed before its content was known
    if source.num_bytes != earlier.num_bytes or not (
        unread or _sha256(source.path) == earlier.source_sha256
    ):
        return Decision(source=source, action="redo", attempts=0)
    if retry_failed and earlier.status in ("failed", "partial"):
        return Decision(source=source, action="retry", attempts=earlier.attempts)
    return Decision(source=source, action="skip", attempts=earlier.attempts)


def is_known(earlier: CommittedDocument | None, retry_failed: bool) -> bool:
    """Whether an input that cannot be tried is no news: it could not be tried before."""
    return (
        not retry_failed
        and earlier is not None
        and earlier.status == "failed"
        and earlier.source_sha256 is None
    )


def _sha256(path: str) -> str | None:
    """Hash of a file's content; None when it cannot be read, which counts as changed."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError:
        return None
    return digest.hexdigest()
