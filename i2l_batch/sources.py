"""From what the user named to a sorted list of input files, each with a name of its own.

In: paths of files and directories, globs, `@list.txt` (one path a line), `-` (paths on stdin), and
URIs of object stores in place of each path. Out: a `Source` per PDF or image, and a `Problem` for
whatever was named but cannot be tried. Files are looked at (stat), never opened: what is in them is
the extraction's business.
"""

from __future__ import annotations

import codecs
import glob
import os
import stat
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from i2l_batch.errors import ErrorType, UsageError
from i2l_batch.object_uri import ObjectUri, is_uri, parse_place
from i2l_batch.records import Problem, Source

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


class _Found(NamedTuple):
    """A file as it was reached: `path` is absolute, `name` relative to the input root."""

    path: str
    name: str
    object: FoundObject | None = None
    """What a store says of it; null on a disk."""


def list_sources(
    inputs: Sequence[str], *, max_files: int | None = None
) -> Iterator[Source | Problem]:
    """All files that `inputs` name, once each, sorted by name; sizes are looked up on the way.

    In a directory only PDFs and images count; what is named itself always ends as a row. The name
    of a file is its path under the directory (or the glob's fixed part) that it was reached by, a
    single file's name is its file name. Files that would share a name get as many of their parent
    folders in front as it takes. Relative paths, in lists too, start at the working directory.

    Raises:
        UsageError: nothing was named, nothing was found, or a list cannot be read.
    """
    if not inputs:
        raise UsageError("no input: name PDF or image files, directories, globs, @list.txt or -")
    names = _distinct_names(_each_once(_expand_all(inputs)))
    if not names:
        raise UsageError(f"no PDF or image files found in {', '.join(inputs)}")
    ordered = sorted(names, key=lambda found: (found.name, found.path))
    return (_look(found) for found in ordered[:max_files])


def _expand_all(inputs: Iterable[str]) -> Iterator[_Found]:
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


def _expand(item: str) -> Iterator[_Found]:
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


def _expand_uri(uri: ObjectUri) -> Iterator[_Found]:
    from i2l_batch.object_sources import find_objects

    for found in find_objects(uri):
        if found.is_named or media_of(found.name):
            yield _Found(str(found.uri), found.name, found)


def _reach(path: str, root: str) -> Iterator[_Found]:
    if os.path.isdir(path):
        yield from _walk(path, root, set())
    else:
        yield _Found(path, os.path.relpath(path, root))


def _walk(folder: str, root: str, seen: set[str]) -> Iterator[_Found]:
    """PDFs and images under `folder`; `seen` holds real paths of folders, so links cannot loop."""
    real = os.path.realpath(folder)
    if real in seen:
        return
    seen.add(real)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        yield _Found(folder, os.path.relpath(folder, root))
        return
    # Real folders before links to them: the name of a file does not depend on where links sort.
    for entry in sorted(entries, key=lambda entry: entry.is_symlink()):
        if _is_folder(entry):
            yield from _walk(entry.path, root, seen)
        elif media_of(entry.name):
            yield _Found(entry.path, os.path.relpath(entry.path, root))


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


def _each_once(files: Iterable[_Found]) -> list[_Found]:
    """Drop the second ways to one file; the longest name (the outermost root) stays."""
    best: dict[str, _Found] = {}
    for file in files:
        real = file.path if file.object else os.path.realpath(file.path)
        known = best.get(real)
        if known is None or _rank(file, real) < _rank(known, real):
            best[real] = file
    return list(best.values())


def _rank(file: _Found, real: str) -> tuple[bool, int, str]:
    return file.path != real, -len(file.name), file.name


def _distinct_names(files: list[_Found]) -> list[_Found]:
    """Names with `/`, told apart by parent folders where they collide."""
    parts = [_plain_path(file).strip("/").split("/") for file in files]
    lengths = [file.name.replace(os.sep, "/").count("/") + 1 for file in files]
    while True:
        names = ["/".join(p[-n:]) for p, n in zip(parts, lengths, strict=True)]
        counts = Counter(names)
        clashing = [i for i, name in enumerate(names) if counts[name] > 1]
        if not any(lengths[i] < len(parts[i]) for i in clashing):
            return [f._replace(name=name) for f, name in zip(files, names, strict=True)]
        for i in clashing:
            lengths[i] = min(lengths[i] + 1, len(parts[i]))


def _plain_path(file: _Found) -> str:
    """With `/` between folders, and nothing behind the name."""
    return file.object.uri.path if file.object else file.path.replace(os.sep, "/")


def _look(found: _Found) -> Source | Problem:
    """The row that a file begins with."""
    path, name, stored = found
    if stored:
        return _look_at_object(found, stored)
    try:
        info = os.stat(path)
    except OSError as error:
        return _problem(found, 0, "unreadable", f"{path} cannot be read: {error.strerror}")
    size, media = info.st_size, media_of(path)
    if stat.S_ISDIR(info.st_mode):
        message = f"the directory {path} cannot be listed: check its permissions"
        return _problem(found, 0, "unreadable", message)
    if not stat.S_ISREG(info.st_mode):
        message = f"{path} is no regular file but a pipe, socket or device"
        return _problem(found, 0, "unsupported", message)
    if media is None:
        return _problem(found, size, "unsupported", _unsupported(path))
    if not os.access(path, os.R_OK):
        message = f"{path} cannot be read: check its permissions"
        return _problem(found, size, "unreadable", message)
    return Source(path=path, name=name, num_bytes=size, media=media)


def _look_at_object(found: _Found, stored: FoundObject) -> Source | Problem:
    media = media_of(stored.uri.path)
    if stored.num_bytes is None:
        message = f"{found.path} cannot be read: {stored.problem}"
        return _problem(found, 0, "unreadable", message)
    if media is None:
        return _problem(found, stored.num_bytes, "unsupported", _unsupported(found.path))
    return Source(
        path=found.path,
        name=found.name,
        num_bytes=stored.num_bytes,
        media=media,
        modified=stored.modified,
    )


def _unsupported(path: str) -> str:
    return f"{path} is none of {', '.join(MEDIA)}: convert it first"


def _problem(found: _Found, num_bytes: int, error_type: ErrorType, message: str) -> Problem:
    path, name, _ = found
    return Problem(
        path=path, name=name, num_bytes=num_bytes, error_type=error_type, message=message
    )
