"""What PDF and image files share: the identity of their content, and running out of memory."""

from __future__ import annotations

import hashlib

from i2l_batch.errors import SourceError


def file_sha256(path: str) -> str:
    """sha256 of a file, hexadecimal.

    Raises:
        SourceError: `unreadable`.
    """
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise SourceError("unreadable", f"{path} cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def is_failed_allocation(error: BaseException) -> bool:
    """Whether an error is memory that was refused; MuPDF tells it as one of its own errors."""
    text = str(error)
    words = ("malloc", "calloc", "realloc", "bad_alloc", "out of memory", "bad allocation")
    return isinstance(error, MemoryError) or any(word in text for word in words)
