"""The store: what is committed stays, what is not leaves nothing; nobody else's file is touched."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from contextlib import nullcontext
from datetime import datetime, timezone
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from i2l_batch.commits import MOST, CommitLog
from i2l_batch.committed import CommittedDocument, committed_documents
from i2l_batch.errors import StoreError
from i2l_batch.results import open_results
from i2l_batch.runs import new_run_id
from i2l_batch.schema import DOCUMENT_SCHEMA, FORMULA_SCHEMA
from i2l_batch.store import Store
from tests.formula_samples import MODEL, SETTINGS, add, expected, files, open_store, read

HERE = Path(__file__).parent


def test_rows_come_back_as_they_were_given(tmp_path: Path) -> None:
    with open_store(tmp_path / "results") as store:
        add(store, "a.pdf", formulas=4)
        add(store, "b/c.pdf", formulas=0, attempts=2)
    results = open_results(tmp_path / "results")
    formulas = results.formulas().to_table()
    assert formulas.schema.equals(FORMULA_SCHEMA)
    row = formulas.to_pylist()[1]
    assert row == {
        "formula_id": row["formula_id"],
        "source": "a.pdf",
        "source_sha256": "v1",
        "page": 1,
        "index": 1,
        "kind": "display",
        "number": "1",
        "x0": 1.0,
        "y0": 2.0,
        "x1": 30.0,
        "y1": 40.0,
        "page_width": 612.0,
        "page_height": 792.0,
        "dpi": 200,
        "latex": r"\text{'a.pdf'}_{v1}^{1}",
        "confidence": 0.5,
        "score": -0.25,
        "lowest": -1.0,
        "num_tokens": 7,
        "stop": "eos",
        "valid": False,
        "flags": ["repeats"],
        "alternatives": [{"latex": "x", "score": -2.0}],
        "symbols": [
            {"token": "x", "x0": 1.0, "y0": 2.5, "x1": 8.0, "y1": 9.0, "weight": 0.75},
            {"token": "^", "x0": None, "y0": None, "x1": None, "y1": None, "weight": None},
        ],
        "crop": {"bytes": b"\x89PNG 12345", "path": f"{row['formula_id']}.png"},
        "model": "compact-1",
    }
    part = pq.read_schema(tmp_path / "results" / "formulas" / results.parts[0])
    features = json.loads(part.metadata[b"huggingface"])["info"]["features"]
    assert features == {"crop": {"_type": "Image"}}  # what the datasets library looks for
    documents = results.documents()
    assert documents.schema.equals(DOCUMENT_SCHEMA)
    assert documents.to_pylist()[1] == {
        "source": "b/c.pdf",
        "path": None,
        "modified": None,
        "source_sha256": "v1",
        "bytes": 1000,
        "pages": 1,
        "formulas": 0,
        "status": "failed",
        "error_type": "corrupt",
        "error_message": "cannot open 'b/c.pdf'",
        "seconds": 0.5,
        "attempts": 2,
        "run": store.run,
    }


def test_parts_hold_whole_documents_and_are_cut_by_rows(tmp_path: Path) -> None:
    with open_store(tmp_path, part_rows=10) as store:
        for number in range(20):
            add(store, f"{number}.pdf", formulas=number % 4)
    parts = sorted(path.name for path in tmp_path.glob("documents/*.parquet"))
    assert parts == [f"part-{store.run}-{n:06d}.parquet" for n in range(len(parts))]
    assert len(parts) > 2
    for part in parts:
        sources = pq.read_table(tmp_path / "documents" / part)["source"].to_pylist()
        formulas = pq.read_table(tmp_path / "formulas" / part)["source"].to_pylist()
        assert formulas == [s for s in sources for _ in range(int(s.split(".")[0]) % 4)]
        assert 10 <= len(sources) + len(formulas) < 14 or part == parts[-1]


def test_part_is_committed_when_it_is_old_or_large(tmp_path: Path) -> None:
    with open_store(tmp_path / "old", part_seconds=0.0) as store:
        add(store, "a.pdf")
        assert list(store.committed()) == ["a.pdf"]
    with open_store(tmp_path / "large", part_bytes=30) as store:  # a crop has 10
        add(store, "a.pdf", formulas=2)
        assert store.committed() == {}
        add(store, "b.pdf", formulas=1)
        assert list(store.committed()) == ["a.pdf", "b.pdf"]


def test_what_a_resumed_run_is_told(tmp_path: Path) -> None:
    assert committed_documents(tmp_path / "new") == {}
    with open_store(tmp_path) as store:
        path = "/in/b\udcff\\.pdf"
        add(store, "b\udcff\\.pdf", "v7", formulas=3, path=path)
        assert store.committed() == {}
        store.flush()
        committed = CommittedDocument(
            path=path, source_sha256="v7", num_bytes=1000, formulas=3, status="ok", attempts=1
        )
        assert store.committed() == {"b\udcff\\.pdf": committed}
        assert committed_documents(tmp_path) == store.committed()  # without a lock
    with open_store(tmp_path) as store:
        assert store.committed() == {"b\udcff\\.pdf": committed}


def test_run_record_is_complete(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    path = tmp_path / "runs" / f"{store.run}.json"
    assert json.loads(path.read_text())["status"] == "running"
    store.close(status="interrupted", counts={"found": 3}, timings={"total": 1.5})
    record = json.loads(path.read_text())
    assert record["settings"] == SETTINGS
    assert record["model"] == MODEL
    assert record["counts"] == {"found": 3}
    assert record["timings"] == {"total": 1.5}
    assert record["status"] == "interrupted"
    assert record["started"] <= record["finished"]
    assert {"i2l_batch", "python", "torch", "ray", "pymupdf", "pyarrow"} == set(record["versions"])


def test_the_record_tells_of_each_commit_while_the_run_goes_on(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        add(store, "a.pdf", formulas=3)
        add(store, "b.pdf", formulas=0)
        assert open_results(tmp_path).runs()[0]["commits"] == []
        store.flush()
        (running,) = open_results(tmp_path).runs()
        assert running["status"] == "running"
        add(store, "c.pdf", formulas=1)
    (finished,) = open_results(tmp_path).runs()
    assert finished["commits"][:1] == running["commits"]
    assert [entry[1:] for entry in finished["commits"]] == [[2, 3], [1, 1]]


@given(commits=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99)), max_size=3 * MOST))
def test_the_log_of_commits_is_bounded_and_its_sums_stay(commits: list[tuple[int, int]]) -> None:
    log = CommitLog()
    for documents, formulas in commits:
        log.note(documents, formulas)
    assert len(log.entries) <= MOST
    assert log.entries == sorted(log.entries, key=lambda entry: entry[0])
    for column in (1, 2):
        kept = sum(entry[column] for entry in log.entries)
        assert kept == sum(commit[column - 1] for commit in commits)


def test_a_long_run_keeps_the_times_of_its_commits() -> None:
    log = CommitLog()
    for _ in range(20 * MOST):
        log.note(1, 2)
    assert MOST // 2 <= len(log.entries) <= MOST


@pytest.mark.parametrize(
    ("error", "status"),
    [(None, "finished"), (KeyboardInterrupt, "interrupted"), (OSError, "failed")],
)
def test_leaving_the_context_commits_and_says_how_it_ended(
    tmp_path: Path, error: type[BaseException] | None, status: str
) -> None:
    with pytest.raises(error) if error else nullcontext(), open_store(tmp_path) as store:
        add(store, "a.pdf", formulas=2)
        if error:
            raise error
    assert set(read(tmp_path)) == expected("a.pdf", "v1", 2)
    assert [run["status"] for run in open_results(tmp_path).runs()] == [status]
    open_store(tmp_path).close(status="finished", counts={}, timings={})  # the lock is free


def test_runs_sort_by_time_even_when_the_clock_does_not() -> None:
    now = datetime(2026, 3, 1, 10, 15, 0, tzinfo=timezone.utc)
    first = new_run_id([], now)
    assert re.fullmatch(r"20260301T101500Z-[0-9a-f]{4}", first)
    second = new_run_id([first], now)
    third = new_run_id([second, first], now.replace(year=2025))
    assert first < second < third
    assert third.startswith("20260301T101502Z")


# --- a folder and its owners -----------------------------------------------------------------


def test_other_settings_are_refused_and_named(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        add(store, "a.pdf")
    before = files(tmp_path)
    with pytest.raises(StoreError) as caught:
        open_store(
            tmp_path,
            settings={"dpi": 300, "inline": False, "beam_size": 5},
            model=MODEL | {"id": "strips"},
        )
    assert str(caught.value) == (
        f"{tmp_path} holds rows made with other settings (dpi 200 -> 300; pages null -> not set;"
        " model id compact-1 -> strips; beam_size not set -> 5):"
        " use --overwrite to start again, or another output folder"
    )
    assert files(tmp_path) == before
    with open_store(tmp_path) as store:
        assert list(store.committed()) == ["a.pdf"]


def test_settings_without_rows_bind_nobody(tmp_path: Path) -> None:
    open_store(tmp_path).close(status="failed", counts={}, timings={})
    with open_store(tmp_path, settings={"dpi": 300}) as store:
        add(store, "a.pdf")
    with pytest.raises(StoreError, match="dpi 300 -> 200"):
        open_store(tmp_path)


def test_rows_without_their_record_are_refused(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        add(store, "a.pdf")
    open_store(tmp_path).close(status="finished", counts={}, timings={})
    (tmp_path / "runs" / f"{store.run}.json").unlink()
    with pytest.raises(StoreError, match="is missing, so the settings of its rows are unknown"):
        open_store(tmp_path)


def test_overwrite_removes_ours_and_nothing_else(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        add(store, "a.pdf")
    ours = files(tmp_path)
    foreign = ["notes.txt", "formulas/mine.parquet", "documents/thesis.pdf", "runs/events.out"]
    foreign += ["formulas/part-1.parquet", "runs/.hidden.tmp", ".git/config"]
    for name in foreign:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("precious")
    with open_store(tmp_path, settings={"dpi": 300}, overwrite=True) as store:
        assert store.committed() == {}
    part = f"part-{store.run}-000000.parquet"
    new = {f"runs/{store.run}.json", f"formulas/{part}", f"documents/{part}"}
    assert files(tmp_path) == {*foreign, *new}
    assert read(tmp_path) == []
    assert ours.isdisjoint(files(tmp_path))
    assert all((tmp_path / name).read_text() == "precious" for name in foreign)


def test_overwrite_that_comes_to_nothing_leaves_everything(tmp_path: Path) -> None:
    """The earlier rows went when the run began, and then its model could not be loaded."""
    with open_store(tmp_path) as store:
        add(store, "a.pdf", formulas=2)
        add(store, "b.pdf", formulas=1)
    before = files(tmp_path)
    failed = open_store(tmp_path, settings={}, overwrite=True)
    assert failed.committed() == {}
    add(failed, "broken.pdf", formulas=0)
    failed.flush()
    failed.close(status="failed", counts={}, timings={})
    assert files(tmp_path) == {*before, f"runs/{failed.run}.json"}
    assert set(read(tmp_path)) == expected("a.pdf", "v1", 2) | expected("b.pdf", "v1", 1)
    with open_store(tmp_path) as store:  # nothing has changed for the run that goes on
        assert list(store.committed()) == ["a.pdf", "b.pdf"]


def test_overwritten_rows_end_with_the_first_commit(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        add(store, "a.pdf")
        add(store, "b.pdf")
    before = files(tmp_path)
    with open_store(tmp_path, settings={"dpi": 300}, overwrite=True) as store:
        add(store, "broken.pdf", formulas=0)
        add(store, "a.pdf", "v2")
        assert set(read(tmp_path)) == expected("a.pdf", "v1", 1) | expected("b.pdf", "v1", 1)
        store.flush()
        assert set(read(tmp_path)) == expected("a.pdf", "v2", 1)
        assert list(store.committed()) == ["broken.pdf", "a.pdf"]
        assert before.isdisjoint(files(tmp_path))
    with pytest.raises(StoreError, match="dpi 300 -> 200"):
        open_store(tmp_path)


def test_overwriting_nothing_is_a_run_like_any_other(tmp_path: Path) -> None:
    store = open_store(tmp_path, overwrite=True)
    add(store, "broken.pdf", formulas=0)
    store.close(status="interrupted", counts={}, timings={})
    assert list(committed_documents(tmp_path)) == ["broken.pdf"]


def test_overwrite_helps_when_a_part_or_a_record_is_lost(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        add(store, "a.pdf")
    (tmp_path / "formulas" / f"part-{store.run}-000000.parquet").unlink()
    (tmp_path / "runs" / f"{store.run}.json").write_text("{")
    with open_store(tmp_path, overwrite=True) as store:
        add(store, "b.pdf")
    assert set(read(tmp_path)) == expected("b.pdf", "v1", 1)


@pytest.mark.parametrize("name", ["thesis.tex", "documents/thesis.pdf", "runs/events.out"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_foreign_folder_is_refused_untouched(tmp_path: Path, name: str, overwrite: bool) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("precious")
    with pytest.raises(StoreError) as caught:
        open_store(tmp_path, overwrite=overwrite)
    assert str(caught.value) == (
        f"{tmp_path} is not empty and holds no results of ours ({name.split('/')[0]} is in it):"
        " choose a new or an empty folder"
    )
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / name]


@pytest.mark.parametrize("path", ["file", "file/results"])
def test_folder_that_cannot_be_made(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("precious")
    with pytest.raises(
        StoreError, match=r"is a file: choose a folder|cannot use .*: Not a directory"
    ):
        open_store(tmp_path / path)


def test_second_store_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from formula_samples import add, open_store\n"
        "store = open_store(Path(sys.argv[1])); add(store, 'a.pdf'); store.flush()\n"
        "add(store, 'b.pdf'); print('ready', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, tmp_path],
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        with pytest.raises(StoreError) as caught:
            open_store(tmp_path)
        assert re.fullmatch(
            rf"{tmp_path} is in use by process {holder.pid} on \S+ since \d{{4}}-\d\d-\d\dT[\d:]+Z:"
            " wait for it to end, or choose another output folder",
            str(caught.value),
        )
        assert list(read(tmp_path)) == list(expected("a.pdf", "v1", 1))  # readers take no lock
        holder.send_signal(signal.SIGKILL)
    with open_store(tmp_path) as store:  # the dead hold nothing
        assert list(store.committed()) == ["a.pdf"]
    assert [run["status"] for run in open_results(tmp_path).runs()] == ["interrupted", "finished"]


# --- replacing and resuming, against a dictionary ------------------------------------------------

SOURCES = st.sampled_from(["a", "b", "c", "ü\udcff\\"])
ADD = st.tuples(st.just("add"), SOURCES, st.sampled_from(["v1", "v2"]), st.integers(0, 3))
RUN = st.tuples(st.lists(ADD | st.just(("flush",)), max_size=8), st.booleans())


@settings(deadline=None, max_examples=25)
@given(runs=st.lists(RUN, max_size=4))
def test_newest_committed_document_counts(
    tmp_path_factory: pytest.TempPathFactory, runs: list
) -> None:
    folder = tmp_path_factory.mktemp("results")
    committed: dict[str, tuple[str, int]] = {}
    for actions, killed in runs:
        store = open_store(folder)
        pending: dict[str, tuple[str, int]] = {}
        for action in actions:
            if action[0] == "flush" or action[1] in pending:
                committed |= pending
                pending = {}
            if action[0] == "flush":
                store.flush()
            else:
                add(store, *action[1:])
                pending[action[1]] = action[2:]
        if killed:
            store._lock.release()  # what the system does for a dead driver; the buffer is lost
        else:
            store.close(status="finished", counts={}, timings={})
            committed |= pending
        rows = read(folder)
        assert len(rows) == len(set(rows))
        assert set(rows) == set().union(*(expected(s, *what) for s, what in committed.items()))
    with Store.open(folder, settings=SETTINGS, model=MODEL) as store:
        found = store.committed()
    assert {s: (d.source_sha256, d.formulas) for s, d in found.items()} == committed
