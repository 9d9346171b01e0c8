"""Patterns: as typed and as stored; wildcards are symbols or groups; what is wrong is one line."""

from __future__ import annotations

import re

import pytest

from i2l_batch.errors import UsageError
from i2l_batch.search.pattern import MOST_WILDCARDS, Wild, parse_pattern


def shown(pattern: str) -> list[str]:
    """Its spellings, wildcards as `<?>` and `<*>`."""
    return [
        " ".join(f"<{e.value}>" if isinstance(e, Wild) else e for e in spelling)
        for spelling in parse_pattern(pattern)
    ]


@pytest.mark.parametrize(
    ("pattern", "stored"),
    [
        ("x^2", "x ^ { 2 }"),
        (r"\int_0^1", r"\int _ { 0 } ^ { 1 }"),
        (r"\frac12", r"\frac { 1 } { 2 }"),
        (r"a\le b", r"a \leq b"),
        (r"{\cal L}", r"\mathcal { L }"),
        (r"\operatorname{sin} x", r"\sin x"),
        ("x^2_i", "x _ { i } ^ { 2 }"),
        ("f''(x)", r"f ^ { \prime \prime } ( x )"),
        ("f'^2_i", r"f _ { i } ^ { \prime 2 }"),
        (r"a^{x'_i}_j", r"a _ { j } ^ { x _ { i } ^ { \prime } }"),
        ("x^?", "x ^ <?>"),
        ("x^{?}", "x ^ { <?> }"),
        ("x^?_?", "x _ <?> ^ <?>"),
        (r"\frac?{2*}", r"\frac <?> { 2 <*> }"),
        ("x^*", "x ^ { <*> }"),
        (r"\displaystyle x^2", "x ^ { 2 }"),
        (r"\, d x \,", r"\, d x \,"),
        ("^2", "^ { 2 }"),
        (r"\?^\*", "? ^ { * }"),
    ],
)
def test_the_last_spelling_is_the_stored_one(pattern: str, stored: str) -> None:
    assert shown(pattern)[-1] == stored


@pytest.mark.parametrize(
    "pattern",
    [
        r"\int _ { 0",
        r"\hat",
        r"\frac",
        "x ^",
        "_",
        r"\left(",
        "&",
        r"a \\ b",
        r"\,",
        "{ x",
        r"\sqrt [ 3 ]",
    ],
)
def test_pieces_of_formulas_stay_as_they_are(pattern: str) -> None:
    assert shown(pattern) == [pattern]


def test_a_group_may_be_an_argument() -> None:
    r"""`{ 2 } { 3 }` alone is `2 3`, but also a piece of `\frac { 2 } { 3 }`."""
    assert shown("{2}{3}") == ["{ 2 } { 3 }", "2 3"]


def test_runs_that_say_nothing_go() -> None:
    assert shown("* a ** b *") == ["a <*> b"]
    assert parse_pattern("*") == [()]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "the pattern is empty"),
        (" \t\n", "the pattern is empty"),
        ("0 } ^ 2", "token 2 of the pattern closes a brace that it does not open"),
        ("{ } }", "token 3"),
        ("? " * (MOST_WILDCARDS + 1), f"has {MOST_WILDCARDS + 1} wildcards"),
    ],
)
def test_what_is_wrong_is_one_line(pattern: str, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)) as caught:
        parse_pattern(pattern)
    assert "\n" not in str(caught.value)
