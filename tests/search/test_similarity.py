"""Similarity is Dice's over grams, counted the slow way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from i2l_batch.search.similarity import similarity_to

TOKENS = st.lists(st.sampled_from(["a", "b", "^", "{", "}", r"\frac"]), max_size=12)


def dice(first: Sequence[str], second: Sequence[str]) -> float:
    one, other = (
        Counter(tuple(tokens[i : i + n]) for n in (1, 2, 3) for i in range(len(tokens) - n + 1))
        for tokens in (first, second)
    )
    return 2 * (one & other).total() / (one.total() + other.total())


def similarities(spellings: list[list[str]], formulas: list[list[str]]) -> list[float]:
    latex = pa.chunked_array([[" ".join(tokens) for tokens in formulas]], pa.string())
    return similarity_to(spellings)(latex).to_pylist()


@given(st.lists(TOKENS.filter(bool), min_size=1, max_size=2), st.lists(TOKENS, min_size=1))
def test_fast_equals_counted(spellings: list[list[str]], formulas: list[list[str]]) -> None:
    expected = [max(dice(tokens, other) for tokens in spellings) for other in formulas]
    assert similarities(spellings, formulas) == pytest.approx(expected)


@given(TOKENS.filter(bool), TOKENS)
def test_bounds(tokens: list[str], other: list[str]) -> None:
    same, (there,) = similarities([tokens], [tokens]), similarities([tokens], [other])
    assert same == [1.0]
    assert 0 <= there <= 1
    assert (there == 0) == set(tokens).isdisjoint(other)
    if other:
        assert similarities([other], [tokens]) == [pytest.approx(there)]
