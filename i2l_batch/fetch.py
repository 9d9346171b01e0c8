"""A document's content, wherever it is.

In: a path, or the URI of an object. Out: a path that can be opened on this machine, for as long as
it is needed, or the content's hash. Copies are removed when their block ends; what a killed process
leaves, the next run removes. Knows nothing of what is in a document.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from i2l_batch.errors import SourceError
from i2l_batch.extract.files import file_sha256
from i2l_batch.object_uri import ObjectUri, filesystem, is_uri, parse_place, said
from i2l_batch.scratch import new_folder, parent_folder

if TYPE_CHECKING:
    import pyarrow.fs as pafs

_BLOCK = 4 << 20
"""Bytes that are asked for at a time; between two blocks the time limit is looked at."""


@contextmanager
def local_file(path: str, seconds: float) -> Iterator[str]:
    """The path itself, or for a URI that of a copy. Errors raised in the block name the URI.

    Raises:
        SourceError: `unreadable`, or `timeout` if fetching takes longer than `seconds`.
    """
    if not is_uri(path):
        yield path
        return
    folder, lock = new_folder()
    copy = os.path.join(folder, "copy" + os.path.splitext(_object(path).path)[1])
    try:
        _fetch(path, copy, seconds)
        yield copy
    except SourceError as error:
        raise SourceError(error.error_type, str(error).replace(copy, path)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def document_sha256(path: str) -> str:
    """sha256 of a document, hexadecimal. Raises SourceError: `unreadable`."""
    if not is_uri(path):
        return file_sha256(path)
    digest = hashlib.sha256()
    with _unreadable(path):
        for block in _blocks(path):
            digest.update(block)
    return digest.hexdigest()


def object_exists(path: str) -> bool:
    """Whether there is an object of this URI; false also when the store does not tell."""
    uri = _object(path)
    try:
        (info,) = filesystem(uri).get_file_info([uri.path])
    except OSError:
        return False
    return info.is_file


def is_same_object(one: str, other: str) -> bool:
    """Whether two URIs name the same bucket and key, however the store is reached."""
    first, second = parse_place(one), parse_place(other)
    if isinstance(first, ObjectUri) and isinstance(second, ObjectUri):
        return (first.scheme, first.path) == (second.scheme, second.path)
    return first == second


def _object(path: str) -> ObjectUri:
    place = parse_place(path)
    assert isinstance(place, ObjectUri), place  # others became paths when they were listed
    return place


def _fetch(path: str, copy: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    with _unreadable(path), open(copy, "xb") as file:
        for block in _blocks(path):
            file.write(block)
            if time.monotonic() > deadline:
                message = f"{path} could not be fetched in time: see --document-timeout"
                raise SourceError("timeout", message)


def _blocks(path: str) -> Iterator[bytes]:
    """The content. Raises SourceError if the object is replaced meanwhile, and what the store
    raises."""
    uri = _object(path)
    files = filesystem(uri, patient=True)
    count = 0
    with files.open_input_file(uri.path) as file:
        before = _version(file)
        while block := file.read(_BLOCK):
            yield block
            count += 1
    if count > 1:  # each block is a request of its own
        with files.open_input_file(uri.path) as file:
            if _version(file) != before:
                raise SourceError("unreadable", f"{path} changed while it was read")


def _version(file: pafs.NativeFile) -> tuple[object, ...]:
    about = file.metadata() or {}
    return file.size(), about.get(b"ETag"), about.get(b"Last-Modified")


@contextmanager
def _unreadable(path: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise SourceError("unreadable", f"{path} is not there any more") from error
    except OSError as error:
        if error.errno:  # of this machine, not of the store
            message = f"no copy of {path} can be made in {parent_folder()}: {error.strerror}"
            raise SourceError("unreadable", message) from error
        raise SourceError("unreadable", f"{path} cannot be read: {said(error)}") from error
