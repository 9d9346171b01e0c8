"""Exports: what is written is what is stored, in reading order, whole or not at all."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from i2l_batch.errors import StoreError, UsageError
from i2l_batch.export.run import Target, Written, export
from i2l_batch.schema import FORMULA_SCHEMA
from i2l_batch.source_names import stored_name
from tests.export.results import NASTY, PAPERS, Formula, stored, write_results

TEXTS: tuple[Target, ...] = ("jsonl", "csv", "markdown", "github", "tex")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All types, and every hostile name."""
    names = {source: [Formula(latex=f"n _ {{ {i} }}")] for i, source in enumerate(NASTY)}
    return write_results(tmp_path_factory.mktemp("export") / "results", {**PAPERS, **names})


def typed(row: dict[str, Any]) -> dict[str, Any]:
    """A row as its schema has it: 32-bit floats, and minus infinity where JSON has null."""
    row = {"crop": None, **row, "score": float("-inf") if row["score"] is None else row["score"]}
    (back,) = pa.Table.from_pylist([row], FORMULA_SCHEMA).to_pylist()
    return {key: value for key, value in back.items() if key != "crop"}


def from_csv(cells: dict[str, str]) -> dict[str, Any]:
    """A line of CSV with the types of its columns."""
    row: dict[str, Any] = {}
    for field in FORMULA_SCHEMA:
        if field.name == "crop":
            continue
        cell = cells[field.name]
        if pa.types.is_string(field.type):
            row[field.name] = cell if cell or not field.nullable else None
        else:
            row[field.name] = json.loads(cell) if cell else None
    return row


def test_json_lines_are_the_rows(folder: Path, tmp_path: Path) -> None:
    export(folder, tmp_path / "all.jsonl", to="jsonl")
    lines = (tmp_path / "all.jsonl").read_text("utf-8").split("\n")
    assert lines.pop() == ""
    assert [typed(json.loads(line)) for line in lines] == stored(folder)
    assert list(json.loads(lines[0])) == [n for n in FORMULA_SCHEMA.names if n != "crop"]


def test_csv_is_the_rows(folder: Path, tmp_path: Path) -> None:
    export(folder, tmp_path / "all.csv", to="csv")
    with (tmp_path / "all.csv").open(encoding="utf-8", newline="") as file:
        assert [typed(from_csv(cells)) for cells in csv.DictReader(file)] == stored(folder)


def test_parquet_is_the_rows_with_their_pictures(folder: Path, tmp_path: Path) -> None:
    export(folder, tmp_path / "set", to="hf")
    (path,) = (tmp_path / "set" / "data").iterdir()
    assert path.name == "train-00000-of-00001.parquet"
    table = pq.read_table(path)
    assert table.to_pylist() == stored(folder, crops=True)
    assert table.schema.remove_metadata().equals(FORMULA_SCHEMA)
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert features == {"crop": {"_type": "Image"}}
    card = (tmp_path / "set" / "README.md").read_text("utf-8")
    assert "path: data/train-*.parquet" in card
    assert f"| `compact-1` | {len(table)} |" in card


def test_a_large_data_set_has_several_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("i2l_batch.export.dataset.ROWS_PER_FILE", 20)
    monkeypatch.setattr("i2l_batch.export.dataset.ROWS_PER_GROUP", 10)
    papers = {f"{i:02}.pdf": [Formula(index=k) for k in range(7)] for i in range(7)}
    folder = write_results(tmp_path / "results", papers)
    export(folder, tmp_path / "set", to="hf")
    paths = sorted((tmp_path / "set" / "data").iterdir())
    assert [path.name for path in paths] == [f"train-0000{i}-of-00003.parquet" for i in range(3)]
    tables = [pq.read_table(path) for path in paths]
    assert [len(table) for table in tables] == [20, 20, 9]
    assert pa.concat_tables(tables).to_pylist() == stored(folder, crops=True)


