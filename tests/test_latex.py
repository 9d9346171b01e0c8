from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from i2l_batch.canonical import brace_arguments, canonicalize
from i2l_batch.latex import (
    closing_brace,
    detokenize,
    is_valid,
    num_arguments,
    tokenize,
)

SYMBOLS = r"a x 1 + = ( ] | , & \\ \alpha \sum \infty \, \! \left( \right] \left\{ \right\rangle"
ATOMS = st.sampled_from([*SYMBOLS.split(), r"\begin{matrix}", r"\end{matrix}", r"\rightarrow"])


def group(inner: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    return inner.map(lambda tokens: ["{", *tokens, "}"])


def command(inner: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    heads = st.sampled_from(
        ["^", "_", r"\hat", r"\mathrm", r"\sqrt", r"\frac", r"\bf", r"\stackrel"]
    )
    bare = ATOMS.map(lambda token: [token])
    argument = group(inner) | bare
    return st.tuples(heads, st.lists(argument, min_size=1, max_size=2)).map(
        lambda parts: [parts[0], *(token for tokens in parts[1] for token in tokens)]
    )


FORMULAS = st.recursive(
    st.lists(ATOMS, max_size=4),
    lambda inner: st.lists(group(inner) | command(inner), max_size=3).map(
        lambda parts: [token for part in parts for token in part]
    ),
    max_leaves=12,
)
"""Token lists with balanced braces, many of them nonsense as formulas."""


def balanced(tokens: list[str]) -> bool:
    depth = 0
    for token in tokens:
        depth += (token == "{") - (token == "}")
        if depth < 0:
            return False
    return depth == 0


@given(FORMULAS)
def test_tokens_joined_and_split_again_are_the_same(tokens: list[str]) -> None:
    assert tokenize(detokenize(tokens)) == tokens


@given(st.text(alphabet="\\{}^_ab1 \n\t$&(|left", max_size=30))
def test_splitting_any_text_twice_changes_nothing(text: str) -> None:
    tokens = tokenize(text)
    assert tokenize(detokenize(tokens)) == tokens


@given(st.text(max_size=20))
def test_no_visible_character_is_lost(text: str) -> None:
    assert "".join("".join(tokenize(text)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("latex", "tokens"),
    [
        (r"x^2", "x ^ 2"),
        (r"\frac{a}{b}", r"\frac { a } { b }"),
        (
            r"\begin {array} { c c } a&b\\ \end{array}",
            r"\begin{array} { c c } a & b \\ \end{array}",
        ),
        (r"\begin{aligned*}", r"\begin{aligned*}"),
        (r"\left( x \right\rangle", r"\left( x \right\rangle"),
        (r"\left \{ x \right .", r"\left\{ x \right."),
        (
            r"\leftarrow \rightharpoonup \leftrightarrow",
            r"\leftarrow \rightharpoonup \leftrightarrow",
        ),
        (r"\operatorname*{max}_x", r"\operatorname* { m a x } _ x"),
        (r"a\ b\,c\\d", r"a \ b \, c \\ d"),
        (r"\{a\|b\}", r"\{ a \| b \}"),
        ("\u03b1 x", "\u03b1 x"),
        ("", ""),
    ],
)
def test_known_splits(latex: str, tokens: str) -> None:
    assert tokenize(latex) == tokens.split(" ") if tokens else tokenize(latex) == []


def test_the_control_space_is_a_lone_backslash() -> None:
    assert tokenize(r"a\ ") == ["a", "\\"]


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


def test_closing_brace() -> None:
    tokens = "{ a { b } { } }".split()
    assert closing_brace(tokens, 0) == 7
    assert closing_brace(tokens, 2) == 4
    assert closing_brace(tokens[:-1], 0) is None


@pytest.mark.parametrize(
    ("token", "count"),
    [(r"\frac", 2), (r"\hat", 1), (r"\alpha", 0), ("x", 0), (r"\begin{array}", 1)],
)
def test_number_of_arguments(token: str, count: int) -> None:
    assert num_arguments(token) == count


@pytest.mark.parametrize(
    "latex",
    [
        r"x",
        r"\frac { a } { b }",
        r"x _ { i } ^ { 2 }",
        r"\left( \frac { 1 } { 2 } \right)",
        r"\begin{array} { c c } a & b \\ c & d \end{array}",
        r"\begin{aligned} a & = b \\ & = c \end{aligned}",
        r"\mbox { i f } x > 0",
        r"{ \cal L } = \slash p",
        r"\sqrt [ 3 ] { x }",
        r"\operatorname* { m a x } _ { x } f",
    ],
)
def test_formulas_that_parse(latex: str) -> None:
    assert is_valid(latex)


@pytest.mark.parametrize(
    "latex",
    [
        r"{ x",
        r"x }",
        r"\frac { a }",
        r"x ^ { 2 } ^ { 3 }",
        r"x _ 1 _ 2",
        r"\left( x",
        r"\begin{array} { c } a",
        r"a \end{array}",
        r"\nosuchcommand",
        r"x ^",
    ],
)
def test_formulas_that_do_not_parse(latex: str) -> None:
    assert not is_valid(latex)
