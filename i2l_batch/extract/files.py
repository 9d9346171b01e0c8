"""Identity of an input file's content."""

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
