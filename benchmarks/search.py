r"""How fast `i2l search` and `i2l stats` are, beside a plain scan in Python.

    python benchmarks/search.py [--folder DIR] [--rows 100000]

A folder of synthetic formulas with pictures is made if it is not there. Each pattern is searched as
the command does it, first twenty in reading order and the count of all, and then by a loop over all
formulas that tries every place; both must find as many. Likewise `--like`, where the nearest must
be the same. Then whole commands, start-up included, with their memory, and the figures of
`i2l stats`. Figures go to benchmarks/search.md.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.synthetic_results import write_results
from i2l_batch.latex import closing_brace
from i2l_batch.query import connect
from i2l_batch.search.pattern import Element, Wild, parse_pattern
from i2l_batch.search.run import search
from i2l_batch.search.wanted import Wanted
from i2l_batch.stats.run import stats

PATTERNS = [
    "x^2",
    r"\int_0^1",
    "=",
    r"\hbar \omega",
    r"\int_0^? * d x",
    r"\frac ? {2 *}",
    "? = ?",
    "? + ? + ?",
    r"\sum_{i=*}^? ?",
]
LIKE = [
    "E = m c ^ { 2 }",
    r"f ( x ) = \int _ { 0 } ^ { \infty } e ^ { - x ^ { 2 } } d x",
    r"\frac { a } { b } + \sqrt { x _ { i } ^ { 2 } + y _ { i } ^ { 2 } } = \sum _ { n = 0 } ^ "
    r"{ \infty } \frac { c _ { n } } { n ^ { 2 } } \cos ( n \theta )",
]


def is_at(tokens: Sequence[str], at: int, pattern: Sequence[Element]) -> bool:
    """Whether the pattern begins there, one way tried after the other."""
    if not pattern:
        return True
    first, rest = pattern[0], pattern[1:]
    if at == len(tokens):
        return first is Wild.RUN and is_at(tokens, at, rest)
    close = closing_brace(tokens, at) if tokens[at] == "{" else None
    after = at + 1 if close is None else close + 1
    can_pass = close is not None or tokens[at] not in ("{", "}")
    if first is Wild.RUN:
        return is_at(tokens, at, rest) or (can_pass and is_at(tokens, after, pattern))
    if first is Wild.ONE:
        is_one = can_pass and tokens[at] not in ("^", "_", "&", "\\\\")
        return is_one and is_at(tokens, after, rest)
    return tokens[at] == first and is_at(tokens, at + 1, rest)


def scan(folder: Path, pattern: str) -> int:
    """Formulas with the pattern, all of them looked at in Python."""
    spellings, found = parse_pattern(pattern), 0
    for (latex,) in connect(folder).execute("SELECT latex FROM formulas").fetchall():
        tokens = latex.split(" ") if latex else []
        places = range(len(tokens) + 1)
        found += any(is_at(tokens, at, spelling) for spelling in spellings for at in places)
    return found


def grams(tokens: Sequence[str]) -> Counter[tuple[str, ...]]:
    """All runs of one to three tokens."""
    return Counter(tuple(tokens[i : i + n]) for n in (1, 2, 3) for i in range(len(tokens) - n + 1))


def scan_like(folder: Path, formula: str) -> list[float]:
    """The twenty greatest similarities, all of them computed in Python."""
    own, values = grams(formula.split(" ")), []
    for (latex,) in connect(folder).execute("SELECT latex FROM formulas").fetchall():
        other = grams(latex.split(" "))
        values.append(2 * (own & other).total() / (own.total() + other.total()))
    return sorted(values, reverse=True)[:20]


def timed(function: Callable[..., Any], *arguments: Any) -> tuple[float, float, Any]:
    """Seconds, seconds of CPU, and what the function gives."""
    start, cpu = time.perf_counter(), time.process_time()
    result = function(*arguments)
    return time.perf_counter() - start, time.process_time() - cpu, result


def found(folder: Path, **options: Any) -> tuple[str, list[dict[str, Any]]]:
    """The line and the rows of a search, as the command makes them."""
    out = io.StringIO()
    line = search(folder, Wanted(**options), "json", out)
    return line, json.loads(out.getvalue())


# The memory of a process counts that of its parent before it; so the parent has to be small.
STARTER = """
import resource, subprocess, sys, time
start = time.perf_counter()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
seconds, usage = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
mib = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
cpu = usage.ru_utime + usage.ru_stime
print(f"{seconds:6.2f} s {cpu:6.2f} s CPU {mib:5.0f} MiB  exit {code}")
"""


def command(*arguments: str) -> None:
    """A whole command: its seconds, its CPU seconds, its greatest memory."""
    print(f"i2l {arguments[0]} {' '.join(arguments[2:])[:40]:40}", end=" ", flush=True)
    program = [sys.executable, "-m", "i2l_batch.cli", *arguments]
    subprocess.run([sys.executable, "-c", STARTER, *program], check=True)


def main() -> None:
    """Make the folder, then measure."""
    parser = argparse.ArgumentParser()
    default = Path(tempfile.gettempdir()) / "search-benchmark"
    parser.add_argument("--folder", type=Path, default=default)
    parser.add_argument("--rows", type=int, default=100_000)
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    if not folder.exists():
        write_results(folder, arguments.rows)
    rows = connect(folder).execute("SELECT count(*) FROM formulas").fetchall()[0][0]
    print(f"{rows:,} formulas; seconds (of CPU): search, and the plain scan")
    for pattern in PATTERNS:
        seconds, cpu, (line, _) = timed(lambda p: found(folder, pattern=p), pattern)
        slow, slow_cpu, count = timed(scan, folder, pattern)
        assert f"{count:,} formula" in line or not count, (count, line)
        print(f"{pattern:20} {count:7,} {seconds:6.2f} ({cpu:.2f}) {slow:8.2f} ({slow_cpu:.2f})")
    for formula in LIKE:
        seconds, cpu, (_, nearest) = timed(lambda f: found(folder, like=f), formula)
        slow, slow_cpu, values = timed(scan_like, folder, formula)
        assert max(abs(a["similarity"] - b) for a, b in zip(nearest, values, strict=True)) < 1e-9
        print(f"{formula[:28]:28} {seconds:6.2f} ({cpu:.2f}) {slow:8.2f} ({slow_cpu:.2f})")
    seconds, cpu, _ = timed(stats, folder, "json", io.StringIO())
    print(f"stats {seconds:.2f} ({cpu:.2f})", flush=True)
    here = str(folder)
    command("search", here, r"\int_0^1")
    command("search", here, r"\int_0^? * d x")
    command("search", here, "--like", LIKE[0])
    command("search", here, "=", "--limit", "0", "--format", "csv")
    command("search", here, "--like", LIKE[1], "--limit", "0", "--format", "jsonl")
    command("stats", here)
    command("stats", here, "--json")


if __name__ == "__main__":
    main()
