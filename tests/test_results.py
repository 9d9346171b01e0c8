"""The reader: committed and current rows only, and a clear word about folders that hold none."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pyarrow.dataset as ds
import pytest
from hypothesis import given
from hypothesis import strategies as st

from i2l_batch.errors import StoreError
from i2l_batch.results import open_results
from i2l_batch.schema import DOCUMENT_SCHEMA, FORMULA_SCHEMA
from i2l_batch.source_names import original_name, stored_name
from tests.formula_samples import add, expected, open_store, read


@given(st.binary())
def test_any_file_name_can_be_stored_and_comes_back(raw: bytes) -> None:
    name = os.fsdecode(raw)
    stored = stored_name(name)
    stored.encode("utf-8")  # is text
    assert original_name(stored) == name


@given(st.binary(), st.binary())
def test_different_names_stay_different(one: bytes, other: bytes) -> None:
    names = os.fsdecode(one), os.fsdecode(other)
    assert (stored_name(names[0]) == stored_name(names[1])) == (one == other)


def test_ordinary_names_are_stored_as_they_are() -> None:
    assert stored_name("Grüße/論文 [1].pdf") == "Grüße/論文 [1].pdf"
    assert stored_name("caf\udce9.pdf") == r"caf\xe9.pdf"
    assert stored_name(r"caf\xe9.pdf") == r"caf\\xe9.pdf"


def test_newest_document_and_only_its_formulas_are_shown(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        add(store, "changed.pdf", "v1", 3)
        add(store, "kept.pdf", "v1", 2)
        store.flush()
        add(store, "failed.pdf", "v1", 0)
        add(store, "shrunk.pdf", "v1", 2)
    with open_store(tmp_path) as store:
        add(store, "changed.pdf", "v2", 2)
        add(store, "failed.pdf", "v1", 1, attempts=2)
        add(store, "shrunk.pdf", "v1", 1)  # same content: ids alone do not tell old from new
    results = open_results(tmp_path)
    current = {
        "kept.pdf": ("v1", 2), "changed.pdf": ("v2", 2), "failed.pdf": ("v1", 1),
        "shrunk.pdf": ("v1", 1),
    }  # fmt: skip
    rows = read(tmp_path)
    assert len(rows) == 6
    assert set(rows) == set().union(*(expected(s, *what) for s, what in current.items()))
    documents = results.documents()
    assert documents.schema.equals(DOCUMENT_SCHEMA)
    shown = documents.select(["source", "source_sha256", "formulas"]).to_pydict().values()
    assert {s: (v, n) for s, v, n in zip(*shown, strict=True)} == current
    assert {s for sources in results.replaced().values() for s in sources} == {
        "changed.pdf",
        "failed.pdf",
        "shrunk.pdf",
    }


@pytest.mark.parametrize("replaced", [False, True])
def test_columns_and_filters_are_the_callers(tmp_path: Path, replaced: bool) -> None:
    with open_store(tmp_path) as store:
        add(store, "a.pdf", formulas=4)
        store.flush()
        if replaced:
            add(store, "a.pdf", formulas=4)
    results = open_results(tmp_path)
    assert results.formulas().to_table().schema.equals(FORMULA_SCHEMA)
    assert results.formulas().count_rows() == 4
    valid = results.formulas(["number"], ds.field("valid")).to_table()
    assert valid.to_pydict() == {"number": ["0", "2"]}


def test_a_snapshot_while_a_run_writes_beside_it(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        before = open_results(tmp_path)
        add(store, "a.pdf")
        assert open_results(tmp_path).formulas().count_rows() == 0  # added, not committed
        store.flush()
        add(store, "b.pdf")
        store.flush()
        part = tmp_path / "formulas" / f"part-{store.run}-000001.parquet"
        shutil.copy(part, part.with_name(f"part-{store.run}-000002.parquet"))  # no twin yet
        part.with_name(f".part-{store.run}-000003.parquet.tmp").write_bytes(b"PAR1 half")
        assert before.formulas().count_rows() == 0
        assert before.formulas().to_table().schema.equals(FORMULA_SCHEMA)
        assert before.documents().schema.equals(DOCUMENT_SCHEMA)
        assert set(read(tmp_path)) == expected("a.pdf", "v1", 1) | expected("b.pdf", "v1", 1)


def test_relative_folder_with_odd_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store(Path("re[s]ul*ts #1 'ü'")) as store:
        add(store, "a.pdf", formulas=2)
    assert len(read(Path("re[s]ul*ts #1 'ü'"))) == 2


def test_runs_in_order(tmp_path: Path) -> None:
    for status in ("failed", "interrupted", "finished"):
        open_store(tmp_path).close(status=status, counts={}, timings={})
    runs = open_results(tmp_path).runs()
    assert [run["status"] for run in runs] == ["failed", "interrupted", "finished"]
    assert [run["run"] for run in runs] == sorted(run["run"] for run in runs)


def test_folders_that_hold_no_results(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not a folder: give the one that `i2l transcribe -o`"):
        open_results(tmp_path / "nowhere")
    with pytest.raises(StoreError, match=r"is not a results folder \(it has no runs/<run>.json\)"):
        open_results(tmp_path)


def test_lost_and_broken_files_are_named(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        add(store, "a.pdf")
    part = f"part-{store.run}-000000.parquet"
    formulas, documents = tmp_path / "formulas" / part, tmp_path / "documents" / part
    formulas.rename(tmp_path / "elsewhere")
    with pytest.raises(StoreError) as caught:
        open_results(tmp_path)
    assert str(caught.value) == (
        f"{formulas} is missing: put the file back, or remove {documents}"
        " to have its documents done again"
    )
    (tmp_path / "elsewhere").rename(formulas)
    documents.write_bytes(b"PAR1 this is no parquet PAR1")
    with pytest.raises(StoreError, match=f"cannot read {tmp_path}: .*{part}"):
        open_results(tmp_path).documents()
