"""Results in an object store are those of a folder: the same rows to whoever reads them."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import pytest

from i2l_batch.errors import StoreError, UsageError
from i2l_batch.export.run import export
from i2l_batch.locations import Place
from i2l_batch.query import connect, run_query
from i2l_batch.report.build import build_report
from i2l_batch.results import open_results
from i2l_batch.search.run import search
from i2l_batch.search.wanted import Wanted
from i2l_batch.stats.run import stats
from tests.formula_samples import add, document, open_store, read, row
from tests.objects.bucket import Bucket


def fill(folder: Place) -> None:
    """Two runs: several parts, replaced and failed documents, an old record."""
    with open_store(folder, part_rows=9) as store:
        for number in range(6):
            add(store, f"2020/{number}.pdf", formulas=number)
        add(store, "it's\\odd.pdf", formulas=2)
    with open_store(folder) as store:
        add(store, "2020/3.pdf", "v2", formulas=4)
        add(store, "2020/0.pdf", formulas=0, attempts=2)
        add(store, "new.pdf", formulas=1)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("local") / "results"
    fill(folder)
    return folder


@pytest.fixture
def remote(bucket: Bucket, local: Path) -> str:
    """The same folder, copied into the bucket."""
    bucket.upload(local, "a/results")
    return bucket.uri("a/results/")


def without_runs(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "run"} for row in rows]


def test_what_a_store_writes_comes_back_as_from_a_folder(bucket: Bucket, local: Path) -> None:
    fill(bucket.folder("results"))
    here, there = open_results(local), open_results(bucket.uri("results"))
    assert there.formulas().to_table().to_pylist() == here.formulas().to_table().to_pylist()
    documents = without_runs(there.documents().to_pylist())
    assert documents == without_runs(here.documents().to_pylist())
    assert len(documents) == 8
    assert [run["status"] for run in there.runs()] == ["finished", "finished"]
    # Nothing else is left: no lease, no marks of folders among the names.
    kinds = {key.split("/")[0] for key in bucket.objects("results")}
    assert kinds == {"documents", "formulas", "runs"}
    assert there.replaced() != {}


def test_copied_results_are_read_where_they_are(local: Path, remote: str) -> None:
    assert read(remote) == read(local)
    there = open_results(remote)
    assert there.runs() == open_results(local).runs()
    assert there.name == "results"
    assert there.folder == remote.replace("/results/?", "/results?")
    (name, latex), *_ = there.sql("SELECT formula_id, latex FROM formulas ORDER BY 1").fetchall()
    assert dict(read(local))[name] == latex
    frame = there.to_pandas(["source", "page"], where="confidence > 0.4 AND page = 1")
    assert len(frame) > 2
    where = "confidence > 0.4 AND page = 1"
    assert frame.equals(open_results(local).to_pandas(["source", "page"], where))


QUERIES = (
    "SELECT * EXCLUDE (crop) FROM formulas ORDER BY formula_id",
    "SELECT count(*), sum(confidence), min(score) FROM formulas",
    "SELECT latex FROM formulas WHERE source = '2020/3.pdf' AND confidence >= 0.5 ORDER BY 1",
    "SELECT source, number FROM formulas WHERE number IN ('1', '2') AND NOT valid ORDER BY ALL",
    "SELECT formula_id, octet_length(crop.bytes), crop.path FROM formulas ORDER BY 1 LIMIT 3",
    "SELECT unnest(flags) AS flag, count(*) FROM formulas GROUP BY 1 ORDER BY 1",
    "SELECT d.source, count(f.latex) FROM documents d LEFT JOIN formulas f USING (source)"
    " GROUP BY 1 ORDER BY 1",
    "SELECT source FROM formulas WHERE latex LIKE '%v2%' AND page BETWEEN 1 AND 2 ORDER BY 1",
    "SELECT alternatives[1].latex, symbols[1].weight FROM formulas WHERE index = 1 ORDER BY ALL",
)


def test_every_query_has_the_same_answer(local: Path, remote: str) -> None:
    here, there = connect(local), connect(remote)
    for sql in QUERIES:
        rows = here.sql(sql).fetchall()
        assert rows
        assert there.sql(sql).fetchall() == rows, sql


def test_search_stats_export_and_report_are_the_same(
    local: Path, remote: str, tmp_path: Path
) -> None:
    texts: dict[str, list[Any]] = {}
    for name, folder in (("here", local), ("there", remote)):
        out = tmp_path / name
        said, counted = io.StringIO(), io.StringIO()
        search(folder, Wanted(like=r"\text{x}_{v1}^{1}", limit=5), "jsonl", said)
        stats(folder, "json", counted)
        written = export(folder, out / "all.jsonl", to="jsonl", crops=True, source="2020/*")
        made = build_report(folder, out / "report", 20)
        pages = {
            str(path.relative_to(out)): path.read_bytes()
            for path in out.rglob("*")
            if path.is_file() and path.name != "index.html"  # which tells the time
        }
        texts[name] = [said.getvalue(), counted.getvalue(), written, made, pages]
    assert texts["here"] == texts["there"]
    assert texts["here"][0].count("\n") == 5


def test_a_query_reads_what_it_needs(bucket: Bucket) -> None:
    """Pictures stay where they are when nobody asks for them."""
    with open_store(bucket.folder("results")) as store:
        for number in range(10):
            rows = [
                row(f"{number}.pdf", "v1", i, random.Random(i).randbytes(10_000)) for i in range(20)
            ]
            store.add(document(store, f"{number}.pdf", formulas=20), rows)
    (size,) = bucket.objects("results/formulas").values()
    assert size > 2_000_000
    proxy = bucket.proxy
    before, requests = proxy.sent, len(proxy.requests)
    out = io.StringIO()
    run_query(bucket.uri("results"), "SELECT count(latex) AS n FROM formulas", "jsonl", out)
    assert out.getvalue() == '{"n": 200}\n'
    assert proxy.sent - before < 0.1 * size
    assert {method for method, _ in proxy.requests[requests:]} == {"GET", "HEAD"}


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("s3://no-such-bucket/results", "NO_SUCH_BUCKET"),
        ("empty", "is not a results folder"),
    ],
)
def test_no_results_are_one_line(bucket: Bucket, place: str, message: str) -> None:
    uri = bucket.uri("empty")
    if place != "empty":
        uri = f"{place}?{uri.partition('?')[2]}"
    with pytest.raises(StoreError, match=message) as caught:
        open_results(uri)
    assert "\n" not in str(caught.value)


def test_derived_files_are_local(local: Path, tmp_path: Path) -> None:
    uri = Path("s3://bucket/report")
    for attempt in (
        lambda: build_report(local, uri, 10),
        lambda: export(local, uri, to="jsonl"),
        lambda: run_query(local, "SELECT 1", "csv", uri),
        lambda: stats(local, "json", uri),
    ):
        with pytest.raises(UsageError, match="s3://bucket/report: only transcribe writes"):
            attempt()
    assert not list(tmp_path.iterdir())


def test_a_file_uri_is_the_path(local: Path, tmp_path: Path) -> None:
    assert read(f"file://{local}") == read(local)
    with open_store(f"file://{tmp_path}/new%20results") as store:
        add(store, "a.pdf")
    assert read(tmp_path / "new results") == read(f"file://localhost{tmp_path}/new%20results")
    assert (tmp_path / "new results" / ".lock").exists()