@pytest.mark.parametrize("to", TEXTS)
def test_the_files_of_papers_are_the_pieces_of_the_single_one(
    folder: Path, tmp_path: Path, to: Target
) -> None:
    one = export(folder, tmp_path / "all", to=to)
    many = export(folder, tmp_path / "papers", to=to, per_paper=True)
    assert one == many
    sources = sorted({row["source"] for row in stored(folder)})
    assert many.papers == len(sources)
    texts = [
        path.read_text("utf-8") for path in (tmp_path / "papers").rglob("[!.]*") if path.is_file()
    ]
    assert len(texts) == len(sources)
    whole = (tmp_path / "all").read_text("utf-8")
    head, tail = frame(to, whole)
    bodies = [text.removeprefix(head).removesuffix(tail) for text in texts]
    middle = whole.removeprefix(head).removesuffix(tail)
    assert sum(map(len, bodies)) == len(middle)
    assert "".join(sorted(bodies, key=middle.index)) == middle


def frame(to: Target, text: str) -> tuple[str, str]:
    """What every file of a target begins and ends with."""
    if to == "csv":
        return text[: text.index("\n") + 1], ""
    if to == "tex":
        begin = "\\begin{document}\n"
        return text[: text.index(begin) + len(begin)], "\\end{document}\n"
    return "", ""


def test_pictures_are_files_beside_the_rows(folder: Path, tmp_path: Path) -> None:
    written = export(folder, tmp_path / "all.jsonl", to="jsonl", crops=True)
    expected = {
        row["formula_id"]: row["crop"]["bytes"] for row in stored(folder, crops=True) if row["crop"]
    }
    lines = (tmp_path / "all.jsonl").read_text("utf-8").split("\n")[:-1]
    rows = [json.loads(line) for line in lines]
    assert list(rows[0])[-1] == "crop"
    named = {row["formula_id"]: tmp_path / row["crop"] for row in rows if row["crop"]}
    assert {name: path.read_bytes() for name, path in named.items()} == expected
    assert written.pictures == len(expected) == len(list((tmp_path / "crops").iterdir()))


def test_the_paths_of_pictures_start_at_each_file(tmp_path: Path) -> None:
    papers = {"a.pdf": [Formula()], "x/y/b.pdf": [Formula()], "crops/c.pdf": [Formula()]}
    folder = write_results(tmp_path / "results", papers)
    export(folder, tmp_path / "out", to="csv", per_paper=True, crops=True)
    files = list((tmp_path / "out").rglob("*.csv"))
    assert len(files) == 3
    for file in files:
        (row,) = csv.DictReader(io.StringIO(file.read_text("utf-8")))
        assert (file.parent / row["crop"]).read_bytes() == b"\x89PNG picture"


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    papers = {
        "2020/a.pdf": [Formula(confidence=0.9), Formula(index=1, confidence=0.8999)],
        "2021/b.pdf": [Formula(confidence=1.0)],
        "c[1].pdf": [Formula(confidence=0.0)],
    }
    folder = write_results(tmp_path / "results", papers)

    def counts(**filters: Any) -> tuple[int, int, int]:
        found = export(folder, tmp_path / "out", to="jsonl", **filters)
        assert len((tmp_path / "out").read_text("utf-8").splitlines()) == found.formulas
        return found.formulas, found.papers, found.left_out

    assert counts() == (4, 3, 0)
    assert counts(min_confidence=0.9) == (2, 2, 2)  # 0.9 is stored as 0.8999999762
    assert counts(source="20*.pdf") == (3, 2, 1)
    assert counts(source="c[[]1].pdf") == (1, 1, 3)
    assert counts(source="2020/*", min_confidence=0.95) == (0, 0, 4)
    account = Written(formulas=1234, papers=1, pictures=None, left_out=78)
    assert f"{account.line()} to OUT{account.note()}" == (
        "1,234 formulas of 1 paper written to OUT (78 left out)"
    )
    with pytest.raises(UsageError, match=r"--source 'b.pdf' matches none of 3 papers, such as '2"):
        counts(source="b.pdf")
    with pytest.raises(UsageError, match=r"--min-confidence 1.5 is out of range: use 0 to 1"):
        counts(min_confidence=1.5)


