"""File names for papers: those of the papers as far as they can be, and never the same twice.

In: sources, which come from other people's file systems. Out: relative paths that stay below the
folder they are joined to, and differ even where upper and lower case do not. Knows nothing of what
is in the files.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

MAX_BYTES = 150
"""Most of a folder's or a file's name, of the 255 that file systems take."""

MAX_PATH_BYTES = 1000
"""Most of a path, of the 4096 that systems take with all that is above it."""

_FORBIDDEN = frozenset('<>:"|?*\\/')


class Names:
    """Gives each source a file; the same sources in the same order get the same names.

    A name that can be kept is kept: `2020/walk.pdf` becomes `2020/walk.pdf.md`. What cannot be is
    replaced, and a few digits of the source's SHA-256 tell such names apart.
    """

    def __init__(self, suffix: str, taken: Iterable[str] = ()) -> None:
        """suffix: with its dot. taken: names in the folder that no paper may have."""
        self._suffix = suffix
        self._files: set[str] = {_key(name) for name in taken}
        self._folders: set[str] = set()

    def path(self, source: str) -> PurePosixPath:
        """Where the file of a source goes; call it once for each."""
        digest = hashlib.sha256(source.encode("utf-8")).hexdigest()
        parts = source.split("/")
        plain = [_plain(part) for part in parts]
        if plain != parts:
            plain[-1] += f"~{digest[:8]}"
        path = self._with_suffix(plain)
        digits = 8
        while len(str(path).encode("utf-8")) > MAX_PATH_BYTES or not self._is_free(path):
            digits += 8
            assert digits <= len(digest), source
            path = self._with_suffix([f"{_plain(parts[-1])}~{digest[:digits]}"])
        self._files.add(_key(str(path)))
        self._folders.update(_key(str(folder)) for folder in path.parents)
        return path

    def _with_suffix(self, parts: list[str]) -> PurePosixPath:
        return PurePosixPath(*parts[:-1], parts[-1] + self._suffix)

    def _is_free(self, path: PurePosixPath) -> bool:
        """Whether neither the file nor a folder above it has the name of another."""
        key = _key(str(path))
        above = {_key(str(folder)) for folder in path.parents}
        return key not in self._files and key not in self._folders and not above & self._files


def _plain(part: str) -> str:
    """A part of a path that every file system takes; not empty, not hidden, no `..`."""
    text = "".join("_" if c in _FORBIDDEN or not c.isprintable() else c for c in part)
    if text[:1] in ("", ".", "~", "-", " "):
        text = "_" + text[1:]
    if text[-1] in ". ":
        text = text[:-1] + "_"
    return text.encode("utf-8")[:MAX_BYTES].decode("utf-8", "ignore")


def _key(path: str) -> str:
    """What is equal for names that some file system takes for one."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFD", path).casefold())
