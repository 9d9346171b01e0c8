"""A run over hostile inputs ends, touches nothing else, and tells of each what became of it."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest

from i2l_batch.config import TranscribeConfig
from i2l_batch.pipeline import dry_run
from i2l_batch.query import run_query
from i2l_batch.report.build import build_report
from i2l_batch.results import open_results
from i2l_batch.source_names import original_name
from i2l_batch.sources import list_sources
from tests.command import call
from tests.hostile import names
from tests.hostile.corpus import make_corpus
from tests.hostile.ending import Ending
from tests.hostile.pdfs import good
from tests.hostile.trial import MEMORY_LIMIT, Trial, run_trial
from tests.runs import documents

_LIBRARIES = 120
"""MiB that an extraction process has before its first document, at most."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def endings(folder: Path) -> dict[str, Ending]:
    """benchmarks/hostile.py takes more of them, and other seeds."""
    (folder / "in").mkdir()
    return make_corpus(folder / "in", seed=1, count=150)


@pytest.fixture(scope="module")
def trial(folder: Path, endings: dict[str, Ending]) -> Trial:
    assert endings  # they are there
    return run_trial(folder, timeout=5, workers=3, patience=400)


def test_each_input_ends_as_one_row_and_as_it_must(
    folder: Path, endings: dict[str, Ending], trial: Trial
) -> None:
    assert trial.exit_code == 1
    rows = {original_name(name): row for name, row in documents(folder / "out").items()}
    assert rows.keys() == endings.keys()
    objections = {name: ending.objection(rows[name]) for name, ending in endings.items()}
    assert {name: why for name, why in objections.items() if why} == {}
    counts = json.loads(trial.printed)
    kinds = ("ok", "empty", "partial", "failed")
    assert counts["found"] == sum(counts[kind] for kind in kinds) == len(endings)
    found = [row["status"] for row in rows.values()]
    assert {kind: found.count(kind) for kind in kinds} == {kind: counts[kind] for kind in kinds}
    assert counts["formulas"] == open_results(folder / "out").formulas().to_table().num_rows


def test_no_process_goes_past_its_memory_limit(trial: Trial) -> None:
    first, most = trial.peaks["extraction"]
    assert first < _LIBRARIES
    assert first + 20 < most < MEMORY_LIMIT + _LIBRARIES
    assert trial.peaks["driver"][1] < 500
    assert trial.peaks["ray worker"][1] < 400


def test_nothing_outside_of_the_results_is_touched(trial: Trial) -> None:
    assert trial.changed == []
    assert trial.left == []


def test_messages_are_lines_without_commands(
    folder: Path, endings: dict[str, Ending], trial: Trial
) -> None:
    """Names came into messages as they were, with their ends of lines and escape sequences."""
    rows = documents(folder / "out").values()
    assert all((row["error_message"] or "").isprintable() for row in rows)
    assert all(row["error_message"] for row in rows if row["status"] in ("partial", "failed"))
    assert max(len(row["error_message"] or "") for row in rows) < 3000
    lines = trial.said.split("\n")
    assert all(line.isprintable() for line in lines)
    failed = [line for line in lines if line.startswith("failed: ")]
    assert len(failed) == sum(row["status"] == "failed" for row in rows)
    planned = dry_run([str(folder / "in")], folder / "none", TranscribeConfig())
    assert len(planned) == len(endings)
    assert all(line.isprintable() for line in planned)


def test_tables_and_pages_hold_hostile_names(
    folder: Path, endings: dict[str, Ending], trial: Trial
) -> None:
    assert trial.exit_code == 1
    sql = "SELECT source, error_message FROM documents"
    text = {name: io.StringIO() for name in ("csv", "jsonl", "markdown")}
    for name, out in text.items():
        run_query(folder / "out", sql, name, out)  # pyright: ignore[reportArgumentType]
    header, *rows = csv.reader(io.StringIO(text["csv"].getvalue(), newline=""), strict=True)
    assert header == ["source", "error_message"]
    assert {original_name(row[0]) for row in rows} == endings.keys()
    lines = text["jsonl"].getvalue().rstrip("\n").split("\n")
    assert {original_name(json.loads(line)["source"]) for line in lines} == endings.keys()
    lines = text["markdown"].getvalue().rstrip("\n").split("\n")
    assert len(lines) == 2 + len(endings)
    assert all(line.isprintable() for line in lines)
    build_report(folder / "out", folder / "report", limit=1000)
    for path in (folder / "report").rglob("*.html"):
        assert "<script>alert" not in path.read_text("utf-8")
    target = folder / "papers" / "out"
    assert call("export", folder / "out", "-t", "tex", "-o", target, "--per-paper") == 0
    assert [path.name for path in target.parent.iterdir()] == ["out"]
    written = [str(path.relative_to(target)) for path in target.rglob("*.tex")]
    sources = open_results(folder / "out").formulas().to_table()["source"]
    assert len(written) == len(sources.unique())
    assert all(name.isprintable() and ".." not in name.split("/") for name in written)


def test_lists_hold_hostile_names(tmp_path: Path) -> None:
    """All but ends of lines, which end a name there."""
    (tmp_path / "in").mkdir()
    names.make(tmp_path / "in")
    wanted = [name for name in names.NAMES if not set(name) & set(b"\r\n")]
    lines = [os.path.join(os.fsencode(tmp_path / "in"), name) for name in wanted]
    (tmp_path / "list").write_bytes(b"\n".join(lines))
    found = [os.fsencode(source.name) for source in list_sources([f"@{tmp_path / 'list'}"])]
    assert sorted(found) == sorted(wanted)


def test_an_error_is_one_line_without_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("query", "none\n\x1b[2J\udcff", "SELECT 1") == 2
    error = capsys.readouterr().err
    assert error.startswith(r"i2l: ")
    assert r"none\n\x1b[2J\udcff" in error
    assert error.removesuffix("\n").isprintable()


def test_paths_that_are_told_are_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is not UTF-8 ended `i2l inspect` with a traceback."""
    name = os.fsdecode(b"a \xff\n\x1b[31m.pdf")
    (tmp_path / name).write_bytes(good(0))
    assert call("inspect", tmp_path / name, "-o", tmp_path / "pages") == 0
    lines = capsys.readouterr().out.rstrip("\n").split("\n")
    assert len(lines) == len(list((tmp_path / "pages").iterdir())) == 2
    assert all(line.isprintable() for line in lines)
