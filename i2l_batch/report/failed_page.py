"""failed.html and its further pages: the documents that failed or were read in part, by type.

In: a connection with the view `documents`. Out: static pages of a thousand documents each, the
types one after the other, and on each page links to where they begin. Knows nothing of formulas.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from i2l_batch.report.templates import fill
from i2l_batch.report.text import html

PER_PAGE = 1000
_DOCUMENTS = """
    SELECT coalesce(error_type, status) AS type, status, source, coalesce(error_message, ''),
           pages, formulas, attempts, run
    FROM documents WHERE status IN ('failed', 'partial')
    ORDER BY type, status, source"""
_HEAD = """<table>
<thead><tr><th scope="col">document</th><th scope="col">status</th><th scope="col">why</th>
<th scope="col">pages</th><th scope="col">formulas</th><th scope="col">attempts</th></tr></thead>
<tbody>"""


def write_failed(folder: Path, connection: duckdb.DuckDBPyConnection, title: str) -> None:
    """Write the pages; one that says so if no document failed. title: of the report."""
    types = connection.execute(
        f"SELECT type, count(*) FROM ({_DOCUMENTS}) GROUP BY type ORDER BY type"
    ).fetchall()
    starts = [0, *itertools.accumulate(count for _, count in types)]
    pages = max(1, -(-starts[-1] // PER_PAGE))
    contents = "\n".join(
        f'<li><a href="{page_name(start // PER_PAGE)}#type-{i}">{html(type_)}</a>: {count:,}</li>'
        for i, ((type_, count), start) in enumerate(zip(types, starts, strict=False))
    )
    numbers = {type_: i for i, (type_, _) in enumerate(types)}
    rows = connection.execute(_DOCUMENTS)
    for page in range(pages):
        path = folder / page_name(page)
        text = fill(
            "failed.html",
            title=html(title),
            count=f"{starts[-1]:,}",
            contents=contents or "<li>No document failed.</li>",
            tables="\n".join(_tables(rows.fetchmany(PER_PAGE), numbers)),
            pager=_pager(page, pages),
        )
        path.write_text(text, "utf-8")


def page_name(page: int) -> str:
    """The file of a page, from 0."""
    return f"failed-{page + 1}.html" if page else "failed.html"


def _tables(rows: list[tuple[Any, ...]], numbers: dict[str, int]) -> Iterator[str]:
    for type_, group in itertools.groupby(rows, key=lambda row: row[0]):
        yield f'<h2 id="type-{numbers[type_]}">{html(type_)}</h2>'
        yield _HEAD
        for _, status, source, message, pages, formulas, attempts, _ in group:
            yield (
                f'<tr><th scope="row">{html(source)}</th><td>{html(status)}</td>'
                f'<td class="prose">{html(message)}</td><td class="number">{pages:,}</td>'
                f'<td class="number">{formulas:,}</td><td class="number">{attempts:,}</td></tr>'
            )
        yield "</tbody></table>"


def _pager(page: int, pages: int) -> str:
    if pages == 1:
        return ""
    links = [
        f'<a aria-current="page">{n + 1}</a>'
        if n == page
        else f'<a href="{page_name(n)}">{n + 1}</a>'
        for n in range(pages)
    ]
    return f'<nav class="pager" aria-label="pages">{" ".join(links)}</nav>'
