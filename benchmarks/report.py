"""How long a report takes to make, how large it gets, and how fast its page answers in a browser.

    python benchmarks/synthetic_results.py DIR --rows 100000
    python benchmarks/report.py DIR [--out REPORT] [--limit 100000] [--tries 5]

The report is made in a process of its own, whose peak of resident memory is told. Then its page of
formulas is opened from the disk in the system's Chromium, by playwright, each time in a fresh
browser profile: until the first fifty formulas stand in the page and are laid out, until all rows
are read, then an order and two text filters, until the first card is another one. Times are the
page's own clock, from the start of the navigation or from the change of the address; told are the
median and the range over the tries. Figures go to benchmarks/report.md.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BUILD = """
import sys
from pathlib import Path
from i2l_batch.report.build import build_report
print(build_report(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])).line())
"""
WATCH = """
const watch = setInterval(() => {
  if (document.querySelectorAll("article").length < 50) return;
  clearInterval(watch);
  document.body.getBoundingClientRect();
  globalThis.shown = performance.now();
}, 1);
"""
READ = """async () => {
  while (/so far|Reading/.test(document.getElementById("status").textContent)) {
    await new Promise((done) => setTimeout(done, 2));
  }
  return performance.now();
}"""
CHANGE = """async (address) => {
  const first = () => document.querySelector("article")?.dataset.row;
  const before = first(), start = performance.now();
  location.hash = address;
  while (first() === before) await new Promise((done) => setTimeout(done, 1));
  document.body.getBoundingClientRect();
  return performance.now() - start;
}"""
VIEWS = {
    "as in the papers": "#sort=paper",
    "longest first": "#sort=long",
    "text: \\frac{a": "#text=%5Cfrac%7Ba",
    "text: \\alpha": "#text=%5Calpha",
    "back to the least certain": "#",
}


def build(results: Path, out: Path, limit: int) -> None:
    """Make the report; print seconds, memory and sizes."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", BUILD, results, out, str(limit)], check=True)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"made in {seconds:.1f} s, peak {peak:.0f} MiB")
    sizes: dict[str, list[int]] = {}
    for path in out.rglob("*"):
        if path.is_file():
            kind = path.parts[len(out.parts)]
            sizes.setdefault(kind, []).append(path.stat().st_size)
    for kind, found in sorted(sizes.items()):
        largest = max(found) / 1e6
        print(f"{kind:14} {len(found):7,} files {sum(found) / 1e6:8.1f} MB, largest {largest:.2f}")
    print(f"{'all':14} {sum(map(len, sizes.values())):7,} files", end=" ")
    print(f"{sum(map(sum, sizes.values())) / 1e6:8.1f} MB")


def look(page: Any, address: str) -> Iterator[tuple[str, float]]:
    """Open the page once: what was measured, and milliseconds."""
    page.add_init_script(WATCH)
    page.goto(address)
    read = page.evaluate(READ)
    yield "first 50 shown", page.evaluate("globalThis.shown")
    yield "all rows read", read
    for name, state in VIEWS.items():
        yield name, page.evaluate(CHANGE, state)


def browse(out: Path, tries: int) -> None:
    """Print how fast the page answers."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    times: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        for _ in range(tries):
            browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
            for name, took in look(browser.new_page(), (out / "formulas.html").as_uri()):
                times.setdefault(name, []).append(took)
            browser.close()
    print(f"median of {tries} tries (least - most), ms")
    for name, took in times.items():
        middle = statistics.median(took)
        print(f"{name:28} {middle:6.0f}  ({min(took):.0f} - {max(took):.0f})")


def main() -> None:
    """Build and browse."""
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=Path)
    parser.add_argument("--out", type=Path, default=Path("report-benchmark"))
    parser.add_argument("--limit", type=int, default=100_000)
    parser.add_argument("--tries", type=int, default=5)
    arguments = parser.parse_args()
    build(arguments.results, arguments.out.resolve(), arguments.limit)
    browse(arguments.out.resolve(), arguments.tries)


if __name__ == "__main__":
    main()
