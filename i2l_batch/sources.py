"""From the files that the user named to a sorted list of sources, each with a name of its own.

In: what was named, as `input_files` takes it. Out: a `Source` per PDF or image, and a `Problem` for
whatever was named but cannot be tried. Files are looked at (stat), never opened: what is in them is
the extraction's business.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from i2l_batch.errors import ErrorType, UsageError
from i2l_batch.input_files import MEDIA, InputFile, find_files, media_of
from i2l_batch.records import Problem, Source

if TYPE_CHECKING:
    from i2l_batch.object_sources import FoundObject


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
    names = _distinct_names(_each_once(find_files(inputs)))
    if not names:
        raise UsageError(f"no PDF or image files found in {', '.join(inputs)}")
    ordered = sorted(names, key=lambda found: (found.name, found.path))
    return (_look(found) for found in ordered[:max_files])


def _each_once(files: Iterable[InputFile]) -> list[InputFile]:
    """Drop the second ways to one file; the longest name (the outermost root) stays."""
    best: dict[str, InputFile] = {}
    for file in files:
        real = file.path if file.object else os.path.realpath(file.path)
        known = best.get(real)
        if known is None or _rank(file, real) < _rank(known, real):
            best[real] = file
    return list(best.values())


def _rank(file: InputFile, real: str) -> tuple[bool, int, str]:
    return file.path != real, -len(file.name), file.name


def _distinct_names(files: list[InputFile]) -> list[InputFile]:
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


def _plain_path(file: InputFile) -> str:
    """With `/` between folders, and nothing behind the name."""
    return file.object.uri.path if file.object else file.path.replace(os.sep, "/")


def _look(found: InputFile) -> Source | Problem:
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


def _look_at_object(found: InputFile, stored: FoundObject) -> Source | Problem:
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


def _problem(found: InputFile, num_bytes: int, error_type: ErrorType, message: str) -> Problem:
    path, name, _ = found
    return Problem(
        path=path, name=name, num_bytes=num_bytes, error_type=error_type, message=message
    )
