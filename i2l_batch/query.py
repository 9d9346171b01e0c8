"""SQL over a results folder.

In: a folder and a query. Out: its rows as text or parquet. The views `formulas` and `documents`
show committed, current rows only, as they were when the connection was made; a run may go on beside
it. Knows nothing of how rows get there.
"""

from __future__ import annotations

import glob
import io
import os
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import duckdb
import pyarrow as pa

from i2l_batch.durable import whole_file
from i2l_batch.errors import UsageError
from i2l_batch.locations import Place
from i2l_batch.object_uri import local_path
from i2l_batch.results import Results, open_results
from i2l_batch.schema import DOCUMENT_SCHEMA, FORMULA_SCHEMA
from i2l_batch.tables import (
    Format,
    answer,
    write_csv,
    write_json,
    write_jsonl,
    write_markdown,
    write_table,
)

WRITERS = {
    "table": write_table,
    "csv": write_csv,
    "json": write_json,
    "jsonl": write_jsonl,
    "markdown": write_markdown,
}
"""How rows become text, by the name of the format."""


def connect(folder: Place | Results, *, files: bool = False) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection in memory with views `formulas` and `documents`. Raises StoreError.

    Parquet files are read as a query needs them, so that results larger than memory can be queried.

    files: whether queries may read and write other files, too: those that users write may.
    """
    results = folder if isinstance(folder, Results) else open_results(folder)
    # DuckDB's defaults: spill into the current folder, fetch extensions from the network, and draw
    # a bar on standard output, which is for rows.
    connection = duckdb.connect(
        config={
            # Made when it is needed, and removed. Queries may write to it in any case, so its name
            # is one that nobody knows.
            "temp_directory": f"{tempfile.gettempdir()}/i2l-query-{secrets.token_hex(16)}",
            "autoinstall_known_extensions": "false",
        }
    )
    connection.execute("SET enable_progress_bar = false")
    path = results.location.path
    if not files:
        if path is not None:
            where = str(path.resolve() / "formulas")
            allowed = f"[{quoted(where)}, {quoted(glob.escape(where))}]"
            connection.execute(f"SET allowed_directories = {allowed}")
        connection.execute("SET enable_external_access = false")  # cannot be taken back
    connection.register("documents", results.documents())
    if not results.parts:
        connection.register("formulas", FORMULA_SCHEMA.empty_table())
        return connection
    scan, name = _scan(connection, results)
    replaced = [
        {"part": part, "source": source}
        for part, sources in results.replaced().items()
        for source in sources
    ]
    columns = ", ".join(f'f."{column}"' for column in FORMULA_SCHEMA.names)
    view = f"CREATE VIEW formulas AS SELECT {columns} FROM {scan} AS f"
    if replaced:
        connection.register("replaced", pa.Table.from_pylist(replaced))
        view += f" ANTI JOIN replaced AS r ON {name} = r.part AND f.source = r.source"
    connection.execute(view)
    return connection


def _scan(connection: duckdb.DuckDBPyConnection, results: Results) -> tuple[str, str]:
    """What DuckDB reads the formulas parts from, and how it then calls the part of a row `f`."""
    path = results.location.path
    if path is None:  # DuckDB reads object stores by an extension that not everybody can load
        connection.register("parts", results.files())
        return "parts", "f.part"
    where = glob.escape(str(path.resolve() / "formulas"))
    files = ", ".join(quoted(f"{where}/{part}") for part in results.parts)
    # DuckDB would take a folder above the results that is called page=7 for a column.
    scan = f"read_parquet([{files}], filename = true, hive_partitioning = false)"
    return scan, "parse_filename(f.filename)"


def run_query(
    folder: Place,
    sql: str | None = None,
    format: Format = "table",  # noqa: A002 - the option's name
    out: Path | TextIO | None = None,
) -> None:
    """Write the rows of a query.

    out: see `text_output`. Raises UsageError for what is wrong with the query, StoreError for what
    is wrong with the folder.
    """
    if sql is None:
        raise UsageError(
            "give a query, such as 'SELECT * FROM formulas'; for a summary there is"
            f" `i2l stats {folder}`"
        )
    connection = connect(folder, files=True)
    if isinstance(out, Path) and format == "parquet":
        with whole_file(local_path(out)) as file:
            _copy_parquet(connection, sql, file.name)
        return
    with text_output(out) as text:
        if format == "parquet":
            _write_parquet(connection, sql, text)
            return
        with _clear_errors():
            columns, rows = answer(connection, _last_statement(connection, sql))
            WRITERS[format](columns, rows, text)


@contextmanager
def text_output(out: Path | TextIO | None) -> Iterator[TextIO]:
    """Where text goes: a file (whole or not at all), a text stream, or for null standard output,
    whose reader may leave early. Raises StoreError for a file that cannot be written."""
    if isinstance(out, Path):
        with whole_file(local_path(out)) as file:
            text = io.TextIOWrapper(file, encoding="utf-8", newline="")
            try:
                yield text
                text.flush()
            finally:
                text.detach()
        return
    stream = sys.stdout if out is None else out
    try:
        yield stream
        stream.flush()
    except BrokenPipeError:  # `| head` has seen enough; Python must not flush into it on exit
        if out is not None:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _last_statement(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """Run all statements but the last; return that, without its semicolon."""
    statements = connection.extract_statements(sql)
    if not statements:
        raise UsageError("the query is empty: give a query such as 'SELECT * FROM formulas'")
    for statement in statements[:-1]:
        connection.execute(statement)
    return statements[-1].query.strip().rstrip(";")


def _write_parquet(connection: duckdb.DuckDBPyConnection, sql: str, out: TextIO) -> None:
    if out.isatty():
        raise UsageError("parquet is not for a terminal: write it to a file with -o FILE")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        _copy_parquet(connection, sql, str(path))
        with path.open("rb") as file:
            shutil.copyfileobj(file, out.buffer)  # pyright: ignore[reportAttributeAccessIssue]


def _copy_parquet(connection: duckdb.DuckDBPyConnection, sql: str, path: str) -> None:
    with _clear_errors():
        query = _last_statement(connection, sql)
        options = "FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false"
        connection.execute(f"COPY (\n{query}\n) TO {quoted(path)} ({options})")


@contextmanager
def _clear_errors() -> Iterator[None]:
    """Turn DuckDB's errors into one line, with the names that there are."""
    try:
        yield
    except duckdb.Error as error:
        message = str(error).split("\n\nLINE ")[0].splitlines()[0]
        column = re.search(r'column (?:named )?"([^"]+)"', message)
        table = re.search(r"Table with name (\S+) does not exist", message)
        if column and isinstance(error, duckdb.BinderException):
            message = f"no column {column[1]}: {_columns()}"
        elif table:
            message = f"no table {table[1]}: {_columns()}"
        raise UsageError(message) from error


def _columns() -> str:
    formulas, documents = ", ".join(FORMULA_SCHEMA.names), ", ".join(DOCUMENT_SCHEMA.names)
    return f"formulas has {formulas}; documents has {documents}"


def quoted(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
