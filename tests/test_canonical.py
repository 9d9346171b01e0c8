from __future__ import annotations

import pytest
from hypothesis import given

from i2l_batch.canonical import brace_arguments, canonicalize
from i2l_batch.latex import detokenize
from tests.token_lists import FORMULAS


def balanced(tokens: list[str]) -> bool:
    depth = 0
    for token in tokens:
        depth += (token == "{") - (token == "}")
        if depth < 0:
            return False
    return depth == 0


@given(FORMULAS)
def test_canonical_form_is_final(tokens: list[str]) -> None:
    once = canonicalize(tokens)
    assert canonicalize(once) == once


@given(FORMULAS)
def test_canonical_form_keeps_braces_balanced_and_all_else_as_it_was(tokens: list[str]) -> None:
    result = canonicalize(tokens)
    assert balanced(result)
    assert [t for t in result if t not in "{}"] == [t for t in tokens if t not in "{}"]


@pytest.mark.parametrize(
    ("latex", "canonical"),
    [
        (r"x ^ 2", r"x ^ { 2 }"),
        (r"x _ \alpha ^ \prime", r"x _ { \alpha } ^ { \prime }"),
        (r"\hat x", r"\hat { x }"),
        (r"\frac 1 2", r"\frac { 1 } { 2 }"),
        (r"\sqrt [ 3 ] x", r"\sqrt [ 3 ] { x }"),
        (r"\xrightarrow [ a ^ 2 ] b", r"\xrightarrow [ a ^ { 2 } ] { b }"),
        (r"\smash [ b ] x", r"\smash [ b ] { x }"),
        (r"\cfrac [ l ] 1 2", r"\cfrac [ l ] { 1 } { 2 }"),
        (r"\sqrt [ x", r"\sqrt { [ } x"),
        (r"{ x }", r"x"),
        (r"{ { x } }", r"x"),
        (r"{ \frac { a } { b } }", r"\frac { a } { b }"),
        (r"{ \bar { K } } _ { a }", r"\bar { K } _ { a }"),
        (r"{ \mathcal L }", r"\mathcal { L }"),
        # groups that show
        (r"{ x _ { i } } ^ { 2 }", r"{ x _ { i } } ^ { 2 }"),
        (r"{ \bf x }", r"{ \bf x }"),
        (r"{ - } x", r"{ - } x"),
        (r"a { = } b", r"a { = } b"),
        (r"{ } ^ { 2 }", r"{ } ^ { 2 }"),
        (r"{ a b } ^ { 2 }", r"{ a b } ^ { 2 }"),
        (r"{ a \over b }", r"{ a \over b }"),
        (r"{ \left( x \right) }", r"{ \left( x \right) }"),
        (r"{ , } x", r"{ , } x"),
        (r"\mathop { x } _ { i }", r"\mathop { x } _ { i }"),
        (r"\begin{array} { c } a \end{array}", r"\begin{array} { c } a \end{array}"),
    ],
)
def test_known_canonical_forms(latex: str, canonical: str) -> None:
    assert detokenize(canonicalize(latex.split())) == canonical


def test_bare_arguments_stop_at_alignment_and_environments() -> None:
    for latex in (r"\hat & x", r"x ^ \\ y", r"x _ \end{array}", r"\frac \left( x \right)"):
        assert detokenize(brace_arguments(latex.split())) == latex
