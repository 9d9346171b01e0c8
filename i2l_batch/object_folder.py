"""A folder in an object store: a prefix that objects share.

In: a URI. Out: what `locations.Location` promises. A put is the rename: an object is there when all
of it is there, and an upload that ends early leaves nothing under the name. Folders are not made,
and nothing is left over under other names. Knows nothing of what is in the objects.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import pyarrow.fs as pafs

from i2l_batch.errors import StoreError
from i2l_batch.lease import Lease, Timing
from i2l_batch.object_uri import ObjectUri, filesystem, said


class ObjectFolder:
    """All that is below a URI."""

    path = None

    def __init__(self, uri: ObjectUri, timing: Timing | None = None) -> None:
        """timing: of the writer's lease; null for the usual."""
        self.uri = uri
        self.root = uri.path
        self._timing = timing or Timing()

    def __str__(self) -> str:
        return str(self.uri)

    @property
    def files(self) -> pafs.FileSystem:
        """Gives up after a second: somebody waits."""
        return filesystem(self.uri)

    @property
    def _patient(self) -> pafs.FileSystem:
        """Tries for a minute: work hangs on it."""
        return filesystem(self.uri, patient=True)

    def is_folder(self) -> bool:
        """Always."""
        return True

    def is_file(self) -> bool:
        """Whether there is an object of that name."""
        with _told("read", self.uri):
            return self.files.get_file_info(self.root).type == pafs.FileType.File

    def entries(self) -> list[tuple[str, bool]]:
        """See `Location`."""
        return sorted((info.base_name, not info.is_file) for info in self._list(self.root))

    def names(self, subfolder: str) -> list[str]:
        """See `Location`."""
        return [i.base_name for i in self._list(f"{self.root}/{subfolder}") if i.is_file]

    def _list(self, path: str) -> list[pafs.FileInfo]:
        try:  # allow_not_found would take a bucket that is not there for an empty one
            with _told("list", self.uri.at(path)):
                return self.files.get_file_info(pafs.FileSelector(path))
        except FileNotFoundError:
            return []

    def read(self, name: str, *, patient: bool = False) -> bytes:
        """A whole object. Raises FileNotFoundError if there is none, StoreError."""
        path = f"{self.root}/{name}"
        with (
            _told("read", self.uri.at(path)),
            (self._patient if patient else self.files).open_input_file(path) as file,
        ):
            return file.read()

    @contextmanager
    def whole_file(self, name: str) -> Iterator[BinaryIO]:
        """An object to write. It is in memory until the block ends, and then put."""
        buffer = io.BytesIO()
        yield buffer
        self.put(name, buffer.getvalue())

    def put(self, name: str, content: bytes, *, patient: bool = True) -> None:
        """Write an object, whole or not at all. Raises StoreError."""
        path = f"{self.root}/{name}"
        files = self._patient if patient else self.files
        with _told("write", self.uri.at(path)), files.open_output_stream(path, None) as stream:
            # In one piece: a stream that is closed after half of it would make an object of that.
            stream.write(content)

    def remove(self, subfolder: str, names: Sequence[str]) -> None:
        """Remove objects; those that are gone already are no matter."""
        for name in names:
            path = f"{self.root}/{subfolder}/{name}".replace("//", "/")
            try:
                with _told("remove", self.uri.at(path)):
                    self._patient.delete_file(path)
            except FileNotFoundError:
                continue

    def prepare(self, subfolders: Mapping[str, re.Pattern[str]]) -> None:
        """Nothing: there are no folders, and no unfinished objects."""

    def lock(self) -> Lease:
        """See `Lease`."""
        return Lease(self, self._timing)


@contextmanager
def _told(doing: str, uri: ObjectUri) -> Iterator[None]:
    """Errors of the store as StoreError, but for objects that are not there."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StoreError(f"cannot {doing} {uri}: {said(error)}") from error
