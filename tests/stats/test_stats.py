"""The figures of a folder: each equals what the rows say that were put in."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from i2l_batch.errors import StoreError
from i2l_batch.results import open_results
from i2l_batch.stats.command import stats as command
from i2l_batch.stats.run import Form, stats
from tests.formula_samples import add, open_store

COUNTS = {"found": 4, "ok": 2, "empty": 1, "partial": 0, "failed": 1, "skipped": 0, "formulas": 7}
TIMINGS = {"extract": 3.0, "read": 1.5, "total": 2.0, "busy": 0.75}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two papers with formulas, one of them replaced by a run that was interrupted; one empty, one
    failed. Tables are 80 characters wide."""
    monkeypatch.setenv("COLUMNS", "80")
    results = tmp_path / "results"
    store = open_store(results)
    add(store, "a.pdf", "v1", 5, seconds=0.25)
    add(store, "b.pdf", "v1", 2, seconds=8.0)
    add(store, "none.pdf", formulas=0, status="empty", error_type=None, error_message="scans")
    add(store, "[b]roken|\n.pdf", "v1", 0)
    store.close(status="finished", counts=COUNTS, timings=TIMINGS)
    with open_store(results) as store:
        add(store, "a.pdf", "v2", 3)
    return results


def text(folder: Path, form: Form) -> str:
    out = io.StringIO()
    stats(folder, form, out)
    return out.getvalue()


def figures(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return json.loads(text(folder, "json"))


def test_documents(folder: Path) -> None:
    found = figures(folder)
    assert found["totals"] == [
        {"documents": 4, "pages": 4, "formulas": 5, "bytes": 4000, "extraction_seconds": 9.5}
    ]
    assert {row["status"]: row["documents"] for row in found["documents"]} == {
        "ok": 2, "empty": 1, "failed": 1,
    }  # fmt: skip
    assert found["failures"] == [
        {
            "status": "failed",
            "error_type": "corrupt",
            "documents": 1,
            "example": "[b]roken|\n.pdf",
            "message": r"cannot open '[b]roken|\n.pdf'",
        }
    ]
    slowest = [(row["source"], row["seconds"]) for row in found["slowest_documents"]]
    assert slowest[0] == ("b.pdf", 8.0)
    assert len(slowest) == 4


def test_formulas(folder: Path) -> None:
    found = figures(folder)
    rows = open_results(folder).formulas().to_table().to_pylist()
    confidence = [row["confidence"] for row in rows]
    assert found["formulas"] == [
        {
            "kind": "display",
            "formulas": len(rows),
            "invalid": sum(not row["valid"] for row in rows),
            "cut": 0,
            "low_percent": 100 * sum(value < 0.5 for value in confidence) / len(rows),
            "high_percent": 100 * sum(value > 0.9 for value in confidence) / len(rows),
        }
    ]
    assert found["confidence"][0]["p50"] == sorted(confidence)[2]
    assert [row["confidence"] for row in found["least_confident"]] == pytest.approx(
        sorted(confidence), abs=1e-6
    )
    flags = Counter(flag for row in rows for flag in row["flags"])
    assert {row["flag"]: row["formulas"] for row in found["flags"]} == flags


def test_duplicates(folder: Path) -> None:
    """The five rows have one picture, and LaTeX of their own."""
    assert {row.pop("same"): row for row in figures(folder)["duplicates"]} == {
        "picture": {"formulas": 5, "distinct": 1, "repeated": 4},
        "latex": {"formulas": 5, "distinct": 5, "repeated": 0},
    }


def test_runs_and_their_speed(folder: Path) -> None:
    """Current rows by run; rates by what the run itself counted, where it came to its end."""
    found = figures(folder)
    first, second = open_results(folder).runs()
    assert [(row["run"], row["documents"], row["formulas"]) for row in found["runs"]] == [
        (first["run"], 3, 2),
        (second["run"], 1, 3),
    ]
    rates = {"seconds": 2.0, "documents_per_s": 2.0, "formulas_per_s": 3.5, "busy": 0.75}
    assert found["speed"] == [{"run": first["run"], **rates}]


def test_every_form_tells_all(folder: Path) -> None:
    titles = {"Failures", "Slowest documents", "Formulas", "Duplicates", "Runs", "Speed"}
    marks: dict[Form, str] = {"table": "", "markdown": "### "}
    for form, mark in marks.items():
        lines = text(folder, form).splitlines()
        assert titles < {line.removeprefix(mark) for line in lines}
        assert any(r"[b]roken|" in line.replace("\\|", "|") for line in lines)
    assert max(map(len, text(folder, "table").splitlines())) <= 80


def test_a_run_that_has_just_begun(tmp_path: Path) -> None:
    with open_store(tmp_path):
        found = figures(tmp_path)
        assert found["totals"][0]["documents"] == 0
        assert found["formulas"] == found["duplicates"] == found["speed"] == []
        assert "running" in text(tmp_path, "table")


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not a results folder"):
        stats(tmp_path)


def test_options(folder: Path, tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(command)
    plain = CliRunner().invoke(app, [str(folder), "--json"])
    assert plain.exit_code == 0
    assert json.loads(plain.stdout) == figures(folder)
    file = tmp_path / "stats.md"
    CliRunner().invoke(app, [str(folder), "-f", "markdown", "-o", str(file)])
    assert file.read_text("utf-8") == text(folder, "markdown")
