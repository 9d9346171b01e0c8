"""The figures of a results folder.

In: a connection with the views `formulas` and `documents`, and the runs' records. Out: small
tables. Pictures are compared by their hashes, where DuckDB has them; none comes out. Knows nothing
of files and of text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from i2l_batch.tables import answer

_QUERIES = {
    "Totals": """
        SELECT count(*) AS documents, coalesce(sum(pages), 0) AS pages,
               coalesce(sum(formulas), 0) AS formulas, coalesce(sum(bytes), 0) AS bytes,
               coalesce(round(sum(seconds), 1), 0) AS extraction_seconds
        FROM documents""",
    "Documents": """
        SELECT status, count(*) AS documents, sum(pages) AS pages, sum(formulas) AS formulas,
               round(sum(seconds), 1) AS seconds
        FROM documents GROUP BY status ORDER BY documents DESC, status""",
    "Failures": """
        SELECT status, error_type, count(*) AS documents, min(source) AS example,
               arg_min(error_message, source) AS message
        FROM documents WHERE status IN ('failed', 'partial')
        GROUP BY status, error_type ORDER BY documents DESC, status, error_type""",
    "Slowest documents": """
        SELECT round(seconds, 2) AS seconds, pages, formulas, status, source
        FROM documents ORDER BY documents.seconds DESC, source LIMIT 5""",
    "Formulas": """
        SELECT kind, count(*) AS formulas, count(*) FILTER (WHERE NOT valid) AS invalid,
               count(*) FILTER (WHERE stop = 'length') AS cut,
               round(100 * avg((confidence < 0.5)::int), 1) AS low_percent,
               round(100 * avg((confidence > 0.9::float)::int), 1) AS high_percent
        FROM formulas GROUP BY kind ORDER BY formulas DESC, kind""",
    "Confidence": """
        SELECT kind,
               round(quantile_cont(confidence, 0.05), 4) AS p5,
               round(quantile_cont(confidence, 0.25), 4) AS p25,
               round(quantile_cont(confidence, 0.5), 4) AS p50,
               round(quantile_cont(confidence, 0.75), 4) AS p75,
               round(quantile_cont(confidence, 0.95), 4) AS p95
        FROM formulas GROUP BY kind ORDER BY count(*) DESC, kind""",
    "Least confident": """
        SELECT confidence, source, page, latex FROM formulas
        ORDER BY confidence, formula_id LIMIT 5""",
    "Flags": """
        SELECT flag, count(*) AS formulas,
               round(100 * count(*) / (SELECT count(*) FROM formulas), 2) AS percent
        FROM (SELECT unnest(flags) AS flag FROM formulas)
        GROUP BY flag ORDER BY formulas DESC, flag""",
}

# By hashes, which are small. The function gives a number even for null.
_DUPLICATES = """
    SELECT count(picture), count(DISTINCT picture), count(text), count(DISTINCT text)
    FROM (
        SELECT CASE WHEN crop IS NOT NULL THEN hash(crop.bytes) END AS picture,
               CASE WHEN latex <> '' THEN hash(latex) END AS text
        FROM formulas
    )"""

_RATES = ["run", "seconds", "documents_per_s", "formulas_per_s", "busy"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One table of the figures."""

    title: str
    columns: Sequence[str]
    rows: Sequence[tuple[Any, ...]]


def sections(
    connection: duckdb.DuckDBPyConnection, runs: Sequence[Mapping[str, Any]]
) -> list[Section]:
    """All tables, those without rows too, in the order in which they are shown."""
    found: list[Section] = []
    for title, sql in _QUERIES.items():
        columns, rows = answer(connection, sql)
        found.append(Section(title=title, columns=columns, rows=list(rows)))
    return [*found, _duplicates(connection), _runs(connection, runs), _speed(runs)]


def _duplicates(connection: duckdb.DuckDBPyConnection) -> Section:
    """How many formulas have a picture, or LaTeX, that another one has, too."""
    ((pictures, different_pictures, texts, different_texts),) = connection.execute(
        _DUPLICATES
    ).fetchall()
    counts = [("picture", pictures, different_pictures), ("latex", texts, different_texts)]
    rows = [(*row, row[1] - row[2]) for row in counts if row[1]]
    return Section(
        title="Duplicates", columns=["same", "formulas", "distinct", "repeated"], rows=rows
    )


def _runs(connection: duckdb.DuckDBPyConnection, runs: Sequence[Mapping[str, Any]]) -> Section:
    """The runs, and how many rows of each are still current."""
    counted = connection.execute(
        "SELECT run, count(*), sum(formulas) FROM documents GROUP BY run"
    ).fetchall()
    current = {run: (documents, formulas) for run, documents, formulas in counted}
    columns = ["run", "status", "started", "finished", "documents", "formulas"]
    rows = [
        (*(run[name] for name in columns[:4]), *current.get(run["run"], (0, 0))) for run in runs
    ]
    return Section(title="Runs", columns=columns, rows=rows)


def _speed(runs: Sequence[Mapping[str, Any]]) -> Section:
    """What each run that ended read in a second: documents of any status, but not skipped ones."""
    rows = []
    for run in runs:
        counts, seconds = run["counts"], run["timings"].get("total")
        if not seconds or not counts:
            continue
        documents = sum(counts[status] for status in ("ok", "empty", "partial", "failed"))
        rates = (round(count / seconds, 4) for count in (documents, counts["formulas"]))
        rows.append((run["run"], round(seconds, 1), *rates, round(run["timings"]["busy"], 3)))
    return Section(title="Speed", columns=_RATES, rows=rows)
