"""What is in a results folder, at a glance.

In: a connection with the views `formulas` and `documents`, and the runs' records. Out: five small
tables, as text. Knows nothing of files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import duckdb
from rich.console import Console
from rich.text import Text

from i2l_batch.tables import Format, answer, json_object, write_markdown, write_table

_QUERIES = {
    "Documents": """
        SELECT status, count(*) AS documents, sum(pages) AS pages, sum(formulas) AS formulas,
               round(sum(seconds), 1) AS seconds
        FROM documents GROUP BY status ORDER BY documents DESC, status""",
    "Failures": """
        SELECT status, error_type, count(*) AS documents, min(source) AS example,
               arg_min(error_message, source) AS message
        FROM documents WHERE status IN ('failed', 'partial')
        GROUP BY status, error_type ORDER BY documents DESC, status, error_type""",
    "Formulas": """
        SELECT kind, count(*) AS formulas, round(100 * avg(valid::int), 1) AS valid_percent,
               round(quantile_cont(confidence, 0.05), 4) AS confidence_p5,
               round(quantile_cont(confidence, 0.25), 4) AS confidence_p25,
               round(quantile_cont(confidence, 0.5), 4) AS confidence_p50,
               round(quantile_cont(confidence, 0.75), 4) AS confidence_p75,
               round(quantile_cont(confidence, 0.95), 4) AS confidence_p95
        FROM formulas GROUP BY kind ORDER BY formulas DESC, kind""",
    "Least confident": """
        SELECT confidence, source, page, latex FROM formulas
        ORDER BY confidence, formula_id LIMIT 5""",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One table of the summary."""

    title: str
    columns: Sequence[str]
    rows: Sequence[tuple[Any, ...]]


def summarize(
    connection: duckdb.DuckDBPyConnection, runs: Sequence[Mapping[str, Any]]
) -> list[Section]:
    """Documents by status, failures by type, formulas with quantiles of their confidence, the five
    least confident formulas, the runs."""
    sections: list[Section] = []
    for title, sql in _QUERIES.items():
        columns, rows = answer(connection, sql)
        sections.append(Section(title=title, columns=columns, rows=list(rows)))
    counted = connection.execute(
        "SELECT run, count(*), sum(formulas) FROM documents GROUP BY run"
    ).fetchall()
    current = {run: (documents, formulas) for run, documents, formulas in counted}
    columns = ["run", "status", "started", "finished", "documents", "formulas"]
    rows = [
        (*(run[name] for name in columns[:4]), *current.get(run["run"], (0, 0))) for run in runs
    ]
    return [*sections, Section(title="Runs", columns=columns, rows=rows)]


def write_summary(sections: Sequence[Section], form: Format, out: TextIO) -> None:
    """Write the sections that have rows as tables, as Markdown, or all as one JSON object."""
    if form == "json":
        pairs = (
            f"{json.dumps(section.title.lower().replace(' ', '_'))}: "
            + f"[{', '.join(json_object(section.columns, row) for row in section.rows)}]"
            for section in sections
        )
        out.write("{" + ",\n ".join(pairs) + "}\n")
        return
    for section in sections:
        if not section.rows:
            continue
        if form == "markdown":
            out.write(f"### {section.title}\n\n")
            write_markdown(section.columns, iter(section.rows), out)
            out.write("\n")
        else:
            Console(file=out, highlight=False).print(Text(section.title, style="bold"))
            write_table(section.columns, iter(section.rows), out, count=False)
            out.write("\n")
