"""What a run does with its inputs, in view of what earlier runs did: skip them, or do them (again).

In: sources and the committed documents. Out: decisions. A failed document is tried again only when
asked for; a changed file always.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from i2l_batch.committed import CommittedDocument
from i2l_batch.errors import SourceError, UsageError
from i2l_batch.fetch import document_sha256, is_same_object, object_exists
from i2l_batch.locations import Place
from i2l_batch.object_uri import is_uri
from i2l_batch.records import Problem, Source

_THREADS = 4
"""That read files: more of them wait for the same disk."""

_SLICE = 64
"""Files between two looks at the clock; after Ctrl-C only those being read are waited for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What to do with a source, and what became of it before."""

    source: Source
    action: Literal["skip", "transcribe", "retry", "redo"]
    """skip: done. transcribe: new. retry: failed before. redo: the file has changed."""
    attempts: int
    """Earlier attempts at this content."""
    formulas: int = 0
    """Rows that they left."""


def decide_all(
    sources: Sequence[Source | Problem],
    committed: Mapping[str, CommittedDocument],
    retry_failed: bool,
    folder: Place,
    tell: Callable[[int, int], None] | None = None,
) -> list[Decision | None]:
    """A decision for each source, in order; null for what cannot be tried.

    folder: of the results, for the message. tell: is told how many of how many are decided.

    Raises:
        UsageError: a source would replace another file of the same name.
    """

    def one(source: Source | Problem) -> Decision | None:
        if isinstance(source, Problem):
            return None
        return decide(source, committed.get(source.name), retry_failed)

    decisions: list[Decision | None] = []
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(sources), _SLICE):
            decisions += pool.map(one, sources[start : start + _SLICE])
            if tell:
                tell(len(decisions), len(sources))
    for decision in decisions:
        if decision and decision.action == "redo":
            _refuse_namesake(decision.source, committed[decision.source.name].path, folder)
    return decisions


def decide(source: Source, earlier: CommittedDocument | None, retry_failed: bool) -> Decision:
    """Whether to skip a source.

    A file is read (hashed) only if its size is the committed one, and an object of that size only
    if it was written again since then: all of them would come over the network.
    """
    if earlier is None:
        return Decision(source=source, action="transcribe", attempts=0)
    unread = earlier.source_sha256 is None  # it failed before its content was known
    if source.num_bytes != earlier.num_bytes or not (
        unread or _is_untouched(source, earlier) or _sha256(source.path) == earlier.source_sha256
    ):
        return Decision(source=source, action="redo", attempts=0)
    if retry_failed and earlier.status in ("failed", "partial"):
        return Decision(
            source=source, action="retry", attempts=earlier.attempts, formulas=earlier.formulas
        )
    return Decision(source=source, action="skip", attempts=earlier.attempts)


def _is_untouched(source: Source, earlier: CommittedDocument) -> bool:
    """Whether a store says that it is the same object, not written again."""
    known = source.modified is not None and source.modified == earlier.modified
    return known and earlier.path is not None and is_same_object(source.path, earlier.path)


def is_known(earlier: CommittedDocument | None, retry_failed: bool) -> bool:
    """Whether an input that cannot be tried is no news: it could not be tried before."""
    return (
        not retry_failed
        and earlier is not None
        and earlier.status == "failed"
        and earlier.source_sha256 is None
    )


def _refuse_namesake(source: Source, earlier: str | None, folder: Place) -> None:
    """A file that was moved, or changed where it is, is the same document; another one is not."""
    if earlier is None or _is_same_or_gone(earlier, source.path):
        return
    raise UsageError(
        f"{source.name} is already in {folder}, from {earlier}: "
        "name the folder above both, or another -o"
    )


def _is_same_or_gone(earlier: str, path: str) -> bool:
    if is_uri(earlier):
        return is_same_object(earlier, path) or not object_exists(earlier)
    try:
        return os.path.samefile(earlier, path) if not is_uri(path) else not os.stat(earlier)
    except OSError:  # the earlier one is gone
        return True


def _sha256(path: str) -> str | None:
    """Hash of a file's content; null when it cannot be read, which counts as changed."""
    try:
        return document_sha256(path)
    except SourceError:
        return None
