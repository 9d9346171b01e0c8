"""Rows as text: a table for a terminal, Markdown, CSV, JSON.

In: column names and an iterator of rows, as DuckDB gives them. Out: text on a stream; rows are
taken one by one, except for tables. Knows nothing of what the columns mean, but that bytes may be a
picture.
"""

from __future__ import annotations

import base64
import csv
import itertools
import json
import math
import shutil
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Literal, TextIO, TypeAlias

import duckdb
import numpy as np
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from i2l_batch.printable import printable

Format = Literal["table", "csv", "json", "jsonl", "parquet", "markdown"]
Rows: TypeAlias = Iterator[tuple[Any, ...]]

_TABLE_ROWS = 1000  # a table must know all its cells before its widths; more is no reading matter
_PIPE_WIDTH = 120  # characters, where there is no terminal and no COLUMNS
_NARROW = 10  # characters a cell must have to be worth showing
_GAP = 3  # characters between columns, of rich's SIMPLE_HEAD


def answer(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[list[str], Rows]:
    """Run a statement: the names of its columns, and its rows, read a thousand at a time.

    32-bit floats come with the digits they have: 0.9, which as a Python float would be
    0.8999999761581421.
    """
    cursor = connection.execute(sql)
    description = cursor.description or []
    types = [str(column[1]) for column in description]
    single = ["FLOAT" in name and "DOUBLE" not in name for name in types]
    return [column[0] for column in description], _fetch(cursor, single)


def _fetch(cursor: duckdb.DuckDBPyConnection, single: list[bool]) -> Rows:
    while rows := cursor.fetchmany(1000):
        for row in rows:
            yield tuple(
                _short(value) if short else value for value, short in zip(row, single, strict=True)
            )


def _short(value: Any) -> Any:
    """All floats in a value with the digits that 32 bits have."""
    if isinstance(value, float):
        return float(str(np.float32(value)))
    if isinstance(value, dict):
        return {name: _short(item) for name, item in value.items()}
    return [_short(item) for item in value] if isinstance(value, list) else value


def write_csv(columns: Sequence[str], rows: Rows, out: TextIO) -> None:
    """CSV with a header. Null is empty, lists are JSON, bytes base64; nothing is cut."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_csv_cell(_json_value(value)) for value in row])


def write_jsonl(columns: Sequence[str], rows: Rows, out: TextIO) -> None:
    """One JSON object a line; bytes are base64, NaN and infinity null."""
    for row in rows:
        out.write(json_object(columns, row) + "\n")


def write_json(columns: Sequence[str], rows: Rows, out: TextIO) -> None:
    """One JSON array, an object a line; values as in `write_jsonl`."""
    out.write("[")
    separator = "\n"
    for row in rows:
        out.write(separator + json_object(columns, row))
        separator = ",\n"
    out.write("\n]\n")


def write_markdown(columns: Sequence[str], rows: Rows, out: TextIO) -> None:
    """A GitHub table; text that Markdown would interpret (LaTeX) stands as code. Nothing is cut but
    bytes, of which only the size is told."""
    out.write("| " + " | ".join(_markdown_cell(name) for name in columns) + " |\n")
    out.write("|" + " --- |" * len(columns) + "\n")
    for row in rows:
        out.write("| " + " | ".join(_markdown_cell(value) for value in row) + " |\n")


def write_table(columns: Sequence[str], rows: Rows, out: TextIO, *, count: bool = True) -> None:
    """A table as wide as the terminal, then the count of its rows.

    Long cells are cut with `…`, numbers below a thousand to four digits; of bytes the size is told.
    Columns that do not fit are left out from the right, and the last line says so.
    """
    shown = list(itertools.islice(rows, _TABLE_ROWS))
    more = next(rows, None) is not None
    width = shutil.get_terminal_size((_PIPE_WIDTH, 0)).columns
    cells = [[_table_cell(value) for value in row] for row in shown]
    widths = _fit(
        [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)], width
    )
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for number, column_width in enumerate(widths):
        numeric = all(isinstance(row[number], (int, float, Decimal, type(None))) for row in shown)
        table.add_column(
            Text(columns[number]),
            width=column_width,
            no_wrap=True,
            overflow="ellipsis",
            justify="right" if numeric and shown else "left",
        )
    for row in cells:
        table.add_row(*(Text(cell) for cell in row[: len(widths)]))
    console = Console(file=out, width=width, highlight=False)
    console.print(table)
    if not count:
        return
    note = f"{len(shown):,} row{'s' if len(shown) != 1 else ''}"
    if more:
        note = f"the first {note}: use LIMIT, or --format csv"
    if len(widths) < len(columns):
        note += f"; {len(widths)} of {len(columns)} columns fit: name some in SELECT"
    console.print(Text(note), soft_wrap=True)


def _fit(natural: list[int], width: int) -> list[int]:
    """Widths of the columns that fit: none under `_NARROW` if it has more to say, and the wide ones
    share alike what the narrow ones leave."""
    count = len(natural)
    while count > 1 and sum(min(n, _NARROW) + _GAP for n in natural[:count]) - _GAP > width:
        count -= 1
    space, widths = width - _GAP * (count - 1), [0] * count
    for left, number in enumerate(sorted(range(count), key=natural.__getitem__)):
        widths[number] = min(natural[number], max(1, space // (count - left)))
        space -= widths[number]
    return widths


def _table_cell(value: Any) -> str:
    if isinstance(value, float) and abs(value) < 1000:
        return f"{value:.4g}"
    return _one_line(value)


def _one_line(value: Any) -> str:
    if isinstance(value, dict) and set(value) == {"bytes", "path"}:
        value = value["bytes"]  # a picture: its name says no more than its row does
    if isinstance(value, bytes):
        kind = " png" if value.startswith(b"\x89PNG") else ""
        return f"<{len(value) / 1000:.1f} kB{kind}>"
    if isinstance(value, float):
        return str(value).removesuffix(".0")
    text = _csv_cell(_json_value(value)).replace("\n", " ")
    # Titles and messages come out of other people's files: no control codes to the terminal.
    return printable(text)


def _markdown_cell(value: Any) -> str:
    text = _one_line(value).replace("|", "\\|")
    if not set(text) & set("\\`*_{}[]<>^~$#"):
        return text
    fence = "``" if "`" in text else "`"
    space = " " if "`" in text else ""
    return f"{fence}{space}{text}{space}{fence}"


def json_object(columns: Sequence[str], row: tuple[Any, ...]) -> str:
    """A row as one line of JSON."""
    values = {name: _json_value(value) for name, value in zip(columns, row, strict=True)}
    return json.dumps(values, ensure_ascii=False, allow_nan=False)


def _json_value(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):  # as text where a float would lose digits
        return float(value) if Decimal(str(float(value))) == value else str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, dict):
        return {str(key): _json_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_value(item) for item in value]
    return str(value)  # dates, times, intervals, UUIDs


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
