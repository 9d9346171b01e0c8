from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from i2l_batch.latex import (
    closing_brace,
    detokenize,
    is_length,
    is_valid,
    num_arguments,
    tokenize,
)
from tests.token_lists import FORMULAS

PIECES = [*"\\\\{}^_ab1.- \n\t$&(|*", "left", r"\hspace", r"\rule", r"\kern", "3", "pt", "{2 e m}"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@given(FORMULAS)
def test_tokens_joined_and_split_again_are_the_same(tokens: list[str]) -> None:
    assert tokenize(detokenize(tokens)) == tokens


@given(TEXTS)
def test_splitting_any_text_twice_changes_nothing(text: str) -> None:
    tokens = tokenize(text)
    assert tokenize(detokenize(tokens)) == tokens


@given(st.text(max_size=20) | TEXTS)
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
        # a star belongs to few commands
        (r"\alpha*\beta", r"\alpha * \beta"),
        (r"\operatorname * {max}", r"\operatorname* { m a x }"),
        # lengths are whole where TeX reads one, and nowhere else
        (r"\hspace{3mm}", r"\hspace { 3mm }"),
        (r"\hspace * { - 1 . 2 e m }", r"\hspace* { -1.2em }"),
        (r"\hspace { . 3 t r u e c m } c m", r"\hspace { .3truecm } c m"),
        (r"\vspace{+2ex}3mm", r"\vspace { +2ex } 3 m m"),
        (r"\hskip3ptx\kern - 0.5 em y", r"\hskip 3pt x \kern -0.5em y"),
        (r"\mkern-3mu\raise 2pt\hbox{x}", r"\mkern -3mu \raise 2pt \hbox { x }"),
        (r"\raisebox{1pt}{x} \rule{1 p t}{2pt}", r"\raisebox { 1pt } { x } \rule { 1pt } { 2pt }"),
        (r"\hspace{x}", r"\hspace { x }"),
        (r"\hspace{em}", r"\hspace { e m }"),
        (r"\kernel3pt", r"\kernel 3 p t"),
        (r"{ 3mm }", r"{ 3 m m }"),
        ("", ""),
    ],
)
def test_known_splits(latex: str, tokens: str) -> None:
    assert tokenize(latex) == tokens.split(" ") if tokens else tokenize(latex) == []


def test_the_control_space_is_a_lone_backslash() -> None:
    assert tokenize(r"a\ ") == ["a", "\\"]


@pytest.mark.parametrize("length", ["3mm", "-1.2em", ".5pt", "+2.truecm", "18mu"])
def test_lengths(length: str) -> None:
    assert is_length(length)
    assert not is_length(length[:-2])
    assert not is_length(f"{length} ")


def test_closing_brace() -> None:
    tokens = "{ a { b } { } }".split()
    assert closing_brace(tokens, 0) == 7
    assert closing_brace(tokens, 2) == 4
    assert closing_brace(tokens[:-1], 0) is None


@pytest.mark.parametrize(
    ("token", "count"),
    [
        (r"\frac", 2),
        (r"\hat", 1),
        (r"\begin{subarray}", 1),
        (r"\alpha", 0),
        ("x", 0),
        (r"\begin{array}", 1),
    ],
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
        r"\widetilde { x } _ { a } ^ { b }",
        r"\sum _ { \substack { a \\ b } } x",
        r"\left( \begin{smallmatrix} a & b \end{smallmatrix} \right)",
        r"\begin{split} a & = b \\ & = c \end{split}",
        r"x _ { \tiny a } \hspace* { 1cm } y",
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
