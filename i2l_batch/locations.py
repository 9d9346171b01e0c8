"""Where a results folder is: on a disk, or in an object store.

In: a path or a URI. Out: a `Location`, which lists, reads, writes and removes files, and lets one
writer in. Both kinds keep the same promise: under a name there is a whole file, or none. Knows
nothing of what is in the files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, TypeAlias

from i2l_batch.durable import sync_folder, temporary_name, whole_file
from i2l_batch.lock import FolderLock
from i2l_batch.object_uri import ObjectUri, parse_place

if TYPE_CHECKING:
    import pyarrow.fs as pafs


class Lock(Protocol):
    """What a writer holds."""

    def check(self) -> None:
        """Raise StoreError if it was lost: then nothing may be committed any more."""
        ...

    def release(self) -> None:
        """Let the next writer in."""
        ...


class Location(Protocol):
    """A folder, as results need it. Names of files are `<subfolder>/<name>`."""

    @property
    def path(self) -> Path | None:
        """The folder on this machine's disks; null in an object store."""
        ...

    @property
    def root(self) -> str:
        """What names are below, in `files`."""
        ...

    @property
    def files(self) -> pafs.FileSystem:
        """The folder's file system, for pyarrow's readers."""
        ...

    def is_folder(self) -> bool:
        """Whether it can hold files: prefixes of object stores always can."""
        ...

    def is_file(self) -> bool:
        """Whether there is a file in its place."""
        ...

    def entries(self) -> list[tuple[str, bool]]:
        """Names directly in it, sorted, and whether they are folders; none if it is not there."""
        ...

    def names(self, subfolder: str) -> list[str]:
        """Names directly in a subfolder; none if it is not there."""
        ...

    def read(self, name: str) -> bytes:
        """A whole file. Raises OSError or StoreError."""
        ...

    def whole_file(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A file to write; the name appears when the block ends, or never. Raises StoreError."""
        ...

    def remove(self, subfolder: str, names: Sequence[str]) -> None:
        """Remove files. Raises OSError or StoreError."""
        ...

    def prepare(self, subfolders: Mapping[str, re.Pattern[str]]) -> None:
        """Make subfolders, and remove what a killed writer left in them of files called so."""
        ...

    def lock(self) -> Lock:
        """Be the one writer; makes the folder. Raises StoreError while another process is."""
        ...


Place: TypeAlias = str | os.PathLike[str] | Location
"""How a folder is named: a path, a URI such as s3://bucket/results, or a `Location`."""


def located(place: Place) -> Location:
    """The location of that name. Raises UsageError for a URI that is none."""
    if not isinstance(place, (str, os.PathLike)):
        return place
    found = parse_place(os.fspath(place))
    if isinstance(found, ObjectUri):
        from i2l_batch.object_folder import ObjectFolder

        return ObjectFolder(found)
    return LocalFolder(found)


class LocalFolder:
    """A folder on a disk: files are synced and renamed, the lock is the system's."""

    def __init__(self, path: Path) -> None:
        self.path: Path = path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def root(self) -> str:
        """The path as text."""
        return str(self.path)

    @property
    def files(self) -> pafs.FileSystem:
        """This machine's."""
        import pyarrow.fs as pafs

        return pafs.LocalFileSystem()

    def is_folder(self) -> bool:
        """Whether it is there."""
        return self.path.is_dir()

    def is_file(self) -> bool:
        """Whether something else is there."""
        return self.path.exists() and not self.path.is_dir()

    def entries(self) -> list[tuple[str, bool]]:
        """See `Location`."""
        if not self.path.exists():
            return []
        return sorted((entry.name, entry.is_dir()) for entry in self.path.iterdir())

    def names(self, subfolder: str) -> list[str]:
        """See `Location`."""
        try:
            return os.listdir(self.path / subfolder)
        except (FileNotFoundError, NotADirectoryError):
            return []

    def read(self, name: str) -> bytes:
        """See `Location`."""
        return (self.path / name).read_bytes()

    def whole_file(self, name: str) -> AbstractContextManager[BinaryIO]:
        """See `durable.whole_file`."""
        return whole_file(self.path / name)

    def remove(self, subfolder: str, names: Sequence[str]) -> None:
        """Removed also after a power cut."""
        for name in names:
            (self.path / subfolder / name).unlink()
        sync_folder(self.path / subfolder)

    def prepare(self, subfolders: Mapping[str, re.Pattern[str]]) -> None:
        """See `Location`."""
        for subfolder in subfolders:
            (self.path / subfolder).mkdir(exist_ok=True)
        sync_folder(self.path)
        for subfolder, pattern in subfolders.items():
            for name in self.names(subfolder):
                final = name.removeprefix(".").removesuffix(".tmp")
                if name == temporary_name(final) and pattern.fullmatch(final):
                    (self.path / subfolder / name).unlink()

    def lock(self) -> FolderLock:
        """See `FolderLock`."""
        self.path.mkdir(parents=True, exist_ok=True)
        return FolderLock(self.path)
