"""The process in which documents are opened: reads requests from a socket, sends back results.

Started by `i2l_batch.guard`, for nobody else, with the socket's number and the parent's process id.
It limits its own memory, and it dies with its parent even when C code never returns.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from multiprocessing.connection import Connection
from typing import Any

from i2l_batch.errors import SourceError, UsageError
from i2l_batch.extract.files import is_failed_allocation

_PR_SET_PDEATHSIG = 1
"""From linux/prctl.h: the signal this process gets when its parent dies."""


def main() -> None:
    """Serve requests until the parent hangs up."""
    connection, parent = Connection(int(sys.argv[1])), int(sys.argv[2])
    _die_with(parent)
    _be_silent()
    from i2l_batch.extract import extract_chunk, extract_prepared, pdf

    del pdf  # loads PyMuPDF now, so that its time and memory are not the first document's
    works = {work.__name__: work for work in (extract_chunk, extract_prepared)}
    baseline = _data_bytes()
    connection.send("ready")
    while True:
        try:
            work, arguments, memory_limit, seconds = connection.recv()
        except EOFError:
            return
        # Where a parent's death cannot be told to a process stuck in C code, the kernel's alarm
        # ends it; the parent's own time limit always comes first.
        signal.setitimer(signal.ITIMER_REAL, seconds + 5)
        _limit_memory(baseline, memory_limit)
        reply = _answer(works[work], arguments)
        _limit_memory(baseline, None)
        connection.send(reply)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _answer(work: Any, arguments: tuple[Any, ...]) -> tuple[str, Any]:
    """Result or error of one request, as a pair that can be pickled."""
    try:
        return "done", work(*arguments)
    except (SourceError, UsageError) as error:
        return "raised", error
    except Exception as error:
        if is_failed_allocation(error):
            return "memory", None
        return "failed", f"{type(error).__name__}: {error}"


def _die_with(parent: int) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which stops us
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we could ask
        sys.exit(0)


def _be_silent() -> None:
    """Whatever C libraries print goes nowhere."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)


def _data_bytes() -> int:
    """Private memory this process has now, bytes; 0 where the system does not say."""
    try:
        with open("/proc/self/status") as status:
            kilobytes = next(line.split()[1] for line in status if line.startswith("VmData"))
    except OSError:
        return 0
    return int(kilobytes) * 1024


def _limit_memory(baseline: int, mebibytes: int | None) -> None:
    """Refuse allocations beyond the limit; where the kernel cannot, the parent still watches."""
    if not baseline:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = hard if mebibytes is None else baseline + mebibytes * 1024 * 1024
    if mebibytes is None or hard == resource.RLIM_INFINITY or limit <= hard:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
