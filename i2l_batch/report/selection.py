"""Which formulas a report shows, and in what order.

In: a connection with the view `formulas`, and how many are wanted. Out: the least certain ones, the
worst first, as rows and as pictures, read as they are needed. Knows nothing of pages.

Rows are sorted without their pictures, which are a hundred times their size: pictures come in the
order they are stored in, each with the number of its row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

_MEMORY = "512MB"
_CHOOSE = """
    CREATE TEMP TABLE chosen AS
    WITH least AS (
        SELECT formula_id, confidence, source, page, index FROM formulas
        ORDER BY confidence, formula_id LIMIT {limit}
    )
    SELECT formula_id,
           row_number() OVER (ORDER BY confidence, formula_id) - 1 AS rank,
           row_number() OVER (ORDER BY source, page, index) - 1 AS place,
           dense_rank() OVER (ORDER BY source) - 1 AS paper
    FROM least"""
_ROWS = """
    SELECT formula_id, place, paper, source, page, kind, number, dpi, latex, confidence, valid,
           flags, alternatives
    FROM formulas JOIN chosen USING (formula_id) ORDER BY rank"""
_PICTURES = """
    SELECT rank, crop.bytes FROM formulas JOIN chosen USING (formula_id)
    WHERE crop IS NOT NULL"""


@dataclass(frozen=True, slots=True)
class Row:
    """A formula as the results have it, and where it stands."""

    formula_id: str
    place: int
    """Its number in the order of papers, pages and reading, from 0."""
    paper: int
    """Number of its paper among those shown, by name, from 0."""
    source: str
    page: int | None
    kind: str
    number: str | None
    dpi: int | None
    latex: str
    confidence: float
    valid: bool
    flags: list[str]
    alternatives: list[dict[str, Any]]


class Selection:
    """The formulas that are shown. Its readers share the connection: end one, then begin the next.

    Memory is bounded: what is sorted and does not fit goes to the system's temporary folder.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, limit: int) -> None:
        connection.execute(f"SET memory_limit = '{_MEMORY}'")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(_CHOOSE.format(limit=limit))
        self._connection = connection
        self.size: int = _number(connection, "SELECT count(*) FROM chosen")
        self.total: int = _number(connection, "SELECT count(*) FROM formulas")

    def rows(self) -> Iterator[Row]:
        """All rows, the least certain first; equally certain ones by id."""
        for values in self._read(_ROWS, 1000):
            yield Row(*values)

    def pictures(self) -> Iterator[tuple[int, bytes]]:
        """Number of the row (from 0) and PNG, of those that have one; in any order."""
        yield from self._read(_PICTURES, 200)

    def _read(self, sql: str, at_once: int) -> Iterator[Any]:
        result = self._connection.execute(sql)
        while batch := result.fetchmany(at_once):
            yield from batch


def _number(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    (row,) = connection.execute(sql).fetchall()
    return row[0]
