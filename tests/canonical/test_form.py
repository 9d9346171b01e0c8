from __future__ import annotations

import itertools

import pytest
from hypothesis import given

from i2l_batch.canonical import brace_arguments, canonicalize
from i2l_batch.canonical.tree import MAX_DEPTH
from i2l_batch.latex import detokenize, is_valid, tokenize
from i2l_batch.visible import drawn
from tests.token_lists import FORMULAS
from tests.wild_formulas import Wild


def balanced(tokens: list[str]) -> bool:
    depth = 0
    for token in tokens:
        depth += (token == "{") - (token == "}")
        if depth < 0:
            return False
    return depth == 0


@given(FORMULAS)
def test_canonical_form_is_final_and_balanced(tokens: list[str]) -> None:
    once = canonicalize(tokens)
    assert balanced(once)
    assert canonicalize(once) == once


def test_wild_formulas_come_to_rest_and_stay_formulas() -> None:
    wild = Wild(3)
    for _ in range(500):
        latex = wild.formula()
        once = canonicalize(tokenize(latex))
        assert canonicalize(once) == once, latex
        assert tokenize(detokenize(once)) == once, latex
        if is_valid(latex):
            assert is_valid(detokenize(once)), latex


def test_nothing_that_draws_is_lost() -> None:
    wild = Wild(4)
    for _ in range(500):
        tokens = brace_arguments(tokenize(wild.formula()))
        if r"\operatorname" in " ".join(tokens):
            continue  # its letters become one token
        brackets = sum(token.startswith((r"\left", r"\right")) for token in tokens)
        lost = len(drawn(tokens)) - len(drawn(canonicalize(tokens)))
        assert 0 <= lost <= brackets, tokens  # those of a matrix become part of its name


