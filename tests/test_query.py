"""Queries: the views show what is committed, all formats say the same, errors are one line."""

from __future__ import annotations

import base64
import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from i2l_batch.errors import StoreError, UsageError
from i2l_batch.query import connect, run_query
from i2l_batch.results import open_results
from i2l_batch.schema import DOCUMENT_SCHEMA, FORMULA_SCHEMA
from i2l_batch.tables import Format
from tests.formula_samples import add, expected, open_store, read

ALL = "SELECT * FROM formulas ORDER BY formula_id"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two papers with formulas, one of them replaced, one failed; tables are 80 characters wide."""
    monkeypatch.setenv("COLUMNS", "80")
    results = tmp_path / "results [1] of 'me'"
    with open_store(results) as store:
        add(store, "a.pdf", "v1", 5)
        add(store, "b.pdf", "v1", 2)
        store.flush()
        add(store, "broken.pdf", "v1", 0)
    with open_store(results) as store:
        add(store, "a.pdf", "v2", 3)
    return results


def text(folder: Path, sql: str, form: Format) -> str:
    out = io.StringIO()
    run_query(folder, sql, form, out)
    return out.getvalue()


def test_views_are_what_the_reader_shows(folder: Path) -> None:
    connection = connect(folder)
    rows = connection.execute("SELECT formula_id, latex FROM formulas").fetchall()
    assert sorted(rows) == sorted(read(folder))
    assert set(rows) == expected("a.pdf", "v2", 3) | expected("b.pdf", "v1", 2)
    for view, schema in {"formulas": FORMULA_SCHEMA, "documents": DOCUMENT_SCHEMA}.items():
        columns = connection.execute(f"DESCRIBE {view}").fetchall()
        assert [column[0] for column in columns] == schema.names
    sources = "SELECT DISTINCT source FROM documents JOIN formulas USING (source) ORDER BY 1"
    assert connection.execute(sources).fetchall() == [("a.pdf",), ("b.pdf",)]


def test_folders_above_the_results_are_no_columns(tmp_path: Path) -> None:
    """DuckDB and pyarrow can take `name=value` folders for columns of the files below them."""
    folder = tmp_path / "page=7" / "model=x" / "nothing=1"
    for version in ("v1", "v2"):  # without and with replaced rows
        with open_store(folder) as store:
            add(store, "a.pdf", version, 2)
        for table in (
            connect(folder).sql("FROM formulas").to_arrow_table(),
            open_results(folder).formulas().to_table(),
        ):
            assert table.column_names == FORMULA_SCHEMA.names
            assert table["page"].to_pylist() == [1, 1]
            assert table["model"].to_pylist() == ["compact-1"] * 2
        assert open_results(folder).documents().column_names == DOCUMENT_SCHEMA.names


def test_views_while_a_run_is_writing(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        assert connect(tmp_path).execute("SELECT count(*) FROM formulas").fetchone() == (0,)
        assert connect(tmp_path).execute("SELECT count(*) FROM documents").fetchone() == (0,)
        add(store, "a.pdf", formulas=2)
        store.flush()
        connection = connect(tmp_path)
        name = f"part-{store.run}-000000.parquet"
        committed = tmp_path / "formulas" / name
        (tmp_path / "formulas" / name.replace("000000", "000001")).write_bytes(
            committed.read_bytes()
        )
        (tmp_path / "formulas" / f".{name}.tmp").write_bytes(b"PAR1 half")
        for look in (connection, connect(tmp_path)):
            rows = look.execute("SELECT formula_id, latex FROM formulas").fetchall()
            assert set(rows) == expected("a.pdf", "v1", 2)
            assert len(rows) == 2


def test_formats_say_the_same(folder: Path) -> None:
    rows = json.loads(text(folder, ALL, "json"))
    assert [json.loads(line) for line in text(folder, ALL, "jsonl").splitlines()] == rows
    table = open_results(folder).formulas().to_table().sort_by("formula_id")
    for row, stored in zip(rows, table.to_pylist(), strict=True):
        row["crop"]["bytes"] = base64.b64decode(row["crop"]["bytes"])
        assert pa.Table.from_pylist([row], FORMULA_SCHEMA).to_pylist() == [stored]
    lines = list(csv.DictReader(io.StringIO(text(folder, ALL, "csv"))))
    assert [line["latex"] for line in lines] == [row["latex"] for row in rows]
    assert [float(line["confidence"]) for line in lines] == [row["confidence"] for row in rows]
    assert [json.loads(line["flags"]) for line in lines] == [row["flags"] for row in rows]
    assert list(lines[0]) == FORMULA_SCHEMA.names
    markdown = text(folder, ALL, "markdown").splitlines()
    assert len(markdown) == 2 + len(rows)
    assert {line.count("|") for line in markdown} == {len(FORMULA_SCHEMA) + 1}
    assert rf"| `{rows[0]['latex']}` |" in markdown[2]


def test_files_are_whole(folder: Path, tmp_path: Path) -> None:
    run_query(folder, ALL + ";", "parquet", tmp_path / "rows.parquet")
    shown = open_results(folder).formulas().to_table().sort_by("formula_id")
    assert pq.read_table(tmp_path / "rows.parquet").to_pylist() == shown.to_pylist()
    run_query(folder, ALL, "csv", tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").read_text("utf-8") == text(folder, ALL, "csv")
    late = "SELECT CASE WHEN range < 50000 THEN 1 ELSE error('too late') END FROM range(60000)"
    for form in ("csv", "parquet"):
        with pytest.raises(UsageError, match="too late"):
            run_query(folder, late, form, tmp_path / f"new.{form}")
    with pytest.raises(StoreError, match=r"cannot write .*: No such file or directory"):
        run_query(folder, ALL, "csv", tmp_path / "nowhere" / "rows.csv")
    assert {path.name for path in tmp_path.iterdir()} == {"rows.parquet", "rows.csv", folder.name}


def test_short_numbers_stay_short(folder: Path) -> None:
    sql = "SELECT 0.9::float AS a, 0.9::double AS b, 'nan'::float AS c, NULL::float AS d, 1.50 AS e"
    assert text(folder, sql, "csv") == "a,b,c,d,e\n0.9,0.9,,,1.5\n"
    assert json.loads(text(folder, sql, "json")) == [
        {"a": 0.9, "b": 0.9, "c": None, "d": None, "e": 1.5}
    ]
    assert json.loads(text(folder, "FROM formulas WHERE false", "json")) == []


def test_numbers_keep_their_digits(folder: Path) -> None:
    """Markdown had 123456.789 as 1.235e+05; only a terminal's table rounds, and small numbers."""
    big = "12345678901234567890.12"
    sql = f"SELECT 123456.789::double AS a, 0.123456789::double AS b, 7654321 AS c, {big} AS d"
    exact = ["123456.789", "0.123456789", "7654321", big]
    assert text(folder, sql, "csv").splitlines()[1].split(",") == exact
    assert text(folder, sql, "markdown").splitlines()[2].strip("| ").split(" | ") == exact
    (row,) = json.loads(text(folder, sql, "json"))
    assert [str(value) for value in row.values()] == exact
    assert text(folder, sql, "table").splitlines()[2].split() == [
        "123456.789",
        "0.1235",
        "7654321",
        big,
    ]


