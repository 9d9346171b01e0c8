"""One search over a results folder.

In: a folder and what is wanted. Out: the formulas found, as text on a stream, and a line that says
how many there are. DuckDB reads, compares and sorts, and spills to disk where it must; rows pass by
a thousand at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

import duckdb

from i2l_batch.latex import tokenize
from i2l_batch.locations import Place
from i2l_batch.query import WRITERS, connect, text_output
from i2l_batch.search.condition import condition
from i2l_batch.search.pattern import parse_pattern
from i2l_batch.search.similarity import similarity_to
from i2l_batch.search.spelling import as_stored
from i2l_batch.search.wanted import Wanted
from i2l_batch.source_glob import sources_matching
from i2l_batch.tables import write_table

Form = Literal["table", "csv", "json", "jsonl", "markdown"]

# Floats of 32 bits come with the digits they have: 0.9, not 0.8999999761581421.
_COLUMNS = {"source": "source", "page": "page", "number": "number", "latex": "latex"} | {
    "confidence": "confidence::varchar::double"
}
_PLACE = 'source, page NULLS FIRST, "index"'
_TABLE_ROWS = 1000  # what `write_table` shows at most


@dataclass(kw_only=True, slots=True)
class _Query:
    """The parts of a SELECT over the view `formulas`, with their parameters."""

    columns: dict[str, str]
    """Name -> SQL."""
    where: str
    parameters: list[str | float]
    order: str
    order_parameters: list[str]

    def count(self, connection: duckdb.DuckDBPyConnection) -> int:
        """How many rows there are."""
        sql = f"SELECT count(*) FROM formulas WHERE {self.where}"
        (count,) = connection.execute(sql, self.parameters).fetchall()[0]
        return count

    def rows(self, connection: duckdb.DuckDBPyConnection, limit: int) -> Iterator[tuple[Any, ...]]:
        """The rows in order, at most `limit` of them; 0 for all."""
        columns = ", ".join(f"{sql} AS {name}" for name, sql in self.columns.items())
        sql = f"SELECT {columns} FROM formulas WHERE {self.where} ORDER BY {self.order}"
        sql += f" LIMIT {limit}" if limit else ""
        cursor = connection.execute(sql, [*self.parameters, *self.order_parameters])
        while rows := cursor.fetchmany(1000):
            yield from rows


def search(
    folder: Place, wanted: Wanted, form: Form = "table", out: Path | TextIO | None = None
) -> str:
    """Write the formulas found; return a line that says how many there are.

    Below a table this line stands, too. out: see `text_output`. Raises UsageError for a pattern
    that is none and for a source that is not there, StoreError for what is wrong with the folder.
    """
    connection = connect(folder)
    where, parameters = _filters(connection, wanted)
    query = _Query(
        columns=dict(_COLUMNS),
        where=where,
        parameters=parameters,
        order=_PLACE if wanted.sort != "confidence" else f"confidence DESC, {_PLACE}",
        order_parameters=[],
    )
    if wanted.pattern is not None:
        sql, texts = condition(parse_pattern(wanted.pattern))
        query.where += f" AND {sql}"
        query.parameters += texts
    if wanted.like is not None:
        _sort_by_similarity(connection, query, wanted.like)
    if form not in ("table", "markdown"):
        query.columns["formula_id"] = "formula_id"
    count = query.count(connection)
    rows = query.rows(connection, wanted.limit)
    shown = min(count, wanted.limit or count, _TABLE_ROWS if form == "table" else count)
    line = _line(count, shown, is_like=wanted.like is not None)
    with text_output(out) as text:
        if form == "table":
            write_table(list(query.columns), rows, text, count=False)
            text.write(line + "\n")
        else:
            WRITERS[form](list(query.columns), rows, text)
    return line


def _filters(
    connection: duckdb.DuckDBPyConnection, wanted: Wanted
) -> tuple[str, list[str | float]]:
    """The condition that the options make, and its parameters."""
    # Confidences have 32 bits, and 0.9 of these is less than 0.9.
    where, parameters = "confidence >= ?::float", list[str | float]([wanted.min_confidence])
    if wanted.source is not None:
        connection.register("wanted", sources_matching(connection, wanted.source))
        where += " AND source IN (SELECT source FROM wanted)"
    return where, parameters


def _sort_by_similarity(connection: duckdb.DuckDBPyConnection, query: _Query, formula: str) -> None:
    """Let the nearest to a formula come first, and those that equal it before all others."""
    typed = tokenize(formula)
    texts = list(dict.fromkeys(" ".join(each) for each in (typed, as_stored(typed)) if each))
    name = "similarity_to_it"
    # (names of types will do, but pyright wants objects)
    types: Any = {"parameters": ["VARCHAR"], "return_type": "DOUBLE", "type": "arrow"}
    connection.create_function(name, similarity_to([text.split(" ") for text in texts]), **types)
    query.columns = {"similarity": f"{name}(latex)"} | query.columns
    query.order = f"similarity DESC, latex IN ({', '.join('?' * len(texts))}) DESC, {_PLACE}"
    query.order_parameters = texts


def _line(count: int, shown: int, *, is_like: bool) -> str:
    """How many formulas there are, and how to get those that are not shown."""
    formulas = f"{count:,} formula{'s' if count != 1 else ''}"
    if is_like:
        return f"the nearest {shown:,} of {formulas}"
    if shown == count:
        return f"{formulas} found" if count else "no formula found"
    return f"the first {shown:,} of {formulas} found: --limit 0 --format csv gives all"
