"""What a run keeps for the next one: a file that is there while something is uncommitted.

In: lines of text. Out: the same lines, in a later run that makes the same rows. Always written
whole, and verified when it is read: it holds all of it or does not count. Never needed: what is
lost with it is done again. Knows nothing of what the lines say.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from i2l_batch import runs
from i2l_batch.durable import reason
from i2l_batch.errors import StoreError
from i2l_batch.locations import Location, Lock

KEPT_NAME = "unfinished.gz"
"""No name that programs which look for tables take for one."""

KEPT_PATTERN = re.compile(re.escape(KEPT_NAME))

_LEVEL = 1
"""Of compression, the quickest: the file is there for seconds."""


class Kept:
    """That file of a results folder, in the hands of its writer."""

    def __init__(
        self,
        folder: Location,
        lock: Lock,
        record: Mapping[str, Any],
        *,
        fresh: bool,
        follows_a_death: bool,
    ) -> None:
        """record: of this run. fresh: what an earlier one has left is not wanted."""
        self.follows_a_death = follows_a_death
        """The last run did not end in order; so this one may not either."""
        self._folder, self._lock, self._fresh = folder, lock, fresh
        # Rows of several versions may stand beside each other, but not within a document.
        facts = runs.facts(record) | {"versions": record["versions"]}
        self._head = json.dumps(facts, sort_keys=True)

    def read(self) -> list[str]:
        """The lines that an earlier run has left; none if there is no file, if it is damaged, or of
        a run with another model, other settings or other versions.

        Raises:
            StoreError: an object store does not answer.
        """
        if self._fresh:
            return []
        try:
            content = gzip.decompress(self._folder.read(KEPT_NAME))
            head, *lines = content.decode("utf-8").split("\n")
        except (OSError, EOFError, zlib.error, UnicodeDecodeError):  # gzip has a checksum
            return []
        return lines if head == self._head else []

    def write(self, lines: Iterable[str]) -> None:
        """Replace what is there. Raises StoreError, as the store's commits do."""
        content = "\n".join([self._head, *lines]).encode("utf-8")
        self._lock.check()
        with self._folder.whole_file(KEPT_NAME) as file:
            file.write(gzip.compress(content, _LEVEL, mtime=0))

    def remove(self) -> None:
        """Leave nothing, whoever wrote it. Raises StoreError."""
        try:
            if (KEPT_NAME, False) in self._folder.entries():
                self._lock.check()
                self._folder.remove("", [KEPT_NAME])
        except OSError as error:
            raise StoreError(
                f"cannot remove {self._folder}/{KEPT_NAME}: {reason(error)};"
                " the next run removes it"
            ) from error