def test_table_fits_the_terminal(folder: Path) -> None:
    lines = text(folder, ALL, "table").splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "5 rows; 9 of 26 columns fit: name some in SELECT"
    sql = "SELECT 1 AS page, repeat('x', 500) AS latex, crop, ['a'] AS flags FROM formulas LIMIT 1"
    lines = text(folder, sql, "table").splitlines()
    assert lines[2].split() == ["1", "x" * 49 + "…", "<0.0", "kB", "png>", '["a"]']
    assert lines[-1] == "1 row"


def test_table_shows_text_as_text(folder: Path) -> None:
    sql = r"SELECT '[bold]\frac{1}{2}[/] :smile:' AS latex, chr(27) || '[2J' AS title"
    assert text(folder, sql, "table").splitlines()[2].rstrip() == (
        r"[bold]\frac{1}{2}[/] :smile:   \x1b[2J"
    )


def test_long_tables_say_that_they_are_cut(folder: Path) -> None:
    lines = text(folder, "FROM range(1500)", "table").splitlines()
    assert lines[-1] == "the first 1,000 rows: use LIMIT, or --format csv"
    assert len(text(folder, "FROM range(1500)", "csv").splitlines()) == 1501


def test_without_a_query_there_is_another_verb(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"give a query, .* `i2l stats .*results \[1\] of 'me'`"):
        run_query(folder, None, "json", tmp_path / "rows.json")
    assert not (tmp_path / "rows.json").exists()


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELEC 1", 'Parser Error: syntax error at or near "SELEC"'),
        (
            "SELECT latx FROM formulas",
            "no column latx: formulas has formula_id, source, .* has source",
        ),
        ("SELECT f.latx FROM formulas f", "no column latx: formulas has"),
        ("FROM formula", "no table formula: formulas has formula_id"),
        (" ; ", "the query is empty"),
        ("", "the query is empty"),
        ("SELECT error('one\ntwo')", "one"),
    ],
)
def test_wrong_queries_are_one_line(folder: Path, sql: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        text(folder, sql, "table")
    assert "\n" not in str(caught.value)


def test_last_of_several_statements_answers(folder: Path) -> None:
    sql = "CREATE TABLE t AS SELECT 7 AS seven; FROM t; -- the end"
    assert text(folder, sql, "csv") == "seven\n7\n"


def test_parquet_to_a_pipe_and_a_reader_who_leaves(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from i2l_batch.query import run_query\n"
        "run_query(Path(sys.argv[1]), sys.argv[2], sys.argv[3])"
    )
    command = [sys.executable, "-c", program, folder]
    whole = subprocess.run([*command, ALL, "parquet"], capture_output=True, check=True)
    assert pq.read_table(pa.BufferReader(whole.stdout)).num_rows == 5
    with subprocess.Popen(
        [*command, "FROM range(1000000)", "csv"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as query:
        assert query.stdout is not None
        assert query.stderr is not None
        query.stdout.readline()
        query.stdout.close()
        assert query.stderr.read() == b""
    assert query.returncode == 0


def test_only_queries_of_users_reach_other_files(folder: Path, tmp_path: Path) -> None:
    """What the other commands ask holds texts out of papers: if one got into the SQL, it could do
    little."""
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with connect(folder) as closed:
        assert closed.execute("SELECT count(*) FROM formulas").fetchall() == [(5,)]
        for sql in (
            f"SELECT * FROM read_csv('{tmp_path}/secret.csv')",
            f"COPY formulas TO '{tmp_path}/other.csv'",
            f"COPY (SELECT 1) TO '{tmp_path}/other.csv'",
            f"ATTACH '{tmp_path}/new.db'",
            "SET enable_external_access = true",
            "SET allowed_directories = ['/']",
            "INSTALL httpfs",
        ):
            with pytest.raises(duckdb.Error):
                closed.execute(sql)
    with connect(folder, files=True) as own:
        found = own.execute(f"SELECT * FROM read_csv('{tmp_path}/secret.csv')").fetchall()
        assert found == [(1,)]
    assert sorted(path.name for path in tmp_path.iterdir()) == [folder.name, "secret.csv"]
