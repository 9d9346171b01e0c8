"""Papers in an object store, found by name: an object, all below a prefix, or a glob.

In: a URI. Out: what is there, as it was reached. Objects are looked at by listing, which tells size
and age of a thousand at a time; none is opened. Knows nothing of which kinds of files are papers.
"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from fnmatch import fnmatchcase

import pyarrow.fs as pafs

from i2l_batch.errors import UsageError
from i2l_batch.object_uri import ObjectUri, filesystem, said


@dataclass(frozen=True)
class FoundObject:
    """An object that a URI leads to."""

    uri: ObjectUri
    name: str
    """Below the prefix, or the glob's fixed part, that it was reached by; else its last part."""
    num_bytes: int | None
    """Null for what was named and is not there, or is refused."""
    modified: datetime | None
    """When the store says that it was written, UTC without a zone."""
    is_named: bool
    """It was named, by itself or by a glob, and not only found below a prefix."""
    problem: str = ""
    """Why it cannot be read, if that is known."""


def find_objects(uri: ObjectUri) -> list[FoundObject]:
    """What is there, in no order. Raises UsageError where the store cannot be asked."""
    try:
        (info,) = filesystem(uri).get_file_info([uri.path])
    except OSError as error:
        _list(uri, uri.path)  # tells if it is not this object alone
        return [_missing(uri, said(error))]
    if info.is_file:
        return [_found(uri, info, info.base_name, named=True)]
    if info.type == pafs.FileType.NotFound and glob.has_magic(uri.path):
        return _match(uri)
    infos = _list(uri, uri.path)
    if not infos:
        return [_missing(uri, "there is nothing of that name")]
    return [_found(uri, info, _below(info, uri.path)) for info in infos if info.is_file]


def _match(uri: ObjectUri) -> list[FoundObject]:
    """As `glob` does on a disk: folders that match are walked, hidden names are asked for."""
    parts = uri.path.split("/")
    fixed = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    root, pattern = "/".join(parts[:fixed]), parts[fixed:]
    if not root:
        raise UsageError(f"{uri}: name the bucket in full")
    infos = _list(uri, root)
    matched = [info for info in infos if _fits(_below(info, root).split("/"), pattern)]
    named = {info.path for info in matched if info.is_file}
    folders = [f"{i.path}/" for i in matched if not i.is_file and "**" not in pattern]
    found = [
        _found(uri, info, _below(info, root), named=info.path in named)
        for info in infos
        if info.path in named or (info.is_file and info.path.startswith(tuple(folders)))
    ]
    return found or [_missing(uri, "there is nothing of that name")]


def _fits(names: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not names
    if pattern[0] == "**":
        shown = next((n for n, name in enumerate(names) if name.startswith(".")), len(names))
        if len(pattern) == 1:
            return shown == len(names)
        return any(_fits(names[count:], pattern[1:]) for count in range(shown + 1))
    if not names or not fnmatchcase(names[0], pattern[0]):
        return False
    hidden = names[0].startswith(".") and not pattern[0].startswith(".")
    return not hidden and _fits(names[1:], pattern[1:])


def _list(uri: ObjectUri, path: str) -> list[pafs.FileInfo]:
    """All below a prefix, and the prefixes. Raises UsageError."""
    try:
        return filesystem(uri).get_file_info(pafs.FileSelector(path, recursive=True))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UsageError(f"cannot list {uri.at(path)}: {said(error)}") from error


def _below(info: pafs.FileInfo, root: str) -> str:
    return info.path[len(root) + 1 :]


def _found(uri: ObjectUri, info: pafs.FileInfo, name: str, *, named: bool = False) -> FoundObject:
    written = info.mtime
    return FoundObject(
        uri=uri.at(info.path),
        name=name,
        num_bytes=info.size,
        modified=written and written.astimezone(timezone.utc).replace(tzinfo=None),
        is_named=named,
    )


def _missing(uri: ObjectUri, problem: str) -> FoundObject:
    name = uri.path.rpartition("/")[2]
    return FoundObject(uri, name, None, None, is_named=True, problem=problem)