@pytest.mark.parametrize("to", [*TEXTS, "hf"])
def test_nothing_to_export_is_a_file_all_the_same(tmp_path: Path, to: Target) -> None:
    folder = write_results(tmp_path / "results", {"none.pdf": []})
    assert export(folder, tmp_path / "out", to=to).formulas == 0
    assert (tmp_path / "out").exists()


def test_a_file_is_replaced_and_a_folder_only_when_asked(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text("old")
    export(folder, out, to="csv")
    assert out.read_text("utf-8").startswith("formula_id,")
    with pytest.raises(UsageError, match="is a file: give the name of a folder"):
        export(folder, out, to="hf")
    papers = tmp_path / "papers"
    papers.mkdir()
    export(folder, papers, to="markdown", per_paper=True)
    with pytest.raises(UsageError, match="holds an earlier export: give another folder, or --over"):
        export(folder, papers, to="tex", per_paper=True)
    export(folder, papers, to="tex", per_paper=True, overwrite=True)
    assert {path.suffix for path in papers.rglob("*") if path.is_file()} == {"", ".tex"}
    with pytest.raises(UsageError, match=r"is a folder: give a file, such as .*formulas\.csv"):
        export(folder, papers, to="csv")
    assert {path.name for path in tmp_path.iterdir()} == {"out", "papers"}


def test_a_folder_that_is_no_export_is_safe(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match="holds files that no export wrote"):
            export(folder, tmp_path, to="hf", overwrite=overwrite)
        with pytest.raises(UsageError, match="holds files that no export wrote"):
            export(folder, folder, to="hf", overwrite=overwrite)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize("kind", ["file", "papers", "set"])
def test_an_export_that_fails_leaves_what_was_there(tmp_path: Path, kind: str) -> None:
    """The last formula's id leads out of the folder: found when all others are written."""
    folder = write_results(tmp_path / "results", {"a.pdf": [Formula()], "b.pdf": [Formula()]})
    out = tmp_path / "out"
    options: dict[str, Any] = {"to": "jsonl", "per_paper": kind == "papers", "crops": True}
    if kind == "set":
        options = {"to": "hf"}
    export(folder, out, **options)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    (part,) = (folder / "formulas").iterdir()
    if kind == "set":
        content = part.read_bytes()
        part.write_bytes(content[:4] + bytes(400) + content[404:])
    else:
        table = pq.read_table(part)
        ids = pa.array(["00-0", "../../escaped"])
        pq.write_table(table.set_column(0, FORMULA_SCHEMA.field(0), ids), part)
    with pytest.raises(StoreError):
        export(folder, out, overwrite=True, **options)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert {path.name for path in tmp_path.iterdir()} <= {"out", "results", "crops"}


def test_options_that_do_not_fit(folder: Path, tmp_path: Path) -> None:
    for crops in (True, False):
        with pytest.raises(UsageError, match="--to hf is one data set with its pictures"):
            export(folder, tmp_path / "out", to="hf", crops=crops, per_paper=not crops)
    with pytest.raises(UsageError, match="--to tex shows no pictures"):
        export(folder, tmp_path / "out", to="tex", crops=True)
    with pytest.raises(StoreError, match="is not a folder"):
        export(tmp_path / "nowhere", tmp_path / "out", to="tex")
    assert not list(tmp_path.iterdir())


def test_sources_are_as_they_are_stored(folder: Path, tmp_path: Path) -> None:
    export(folder, tmp_path / "all.jsonl", to="jsonl")
    lines = (tmp_path / "all.jsonl").read_text("utf-8").split("\n")
    found = {json.loads(line)["source"] for line in lines if line}
    assert found >= set(map(stored_name, NASTY))
