"""The facts of the first page: what there is, how sure it is, what failed, how fast it came.

In: a connection with the views `formulas` and `documents`, and the runs' records. Out: numbers, in
the order in which they are shown. Knows nothing of pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

BINS = 20
"""Bars of the histogram of confidences, of equal width."""
_STEPS = 120
"""Most steps of the throughput: what can be told apart on a page."""

_LEAST = 0.01
"""Seconds, as exact as records are: no step is shorter."""

_BY_STATUS = """
    SELECT status, count(*), sum(pages)::bigint, sum(formulas)::bigint, sum(seconds)
    FROM documents GROUP BY status ORDER BY count(*) DESC, status"""
_BY_KIND = """
    SELECT kind, count(*), count(*) FILTER (valid), quantile_cont(confidence, 0.5)
    FROM formulas GROUP BY kind ORDER BY count(*) DESC, kind"""
_FLAGS = """
    SELECT flag, count(*) FROM (SELECT unnest(flags) AS flag FROM formulas)
    GROUP BY flag ORDER BY count(*) DESC, flag"""
_CONFIDENCE = f"""
    SELECT least(floor(confidence * {BINS})::int, {BINS} - 1), count(*) FROM formulas GROUP BY 1"""
_PER_PAPER = """
    SELECT CASE formulas WHEN 0 THEN 0 ELSE 1 + floor(log2(formulas))::int END, count(*)
    FROM documents WHERE status <> 'failed' GROUP BY 1"""
_FAILURES = """
    SELECT coalesce(error_type, status), count(*) FILTER (status = 'failed'),
           count(*) FILTER (status = 'partial')
    FROM documents WHERE status IN ('failed', 'partial') GROUP BY 1 ORDER BY count(*) DESC, 1"""

Counts = Sequence[tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Overview:
    """What a results folder holds at one moment."""

    runs: Sequence[Mapping[str, Any]]
    """The records, oldest first."""
    statuses: Counts
    """Status, documents, pages, formulas, seconds."""
    kinds: Counts
    """Kind, formulas, those that parse, median of the confidence."""
    flags: Counts
    """Flag, formulas."""
    confidence: list[int]
    """Formulas in each of `BINS` intervals from 0 to 1."""
    per_paper: list[tuple[str, int]]
    """Numbers of formulas such as 8-15, and documents that have so many; failed ones left out."""
    failures: Counts
    """Error type, documents that failed, documents that were read in part."""
    throughput: list[tuple[float, float, int, int]]
    """From and to, in seconds of work since the first run began; documents, formulas."""

    @property
    def documents(self) -> int:
        """All inputs that have a row."""
        return sum(row[1] for row in self.statuses)

    @property
    def unread(self) -> int:
        """Documents that failed, or of which a part did."""
        return sum(row[1] + row[2] for row in self.failures)


def look(connection: duckdb.DuckDBPyConnection, runs: Sequence[Mapping[str, Any]]) -> Overview:
    """Ask all that the first page tells."""

    def ask(sql: str) -> list[tuple[Any, ...]]:
        return connection.execute(sql).fetchall()

    bins = dict(ask(_CONFIDENCE))
    sizes = dict(ask(_PER_PAPER))
    return Overview(
        runs=runs,
        statuses=ask(_BY_STATUS),
        kinds=ask(_BY_KIND),
        flags=ask(_FLAGS),
        confidence=[bins.get(number, 0) for number in range(BINS)],
        per_paper=[(_span(n), sizes.get(n, 0)) for n in range(max(sizes, default=-1) + 1)],
        failures=ask(_FAILURES),
        throughput=throughput(runs),
    )


def _span(exponent: int) -> str:
    """The numbers of formulas that are counted together."""
    low, high = (1 << exponent) // 2, (1 << exponent) - 1
    return str(low) if low >= high else f"{low}-{high}"


def throughput(runs: Sequence[Mapping[str, Any]]) -> list[tuple[float, float, int, int]]:
    """What was committed from one time to another; the runs one after the other, without the pauses
    between them. Runs of which no commits are known are left out.

    Neighbours are put together until there are few enough to be seen.
    """
    steps: list[tuple[float, float, int, int]] = []
    for run in runs:
        start = before = steps[-1][1] if steps else 0.0
        for seconds, documents, formulas in run.get("commits", ()):
            after = max(start + seconds, before + _LEAST)
            steps.append((before, after, documents, formulas))
            before = after
    together = -(-len(steps) // _STEPS)
    groups = [steps[i : i + together] for i in range(0, len(steps), together or 1)]
    return [
        (group[0][0], group[-1][1], sum(s[2] for s in group), sum(s[3] for s in group))
        for group in groups
    ]
