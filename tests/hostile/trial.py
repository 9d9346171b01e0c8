"""A run of `i2l transcribe` over a hostile corpus, in a process of its own, and what came of it.

In: a folder. Out: a `Trial`: rows, account, what was said, the memory each process took, and what
changed outside of the results. The reader is one without a model; the command line around it is the
program's.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.processes import command_line, descendants

MEMORY_LIMIT = 256
"""MiB a document, as the run is told."""


@dataclass(kw_only=True)
class Trial:
    """What came of a run."""

    exit_code: int
    said: str
    """On standard error."""
    printed: str
    """On standard output."""
    seconds: float
    peaks: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Kind of process to the MiB that one had when it was first seen, and at most."""
    changed: list[str] = field(default_factory=list)
    """What is not as it was before, outside of the results and the folder for temporary files."""
    left: list[str] = field(default_factory=list)
    """Temporary files that are still there."""

    def growth(self, kind: str) -> float:
        """MiB that a process of a kind took beyond what it began with."""
        first, most = self.peaks[kind]
        return most - first


def run_trial(folder: Path, *, timeout: float, workers: int, patience: float = 1200) -> Trial:
    """Transcribe `folder/in` to `folder/out`.

    Args:
        folder: with the inputs; everything else is made in it.
        timeout: seconds a document.
        workers: documents at the same time.
        patience: seconds after which the run hangs.
    """
    for name in ("cwd", "home", "tmp"):
        (folder / name).mkdir()
    before = _look(folder)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("RAY_AUTH", "I2L"))}
    environment |= {
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-c", "from tests.hostile.trial import main; main()"]
    options = {"in": folder / "in", "out": folder / "out", "timeout": timeout, "workers": workers}
    began = time.monotonic()
    with (
        (folder / "tmp" / "said").open("wb") as said,
        (folder / "tmp" / "printed").open("wb") as printed,
    ):
        process = subprocess.Popen(
            [*command, json.dumps(options, default=str)],
            cwd=folder / "cwd",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=said,
        )
        watch = _Watch(process.pid)
        try:
            code = process.wait(patience)
        finally:
            process.kill()
            watch.stop()
    trial = Trial(
        exit_code=code,
        said=(folder / "tmp" / "said").read_bytes().decode("utf-8"),
        printed=(folder / "tmp" / "printed").read_bytes().decode("utf-8"),
        seconds=time.monotonic() - began,
        peaks=watch.peaks,
    )
    after = _look(folder)
    names = sorted(before.keys() | after.keys())
    trial.changed = [repr(name) for name in names if before.get(name) != after.get(name)]
    trial.left = sorted({path.name for path in (folder / "tmp").iterdir()} - {"said", "printed"})
    trial.left += [path.name for path in Path("/tmp").glob(f"*i2l-{process.pid}-*")]  # Ray's
    return trial


def main() -> None:
    """What the child does: `i2l transcribe`, but for the reader."""
    options = json.loads(sys.argv[1])
    from i2l_batch import pipeline
    from i2l_batch.config import ExtractConfig, TranscribeConfig
    from i2l_batch.progress import Progress
    from tests.fake_readers import HashReader

    config = TranscribeConfig(
        extract=ExtractConfig(document_timeout=options["timeout"], memory_limit=MEMORY_LIMIT),
        workers=options["workers"],
    )
    account = pipeline.transcribe(
        [options["in"]], Path(options["out"]), config, Progress(), reader=HashReader
    )
    print(json.dumps(account.counts()))
    sys.exit(account.exit_code)


def _look(folder: Path) -> dict[bytes, Any]:
    """All that is in the folder, but for results and temporary files: kind, time, size and hash."""
    found: dict[bytes, Any] = {}
    root = os.fsencode(folder)
    for place, folders, files in os.walk(root):
        if place == root:
            folders[:] = [name for name in folders if name not in (b"out", b"tmp")]
        for name in folders + files:
            path = os.path.join(place, name)
            info = os.lstat(path)
            digest = None
            if stat.S_ISREG(info.st_mode) and info.st_size < 1 << 30 and os.access(path, os.R_OK):
                with open(path, "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
            found[path] = (info.st_mode, info.st_mtime_ns, info.st_size, digest)
    return found


class _Watch:
    """Looks at the memory of all processes below one, twenty times a second."""

    def __init__(self, parent: int) -> None:
        self.peaks: dict[str, tuple[float, float]] = {}
        self._parent = parent
        self._first: dict[int, float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(0.05):
            for pid in [self._parent, *descendants(self._parent)]:
                self._note(pid)

    def _note(self, pid: int) -> None:
        kind = "driver" if pid == self._parent else _kind(command_line(pid))
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            return
        sizes = [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
        if not (kind and sizes):
            return
        first = self._first.setdefault(pid, sizes[0])
        known = self.peaks.get(kind)
        if known is None or sizes[0] - first > known[1] - known[0]:
            self.peaks[kind] = (first, sizes[0])


def _kind(command: str) -> str | None:
    if "extract.child" in command:
        return "extraction"
    return "ray worker" if command.startswith("ray::") else None