@pytest.mark.parametrize(
    ("latex", "canonical"),
    [
        (r"x ^ 2", r"x ^ { 2 }"),
        (r"x _ \alpha ^ \prime", r"x _ { \alpha } ^ { \prime }"),
        (r"\hat x", r"\hat { x }"),
        (r"x _ \mathrm { a } y", r"x _ { \mathrm { a } } y"),
        (r"x ^ \frac 1 2 _ \hat \alpha", r"x ^ { \frac { 1 } { 2 } } _ { \hat { \alpha } }"),
        (r"x ^ \sqrt [ 3 ] { 2 }", r"x ^ { \sqrt [ 3 ] { 2 } }"),
        (r"\frac 1 2", r"\frac { 1 } { 2 }"),
        (r"\sqrt [ 3 ] x", r"\sqrt [ 3 ] { x }"),
        (r"\xrightarrow [ a ^ 2 ] b", r"\xrightarrow [ a ^ { 2 } ] { b }"),
        (r"\smash [ b ] x", r"\smash [ b ] { x }"),
        (r"\cfrac [ l ] 1 2", r"\cfrac [ l ] { 1 } { 2 }"),
        (r"\sqrt [ x", r"\sqrt { [ } x"),
        # groups that change nothing
        (r"{ x }", r"x"),
        (r"{ { x } }", r"x"),
        (r"{ \frac { a } { b } }", r"\frac { a } { b }"),
        (r"{ \bar { K } } _ { a }", r"\bar { K } _ { a }"),
        (r"{ \mathcal L }", r"\mathcal { L }"),
        (r"a { b c } d", r"a b c d"),
        (r"a { x _ { i } + y ^ { 2 } } d", r"a x _ { i } + y ^ { 2 } d"),
        (r"= { ( a ) } b", r"= ( a ) b"),
        (r"e ^ { { i x } }", r"e ^ { i x }"),
        (r"\overline { { z } }", r"\overline { z }"),
        (r"\left( { - x } \right)", r"\left( { - x } \right)"),
        # groups that show
        (r"{ x _ { i } } ^ { 2 }", r"{ x _ { i } } ^ { 2 }"),
        (r"{ - } x", r"{ - } x"),
        (r"a { = } b", r"a { = } b"),
        (r"{ } ^ { 2 }", r"{ } ^ { 2 }"),
        (r"{ a b } ^ { 2 }", r"{ a b } ^ { 2 }"),
        (r"y { a \over b }", r"y { a \over b }"),
        (r"y { \left( x \right) }", r"y { \left( x \right) }"),
        (r"{ , } x", r"{ , } x"),
        (r"\sum { ( a ) }", r"\sum { ( a ) }"),
        (r"{ \hat { a b } } ^ { 2 }", r"{ \hat { a b } } ^ { 2 }"),
        (r"a { b c } .", r"a { b c } ."),
        (r"\mathop { x } _ { i }", r"\mathop { x } _ { i }"),
        (r"\unknown { a b }", r"\unknown { a b }"),
        (r"\mbox { \rm x }", r"\mbox { \rm x }"),
        # one name for each thing
        (
            r"\begin{split} a & = b \\ & = c \end{split}",
            r"\begin{aligned} a & = b \\ & = c \end{aligned}",
        ),
        (r"\operatornamewithlimits { m i d } _ { x }", r"\operatorname* { m i d } _ { x }"),
        (r"a \le b \rightarrow c \land d", r"a \leq b \to c \wedge d"),
        (r"\left\lbrace x \right>", r"\left\{ x \right\rangle"),
        (r"x ^ \dag y \dag", r"x ^ { \dagger } y { \dagger }"),
        (r"a \not = b", r"a \neq b"),
        (r"{ \bf x }", r"\mathbf { x }"),
        (r"{ \cal { L } } _ 1", r"\mathcal { L } _ { 1 }"),
        (r"a \rm b c", r"a \mathrm { b c }"),
        (r"a \rm b = c", r"a \rm b = c"),
        (r"\bm { \boldsymbol { x } }", r"\boldsymbol { x }"),
        (r"\operatorname { s i n } x", r"\sin x"),
        (r"\operatorname* { l i m } _ x", r"\lim _ { x }"),
        (r"\operatorname { l i m } _ x", r"\operatorname { l i m } _ { x }"),
        (r"\operatorname { l i m } x", r"\lim x"),
        (r"\operatorname { t r } A", r"\operatorname { t r } A"),
        # what a display is anyway
        (r"\displaystyle \sum \limits _ i \dfrac 1 2", r"\sum _ { i } \frac { 1 } { 2 }"),
        (r"x ^ { \dfrac 1 2 }", r"x ^ { \dfrac { 1 } { 2 } }"),
        (r"\textstyle \sum \limits _ i", r"\textstyle \sum \limits _ { i }"),
        (r"\int \limits _ a", r"\int \limits _ { a }"),
        # spaces
        (r"\, x \quad y \; .  \;", r"x \quad y \; ."),
        (r"x \! \, y", r"x y"),
        (r"x \, \, \, \, y", r"x \; \: \, y"),
        (r"x \! \! \! y", r"x \! \! \! y"),
        (r"x \: \! y", r"x \: \! y"),
        (r"x \! \; y", r"x \; \! y"),
        (r"x \quad \, \quad y", r"x \qquad \, y"),
        (r"x \hspace { 1em } y", r"x \quad y"),
        (r"~ - x ~", r"~ - x"),
        # rows
        (r"\begin{array} { c } a \end{array}", r"\begin{array} { c } a \end{array}"),
        (
            r"\begin{array} { r l } { a } & { = b } \\ \hline { } & { c } \\ \end{array}",
            r"\begin{array} { r l } a & = b \\ \hline & c \end{array}",
        ),
        (
            r"\left( \begin{matrix} { a } & { b } \\ { [ c ] } & { d } \\ \end{matrix} \right)",
            r"\begin{pmatrix} a & b \\ { [ c ] } & d \end{pmatrix}",
        ),
        (
            r"\begin{aligned} { a } & { { } = b } \\ { } & { { } = c , } \\ \end{aligned}",
            r"\begin{aligned} a & = b \\ & = c , \end{aligned}",
        ),
        (r"\begin{aligned} a \end{aligned}", r"a"),
        (r"\begin{cases} \dfrac a b \end{cases}", r"\begin{cases} \dfrac { a } { b } \end{cases}"),
    ],
)
def test_known_canonical_forms(latex: str, canonical: str) -> None:
    assert detokenize(canonicalize(latex.split())) == canonical


def test_runs_of_spaces_keep_their_width() -> None:
    width = {r"\;": 5, r"\:": 4, r"\,": 3, r"\!": -3}
    for spaces in itertools.product(width, repeat=5):
        found = canonicalize(["x", *spaces, "y"])[1:-1]
        assert sum(width[s] for s in found) == sum(width[s] for s in spaces)
        assert len(found) <= 5
    assert len(canonicalize(["x", *[r"\!"] * 400, r"\:", "y"])) < 410


@pytest.mark.parametrize("latex", [r"{ x", r"x }", r"} {", r"\frac { a } {", r"{ \le"])
def test_what_is_no_formula_comes_back(latex: str) -> None:
    assert detokenize(canonicalize(latex.split())) == latex


def test_what_is_nested_too_deeply_comes_back() -> None:
    tokens = ["{"] * (MAX_DEPTH + 1) + ["x"] + ["}"] * (MAX_DEPTH + 1)
    assert canonicalize(tokens) == tokens
    assert canonicalize(tokens[1:-1]) == ["x"]


def test_bare_arguments_stop_at_alignment_and_environments() -> None:
    for latex in (r"\hat & x", r"x ^ \\ y", r"x _ \end{array}", r"\frac \left( x \right)"):
        assert detokenize(brace_arguments(latex.split())) == latex
