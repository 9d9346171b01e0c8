"""Seconds and memory of `i2l export`, for each target, beside a plain query of the same rows.

    python -m benchmarks.export [--folder DIR] [--rows 20000 100000] [--cases csv hf]

Each export is a process of its own over a synthetic results folder with pictures
(benchmarks/synthetic_results.py); its peak memory is what the system counted. Figures go to
benchmarks/export.md.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXPORT = (
    "import sys; from pathlib import Path; from i2l_batch.export.run import export\n"
    "export(Path(sys.argv[1]), Path(sys.argv[2]), to=sys.argv[3],"
    " per_paper='per-paper' in sys.argv, crops='crops' in sys.argv)"
)
QUERY = (
    "import sys; from pathlib import Path; from i2l_batch.query import run_query\n"
    "run_query(Path(sys.argv[1]), 'SELECT * EXCLUDE (crop) FROM formulas'"
    " + sys.argv[3], 'csv', Path(sys.argv[2]))"
)
IMPORTS = "import i2l_batch.export.run, sys"
CASES = {
    "imports only": (IMPORTS, []),
    "`i2l query --format csv`, unsorted": (QUERY, [""]),
    "`i2l query --format csv`, sorted": (QUERY, [" ORDER BY source, page, index"]),
    "csv": (EXPORT, ["csv"]),
    "jsonl": (EXPORT, ["jsonl"]),
    "markdown": (EXPORT, ["markdown"]),
    "tex": (EXPORT, ["tex"]),
    "hf": (EXPORT, ["hf"]),
    "jsonl --per-paper": (EXPORT, ["jsonl", "per-paper"]),
    "jsonl --crops": (EXPORT, ["jsonl", "crops"]),
}


def measured(code: str, arguments: list[str]) -> tuple[float, float]:
    """Seconds, and MiB at most, of a Python process."""
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", code, *arguments])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    return time.monotonic() - began, usage.ru_maxrss / 1024


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, help="where to write; default: a temporary one")
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 100_000])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="i2l-export-"))
    print("| what | rows | seconds | rows/s | peak memory | written |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for rows in options.rows:
        results, out = folder / f"results-{rows}", folder / "out"
        if not results.exists():
            synthetic = [sys.executable, "-m", "benchmarks.synthetic_results"]
            subprocess.run([*synthetic, results, "--rows", str(rows)], check=True, stdout=2)
        for name in options.cases:
            code, more = CASES[name]
            out.mkdir()
            seconds, peak = measured(code, [str(results), str(out / "all"), *more])
            size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
            print(
                f"| {name} | {rows:,} | {seconds:.1f} | {rows / seconds:,.0f} | {peak:.0f} MiB |"
                f" {size / 1e6:.0f} MB |",
                flush=True,
            )
            shutil.rmtree(out)
    if options.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
