"""Extraction under guard: one child process that may hang, crash or eat memory without harm.

In: the arguments of `extract.extract_chunk` and a deadline. Out: its `Extraction`, or a
`SourceError` that says how the document ended the child. PyMuPDF is never loaded here, nothing is
forked, no signal handlers are set: safe inside Ray workers and threads.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Literal

from i2l_batch.config import ExtractConfig
from i2l_batch.errors import SourceError
from i2l_batch.images import Prepared
from i2l_batch.models.config import PictureFormat
from i2l_batch.records import Extraction

_GLANCE_SECONDS = 0.05
"""How often a working child's memory is looked at."""
_DOCUMENTS = 500
"""Documents after which a child is replaced: MuPDF's store and fragments grow slowly."""
_PROGRAM = (
    "import sys; sys.path = [p for p in sys.path if p]; "
    "from i2l_batch.extract.child import main; main()"
)
"""What the child runs; files in the working directory must not shadow any module."""
_GROWN_MIB = 300
"""A child that keeps this much more than it had at first is replaced after its document."""


class ExtractionGuard:
    """Owns the child. It starts with the first document and is used for many."""

    def __init__(self, start_seconds: float = 60.0) -> None:
        """Patience with a child that loads its libraries: 1 to 2 s on an idle machine."""
        self._start_seconds = start_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._baseline = 0.0
        self._documents = 0

    def extract_chunk(
        self,
        path: str,
        media: Literal["pdf", "image"],
        config: ExtractConfig,
        first_page: int = 1,
        *,
        seconds: float | None = None,
    ) -> Extraction:
        """`extract.extract_chunk` in the child, within `seconds` (null: the document's timeout).

        Raises:
            SourceError: what the extraction raised, or `timeout`, `out_of_memory`, `crashed`.
            UsageError: the page selection cannot be understood.
        """
        seconds = config.document_timeout if seconds is None else seconds
        return self._do("extract_chunk", (path, media, config, first_page), seconds)

    def extract_prepared(
        self,
        path: str,
        media: Literal["pdf", "image"],
        config: ExtractConfig,
        first_page: int,
        pictures: PictureFormat,
        located: bool,
        *,
        seconds: float,
    ) -> tuple[Extraction, list[Prepared]]:
        """`extract.extract_prepared` in the child, within `seconds`; raises as above."""
        arguments = (path, media, config, first_page, pictures, located)
        return self._do("extract_prepared", arguments, seconds)

    def _do(self, work: str, arguments: tuple[Any, ...], seconds: float) -> Any:
        """A function of the extraction in the child, by its name."""
        path, media, config, *others = arguments
        connection = self._ready()
        try:
            request = (os.path.abspath(path), media, config, *others)
            connection.send((work, request, config.memory_limit, seconds))
            kind, result = self._receive(connection, path, config, seconds)
        except (EOFError, OSError) as error:
            raise self._obituary(path, config) from error
        except BaseException:  # interrupted too: a child in an unknown state is of no use
            self.close()
            raise
        self._documents += 1
        if kind in ("memory", "failed") or self._is_worn():
            self.close()
        if kind == "done":
            return result
        if kind == "raised":
            raise result
        if kind == "memory":
            raise _out_of_memory(path, config)
        raise SourceError("crashed", f"{path}: extraction failed with {result}")

    def close(self) -> None:
        """End the child, if there is one, and wait for it."""
        if self._connection:
            self._connection.close()
            self._connection = None
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> ExtractionGuard:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def _ready(self) -> Connection:
        """The connection to a living child that waits for a request."""
        if self._connection and self._process and self._process.poll() is None:
            return self._connection
        self.close()
        try:
            connection = self._start()
            if not connection.poll(self._start_seconds):
                raise SourceError("crashed", "the extraction process did not start in time")
            connection.recv()
        except BaseException as error:  # a child that is late must not answer the next document
            self.close()
            if isinstance(error, (EOFError, OSError)):
                raise SourceError("crashed", "the extraction process cannot start") from error
            raise
        self._baseline = self._resident_mib()
        self._documents = 0
        return connection

    def _start(self) -> Connection:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            arguments = [str(theirs.fileno()), str(os.getpid())]
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, *arguments],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
            self._connection = Connection(ours.detach())
        return self._connection

    def _receive(
        self, connection: Connection, path: str, config: ExtractConfig, seconds: float
    ) -> tuple[str, Any]:
        deadline = time.monotonic() + seconds
        while not connection.poll(_GLANCE_SECONDS):
            if time.monotonic() > deadline:
                self.close()
                raise _timeout(path, config)
            if self._resident_mib() - self._baseline > config.memory_limit:
                self.close()
                raise _out_of_memory(path, config)
        return connection.recv()

    def _resident_mib(self) -> float:
        """Memory of the child in MiB; 0 where the system does not say."""
        try:
            assert self._process
            with open(f"/proc/{self._process.pid}/statm") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
        except (OSError, IndexError):
            return 0.0

    def _is_worn(self) -> bool:
        grown = self._resident_mib() - self._baseline > _GROWN_MIB
        return grown or self._documents >= _DOCUMENTS

    def _obituary(self, path: str, config: ExtractConfig) -> SourceError:
        """Why the child died in the middle of a document."""
        assert self._process
        code = self._process.wait()
        self.close()
        if code == -signal.SIGKILL:  # not by us: the kernel ran out of memory
            return _out_of_memory(path, config)
        if code == -signal.SIGALRM:  # its own alarm, the last resort
            return _timeout(path, config)
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return SourceError("crashed", f"{path} crashed the extraction process ({how})")


def _timeout(path: str, config: ExtractConfig) -> SourceError:
    return SourceError(
        "timeout",
        f"{path} took longer than {config.document_timeout:g} s to extract: see --document-timeout",
    )


def _out_of_memory(path: str, config: ExtractConfig) -> SourceError:
    return SourceError(
        "out_of_memory",
        f"{path} needs more than {config.memory_limit} MiB to extract: see --memory-limit",
    )
