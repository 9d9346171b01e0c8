"""What PDF and image files share: the identity of their content, and running out of memory.

In: a path, or an error. Knows nothing of formats, and loads no library.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache

from i2l_batch.errors import SourceError


def file_sha256(path: str) -> str:
    """sha256 of a file, hexadecimal.

    Raises:
        SourceError: `unreadable`.
    """
    try:
        info = os.stat(path)
        return _sha256(path, (info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns))
    except OSError as error:
        raise SourceError("unreadable", f"{path} cannot be read: {error.strerror}") from error


@lru_cache(maxsize=1)  # a book comes in many chunks of pages, and each of them asks
def _sha256(path: str, _version: tuple[int, ...]) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def is_failed_allocation(error: BaseException) -> bool:
    """Whether an error is memory that was refused; MuPDF tells it as one of its own errors."""
    text = str(error)
    words = ("malloc", "calloc", "realloc", "bad_alloc", "out of memory", "bad allocation")
    return isinstance(error, MemoryError) or any(word in text for word in words)
