"""Searches over a folder: formulas are found by what they are made of, in order, and counted."""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path
from typing import Any

import pytest

from i2l_batch.errors import StoreError, UsageError
from i2l_batch.latex import closing_brace, tokenize
from i2l_batch.search.run import Form, search
from i2l_batch.search.spelling import as_stored
from i2l_batch.search.wanted import Wanted
from tests.search.folders import write
from tests.search.test_similarity import dice
from tests.wild_formulas import Wild

WILD = Wild(3)
FORMULAS = [
    r"\int _ { 0 } ^ { 1 } x ^ { 2 } d x \leq \frac { 1 } { 2 }",
    r"x \in \mathbb { R }",
    r"\oint _ { 0 } y",
    "1 0 0 \\% ' \" ; - - a b * ?",
    "",
    r"f ^ { \prime } _ { i } \ \, .",
    *(" ".join(tokenize(WILD.formula())) for _ in range(12)),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A paper of all formulas, and some with a few whose order is known."""
    return write(
        tmp_path_factory.mktemp("search") / "results",
        {
            "b/all.pdf": FORMULAS,
            "a/z.pdf": [("q _ { 1 }", 0.25), ("q _ { 2 }", 0.9), ("q _ { 3 }", 0.5)],
            "a/o'[1]*.pdf": [("q _ { 4 }", 0.75)],
            "a/none.pdf": [],
        },
    )


def found(folder: Path, pattern: str | None = None, **options: Any) -> list[dict[str, Any]]:
    out = io.StringIO()
    search(folder, Wanted(pattern=pattern, **{"limit": 0, **options}), "jsonl", out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def latex(folder: Path, pattern: str, **options: Any) -> list[str]:
    return [row["latex"] for row in found(folder, pattern, **options)]


def escaped(tokens: list[str]) -> list[str]:
    return [{"?": r"\?", "*": r"\*"}.get(token, token) for token in tokens]


@pytest.mark.parametrize("formula", [formula for formula in FORMULAS if formula])
def test_a_formula_is_found_by_its_latex_in_any_spacing(folder: Path, formula: str) -> None:
    tokens = escaped(formula.split(" "))
    assert formula in latex(folder, " ".join(tokens))
    assert formula in latex(folder, "  ".join(tokens) + "\n")
    dense = "".join(token + " " * (token[0] == "\\") for token in tokens)
    assert formula in latex(folder, dense)


@pytest.mark.parametrize("formula", [formula for formula in FORMULAS if formula])
def test_a_formula_is_found_by_its_pieces(folder: Path, formula: str) -> None:
    rng, tokens = random.Random(formula), formula.split(" ")
    for _ in range(4):
        start = rng.randrange(len(tokens))
        end = rng.randrange(start, len(tokens)) + 1
        piece = tokens[start:end]
        loose = any(token == "}" for token in outside_groups(piece))
        if loose or "\\" in piece[-1:]:  # a control space at the end is no more than a backslash
            continue
        assert formula in latex(folder, " ".join(escaped(piece)))


def outside_groups(tokens: list[str]) -> list[str]:
    at, left = 0, []
    while at < len(tokens):
        close = closing_brace(tokens, at) if tokens[at] == "{" else None
        left += [] if close else [tokens[at]]
        at = close + 1 if close else at + 1
    return left


def test_tokens_have_boundaries(folder: Path) -> None:
    assert FORMULAS[1] in latex(folder, r"\in")
    assert FORMULAS[0] not in latex(folder, r"\in")
    assert FORMULAS[2] not in latex(folder, r"\int")
    assert not latex(folder, r"\fra")


@pytest.mark.parametrize(
    "pattern",
    [
        "x^2", r"\int_0^1", r"x^2dx\le\frac12", r"\int*dx", r"\int_?^?", r"\int_{0}^{?}*\frac??",
        r"x^{?}", r"\int * { 2 }", r"\int _ { 0", "? ^ ? d ?",
    ],
)  # fmt: skip
def test_what_finds_the_integral(folder: Path, pattern: str) -> None:
    assert FORMULAS[0] in latex(folder, pattern)


@pytest.mark.parametrize("pattern", ["x^3", r"\int_1", r"\int ? x", r"\int * \frac * ? x", "x2"])
def test_what_does_not(folder: Path, pattern: str) -> None:
    assert FORMULAS[0] not in latex(folder, pattern)


@pytest.mark.parametrize("hostile", ["'", '"', r"\%", r"\* \?", "' \" ; -- a", "100"])
def test_quotes_and_the_like_are_tokens(folder: Path, hostile: str) -> None:
    assert FORMULAS[3] in latex(folder, hostile)


@pytest.mark.parametrize("hostile", ["%", "' OR 1=1 --", "\x1b[2J", "\x00", "\\", "(?:", ".", "é"])
def test_nothing_has_another_meaning(folder: Path, hostile: str) -> None:
    expected = [f for f in FORMULAS if f" {' '.join(tokenize(hostile))} " in f" {f} "]
    assert latex(folder, hostile) == expected


def test_order_and_options(folder: Path) -> None:
    q = [(row["source"], row["page"], row["number"]) for row in found(folder, "q_?")]
    assert q == [
        ("a/o'[1]*.pdf", 1, "1"),
        ("a/z.pdf", 1, "1"),
        ("a/z.pdf", 1, "2"),
        ("a/z.pdf", 2, "3"),
    ]
    confident = [row["confidence"] for row in found(folder, "q_?", sort="confidence")]
    assert confident == [0.9, 0.75, 0.5, 0.25]
    assert len(found(folder, "q_?", min_confidence=0.9)) == 1
    assert len(found(folder, "q_?", source="a/*", min_confidence=0.5)) == 3
    assert len(found(folder, "q_?", source="a/o'[1]*.pdf")) == 1
    assert found(folder, "q_?", source="*z.pdf", limit=2) == found(folder, "q_?")[1:3]
    assert latex(folder, "*", source="b/*") == FORMULAS
    assert latex(folder, "q_?", source="a/none.pdf") == []


@pytest.mark.parametrize("formula", [formula for formula in FORMULAS if formula])
def test_nothing_is_more_alike_than_itself(folder: Path, formula: str) -> None:
    ranked = found(folder, like=formula)
    assert (ranked[0]["latex"], ranked[0]["similarity"]) == (formula, 1.0)
    tokens = formula.split(" ")
    slow = [
        max(dice(tokens, other.split(" ")), dice(as_stored(tokens), other.split(" ")))
        for other in [*FORMULAS, *latex(folder, "q_?")]
    ]
    assert [row["similarity"] for row in ranked] == pytest.approx(sorted(slow, reverse=True))


def test_every_form_has_the_same_formulas(folder: Path) -> None:
    def text(form: Form) -> str:
        out = io.StringIO()
        search(folder, Wanted(pattern="q_?"), form, out)
        return out.getvalue()

    rows = json.loads(text("json"))
    assert [json.loads(line) for line in text("jsonl").splitlines()] == rows
    assert [row["formula_id"] for row in csv.DictReader(io.StringIO(text("csv")))] == [
        row["formula_id"] for row in rows
    ]
    markdown = text("markdown").splitlines()
    assert len(markdown) == 2 + len(rows)
    assert "formula_id" not in markdown[0]
    assert text("table").splitlines()[-1] == "4 formulas found"


def test_the_line_says_how_many_there_are(folder: Path, tmp_path: Path) -> None:
    def line(**options: Any) -> str:
        return search(folder, Wanted(**options), "table", tmp_path / "out.txt")

    assert line(pattern="q_?") == "4 formulas found"
    assert line(pattern="q_?", limit=3).startswith("the first 3 of 4 formulas found: ")
    assert line(pattern="q_1") == "1 formula found"
    assert line(pattern="q_5") == "no formula found"
    assert line(like="q_5", limit=2, source="a/*") == "the nearest 2 of 4 formulas"
    assert (tmp_path / "out.txt").read_text().splitlines()[-1] == "the nearest 2 of 4 formulas"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give either a pattern"),
        ({"pattern": "x", "like": "x"}, "give either a pattern"),
        ({"like": " "}, "the formula after --like is empty"),
        ({"like": "x", "sort": "source"}, "leave out --sort"),
        ({"pattern": "x", "limit": -1}, "not -1"),
        ({"pattern": "x", "min_confidence": float("nan")}, "not nan"),
        ({"pattern": "x\udcff"}, "is not UTF-8"),
        ({"pattern": "x", "source": "*.tex"}, "--source '*.tex' matches none of 4 papers"),
    ],
)
def test_wrong_requests_are_one_line(folder: Path, options: dict, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        search(folder, Wanted(**options), "json", io.StringIO())
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not a results folder"):
        search(tmp_path, Wanted(pattern="x"))


def test_a_folder_without_formulas(tmp_path: Path) -> None:
    write(tmp_path, {"a.pdf": []})
    assert found(tmp_path, "x") == []
    assert found(tmp_path, like="x") == []
