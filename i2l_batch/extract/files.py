"""What PDF and image files share: the identity of their content, that it stays what it is, and
running out of memory.

In: a path, or an error. Knows nothing of formats, and loads no library.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from i2l_batch.errors import SourceError


def file_sha256(path: str) -> str:
    """sha256 of a file, hexadecimal.

    Raises:
        SourceError: `unreadable`.
    """
    try:
        return _sha256(path, _version(path))
    except OSError as error:
        raise SourceError("unreadable", f"{path} cannot be read: {error.strerror}") from error


@lru_cache(maxsize=1)  # a book comes in many chunks of pages, and each of them asks
def _sha256(path: str, _version: tuple[int, ...]) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def unchanged(path: str) -> Iterator[None]:
    """A block in which a file is read, which must not become another one meanwhile.

    Raises:
        SourceError: `unreadable`, as it was changed, moved or deleted: what was found in it would
            go by the name of other content, and what went wrong is not its fault.
    """
    before = _version_if_there(path)
    failure: SourceError | None = None
    try:
        yield
    except SourceError as error:
        failure = error
    if _version_if_there(path) != before:
        message = f"{path} was changed, moved or deleted while it was read"
        raise SourceError("unreadable", message) from failure
    if failure:
        raise failure


def _version_if_there(path: str) -> tuple[int, ...] | None:
    try:
        return _version(path)[:3]  # other permissions, or another link to it, do no harm
    except OSError:
        return None


def _version(path: str) -> tuple[int, ...]:
    """Another one for other content, as far as the system can tell without reading it."""
    info = os.stat(path)
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


def is_failed_allocation(error: BaseException) -> bool:
    """Whether an error is memory that was refused; MuPDF tells it as one of its own errors."""
    text = str(error)
    words = ("malloc", "calloc", "realloc", "bad_alloc", "out of memory", "bad allocation")
    return isinstance(error, MemoryError) or any(word in text for word in words)
