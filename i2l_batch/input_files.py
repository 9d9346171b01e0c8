"""From what the user named to files, as they were reached.

In: paths of files and directories, globs, `@list.txt` (one path a line), `-` (paths on stdin), and
URIs of object stores in place of each path. Out: the files, some of them more than once, each with
the name that the way to it gives. Directories are listed; whether a file that was named is there,
and can be read, is found out later.
"""

from __future__ import annotations

import codecs
import glob
import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from i2l_batch.errors import UsageError
from i2l_batch.object_uri import ObjectUri, is_uri, parse_place

if TYPE_CHECKING:
    from i2l_batch.object_sources import FoundObject

MEDIA: dict[str, Literal["pdf", "image"]] = {
    ".pdf": "pdf",
    ".png": "image",
    ".jpg": "image",
    ".jpeg": "image",
    ".tif": "image",
    ".tiff": "image",
    ".webp": "image",
}
"""What a file is, by its suffix in lower case."""


class InputFile(NamedTuple):
    """A file as it was reached."""

    path: str
    """Absolute, or a URI."""
    name: str
    """Relative to the input root: the directory or the glob's fixed part."""
    object: FoundObject | None = None
    """What a store says of it; null on a disk."""


def find_files(inputs: Iterable[str]) -> Iterator[InputFile]:
    """All files that `inputs` name. In a directory only PDFs and images count.

    Raises UsageError where a list or a store cannot be read.
    """
    for item in inputs:
        if item == "-":
            lines = _lines(sys.stdin.buffer.read())
        elif item.startswith("@") and not os.path.lexists(item):
            lines = _read_list(item[1:])
        else:
            lines = [item]
        for line in lines:
            if line.strip():
                yield from _expand(line)


def _read_list(path: str) -> list[str]:
    try:
        with open(path, "rb") as file:
            return _lines(file.read())
    except OSError as error:
        raise UsageError(f"the list {path} cannot be read: {error.strerror}") from error


def _lines(text: bytes) -> list[str]:
    """File names may hold any byte but the line feed (and are taken to end before a CR)."""
    return [
        os.fsdecode(line.removesuffix(b"\r"))
        for line in text.removeprefix(codecs.BOM_UTF8).split(b"\n")
    ]


def _expand(item: str) -> Iterator[InputFile]:
    """One argument or list line: a file, a directory to walk, or a glob."""
    place = parse_place(item) if is_uri(item) else None
    if isinstance(place, ObjectUri):
        yield from _expand_uri(place)
        return
    item = str(place) if place else item
    path = os.path.abspath(item)
    if os.path.lexists(item) or not glob.has_magic(item):
        yield from _reach(path, path if os.path.isdir(path) else os.path.dirname(path))
        return
    root = path
    while glob.has_magic(root):
        root = os.path.dirname(root)
    matches = sorted(glob.glob(path, recursive=True))
    if "**" in item:  # it lists what is in the folders by itself
        matches = [match for match in matches if not os.path.isdir(match)]
    for match in matches or [path]:
        yield from _reach(match, root)


def _expand_uri(uri: ObjectUri) -> Iterator[InputFile]:
    from i2l_batch.object_sources import find_objects

    for found in find_objects(uri):
        if found.is_named or media_of(found.name):
            yield InputFile(str(found.uri), found.name, found)


def _reach(path: str, root: str) -> Iterator[InputFile]:
    if os.path.isdir(path):
        yield from _walk(path, root, set())
    else:
        yield InputFile(path, os.path.relpath(path, root))


def _walk(folder: str, root: str, seen: set[str]) -> Iterator[InputFile]:
    """PDFs and images under `folder`; `seen` holds real paths of folders, so links cannot loop."""
    real = os.path.realpath(folder)
    if real in seen:
        return
    seen.add(real)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        yield InputFile(folder, os.path.relpath(folder, root))
        return
    # Real folders before links to them: the name of a file does not depend on where links sort.
    for entry in sorted(entries, key=lambda entry: entry.is_symlink()):
        if _is_folder(entry):
            yield from _walk(entry.path, root, seen)
        elif media_of(entry.name):
            yield InputFile(entry.path, os.path.relpath(entry.path, root))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, say; if it is called like an input, its row tells
        return False


def media_of(path: str) -> Literal["pdf", "image"] | None:
    """What a file is by its suffix, in whatever case; null for what is no input."""
    # Not by splitext, for which `..pdf` has no suffix.
    _, dot, ending = os.path.basename(path).rpartition(".")
    return MEDIA.get(dot + ending.lower())
