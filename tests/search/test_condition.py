"""The condition in SQL is what a slow and obvious matcher says, for any tokens and patterns."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from i2l_batch.search.condition import DEPTH, condition
from i2l_batch.search.pattern import Element, Spelling, Wild

CONNECTION = duckdb.connect()
TOKENS = [
    "{",
    "}",
    "a",
    "b",
    "^",
    "_",
    "&",
    r"\\",
    "\\",
    r"\a",
    r"\begin{a}",
    ".",
    "*",
    "?",
    "é",
    r"\{",
]
LATEX = st.lists(st.sampled_from(TOKENS[:4] + TOKENS), max_size=14)
PATTERN = st.lists(st.sampled_from(["{", "}", "a", *TOKENS, *Wild, *Wild]), max_size=6)


def is_at(tokens: Sequence[str], place: int, pattern: Sequence[Element]) -> bool:
    """Whether the pattern begins there: one way after the other is tried."""
    if not pattern:
        return True
    first, rest = pattern[0], pattern[1:]
    ends = range(place, len(tokens) + 1)
    if first is Wild.RUN:
        return any(is_balanced(tokens[place:end]) and is_at(tokens, end, rest) for end in ends)
    if place == len(tokens):
        return False
    if first is Wild.ONE and tokens[place] == "{":
        return any(is_group(tokens[place:end]) and is_at(tokens, end, rest) for end in ends)
    one = tokens[place] not in ("}", "^", "_", "&", r"\\") if first is Wild.ONE else False
    return (one or tokens[place] == first) and is_at(tokens, place + 1, rest)


def is_balanced(tokens: Sequence[str]) -> bool:
    depth = 0
    for token in tokens:
        depth += (token == "{") - (token == "}")
        if depth < 0:
            return False
    return depth == 0


def is_group(tokens: Sequence[str]) -> bool:
    closed = len(tokens) > 1 and tokens[0] == "{" and tokens[-1] == "}"
    return closed and is_balanced(tokens) and is_balanced(tokens[1:-1])


def is_in(tokens: Sequence[str], pattern: Sequence[Element]) -> bool:
    return any(is_at(tokens, place, pattern) for place in range(len(tokens) + 1))


def holds(spellings: Sequence[Spelling], latex: str) -> bool:
    sql, parameters = condition(spellings)
    query = f"SELECT {sql} FROM (SELECT ?::varchar AS latex)"
    (row,) = CONNECTION.execute(query, [*parameters, latex]).fetchall()
    return row[0]


@settings(max_examples=400, deadline=None)
@given(LATEX, PATTERN)
def test_sql_equals_trying_all_ways(tokens: list[str], pattern: list[Element]) -> None:
    assert holds([tuple(pattern)], " ".join(tokens)) == is_in(tokens, pattern)


@settings(max_examples=100, deadline=None)
@given(LATEX, st.lists(PATTERN, min_size=1, max_size=2))
def test_any_spelling_will_do(tokens: list[str], patterns: list[list[Element]]) -> None:
    spellings = [tuple(pattern) for pattern in patterns]
    assert holds(spellings, " ".join(tokens)) == any(is_in(tokens, s) for s in spellings)


def test_groups_are_counted_up_to_a_depth() -> None:
    """Said in the docs: formulas are far from it."""
    for depth in (1, 2, DEPTH, DEPTH + 1):
        latex = " ".join(["{"] * depth + ["x"] + ["}"] * depth)
        assert holds([("{", Wild.RUN, "}")], f"a {latex} b")
        assert holds([("a", Wild.ONE, "b")], f"a {latex} b") == (depth <= DEPTH)
