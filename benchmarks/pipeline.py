"""A whole run of `i2l transcribe`: time by stage, formulas/s, and peak memory of every process.

    python benchmarks/pipeline.py PAPERS... [-- options of i2l transcribe]

Resident memory is read from /proc ten times a second (Linux only). Ray's own processes are summed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

KINDS = {
    "ray::Reader": "model actor",
    "ray::extract": "extraction worker",
    "i2l_batch.extract.child": "extraction child",
    "bin/i2l": "driver",
}
"""What a process is, by what its command line holds."""


def main() -> None:
    """Run, watch, report."""
    arguments = sys.argv[1:]
    if not arguments:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results"
        command = [str(Path(sys.executable).with_name("i2l")), "transcribe", "-o", str(results)]
        began = time.perf_counter()
        run = subprocess.Popen([*command, *(a for a in arguments if a != "--")])
        peaks, first = watch(run, results / "documents", began)
        wall = time.perf_counter() - began
        record = json.loads(next((results / "runs").glob("*.json")).read_text())
    counts, timings = record["counts"], record["timings"]
    print(f"exit code {run.returncode}, {wall:.1f} s wall, {counts['found']} documents, "
          f"{counts['formulas']} formulas, {counts['formulas'] / wall:.1f} formulas/s")  # fmt: skip
    print(f"  first rows on the disk after {first:.1f} s")
    print(f"  the models read in {100 * timings.pop('busy'):.0f} % of their time")
    for stage, seconds in timings.items():
        print(f"  {stage:<10}{seconds:8.1f} s")
    for kind, peak in sorted(peaks.items()):
        print(f"  peak {kind:<20}{peak / 2**20:8.0f} MiB")


def watch(
    run: subprocess.Popen[bytes], documents: Path, began: float
) -> tuple[dict[str, int], float]:
    """Peak resident bytes by kind of process, until the run has ended, and the seconds after which
    there were rows."""
    peaks: dict[str, int] = defaultdict(int)
    first = float("inf")
    while run.poll() is None:
        if first == float("inf") and any(documents.glob("*.parquet")):
            first = time.perf_counter() - began
        ray_total = 0
        for pid in descendants(run.pid):
            kind, resident = look(pid)
            if kind == "ray's own":
                ray_total += resident
            elif kind:
                peaks[kind] = max(peaks[kind], resident)
        peaks["ray's own, together"] = max(peaks["ray's own, together"], ray_total)
        time.sleep(0.1)
    return dict(peaks), first


def descendants(root: int) -> list[int]:
    """The process and all it has started, directly or not."""
    children: dict[int, list[int]] = defaultdict(list)
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = Path(f"/proc/{name}/stat").read_text()
            except OSError:
                continue
            children[int(stat.rpartition(")")[2].split()[1])].append(int(name))
    found = [root]
    for pid in found:
        found += children[pid]
    return found


def look(pid: int) -> tuple[str | None, int]:
    """Kind and resident bytes of a process; no kind for one that is gone."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return None, 0
    kind = next((kind for text, kind in KINDS.items() if text in command), "ray's own")
    return kind, pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
