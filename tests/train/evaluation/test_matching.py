"""Results against a truth file: who is whose counterpart, and an account that adds up."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from i2l_batch.errors import StoreError, UsageError
from i2l_batch.train.evaluation.matching import MatchedResults
from tests.formula_samples import add, latex, open_store


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """a.pdf with formulas 0-3 (three on page 1, one on page 2), one.png with one, a failure."""
    folder = tmp_path / "results"
    with open_store(folder) as store:
        add(store, "a.pdf", formulas=4)
        add(store, "one.png", formulas=1)
        add(store, "failed.pdf", formulas=0)
        add(store, "else.pdf", formulas=2)
    return folder


def truth_file(folder: Path, *records: dict[str, Any], name: str = "truth.jsonl") -> Path:
    path = folder / name
    if path.suffix.lower() == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, ["source", "page", "index", "number", "latex"])
            writer.writeheader()
            writer.writerows(records)
    else:
        path.write_text("\n".join(json.dumps(record) for record in records))
    return path


RECORDS = [
    {"source": "a.pdf", "page": 1, "index": 2, "latex": "x + 2"},
    {"source": "a.pdf", "number": "(3)", "latex": "x + 3"},
    {"source": "one.png", "latex": "x + 4"},
    {"source": "a.pdf", "page": 3, "index": 0, "latex": "x + 5"},
    {"source": "failed.pdf", "latex": "x + 6"},
    {"source": "none.pdf", "latex": "x + 7"},
]


@pytest.mark.parametrize("name", ["truth.jsonl", "truth.csv", "TRUTH.CSV"])
def test_rows_find_their_counterparts_and_the_account_adds_up(
    results: Path, tmp_path: Path, name: str
) -> None:
    matched = MatchedResults(results, truth_file(tmp_path, *RECORDS, name=name))
    found = [(label.latex, answer and answer.latex) for label, answer in matched.pairs]
    assert found == [
        ("x + 2", latex("a.pdf", "v1", 2)),
        ("x + 3", latex("a.pdf", "v1", 3)),
        ("x + 4", latex("one.png", "v1", 0)),
        ("x + 5", None),
        ("x + 6", None),
        ("x + 7", None),
    ]
    account = matched.account
    assert account.truth == len(RECORDS) == len(matched)
    assert (account.matched, account.source_missing, account.formula_missing) == (3, 2, 1)
    assert (account.extra, account.other_sources) == (2, 2)
    names = [label.name for label, _ in matched.pairs]
    assert names[:3] == ["a.pdf page=1 index=2", "a.pdf number=3", "one.png"]
    assert [pair for batch in matched.batches(4) for pair in batch] == matched.pairs


def test_limits_come_after_matching(results: Path, tmp_path: Path) -> None:
    records = [{**record, "latex": "x" * k} for k, record in enumerate(RECORDS, 1)]
    matched = MatchedResults(results, truth_file(tmp_path, *records), max_tokens=2, limit=5)
    assert [label.latex for label, _ in matched.pairs] == ["x", "xx"]
    assert matched.account == MatchedResults(results, truth_file(tmp_path, *RECORDS)).account
    with pytest.raises(UsageError, match="no formula of at most 0 tokens"):
        MatchedResults(results, truth_file(tmp_path, *records), max_tokens=0)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([{"source": "a.pdf", "latex": "x"}], "fits 4 formulas of its source: add `page`"),
        ([{"source": "a.pdf", "page": 1, "latex": "x"}], "fits 3 formulas"),
        ([RECORDS[2], RECORDS[2]], r"truth.jsonl:2 and .*truth.jsonl:1 name the same formula"),
        ([{"latex": "x"}], "truth.jsonl:1 needs the key `source` or `image` or `img`"),
        ([{"source": "one.png"}], "truth.jsonl:1 needs the key `latex`"),
        ([{"source": "b.pdf", "latex": "x"}], "no row .* `source` must be as .*'a.pdf'"),
        ([], "no row of"),
    ],
)
def test_what_cannot_be_matched_is_one_line(
    results: Path, tmp_path: Path, records: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        MatchedResults(results, truth_file(tmp_path, *records))
    assert "\n" not in str(caught.value)


def test_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not a results folder"):
        MatchedResults(tmp_path, truth_file(tmp_path, *RECORDS))
