"""Which tokens draw: known by what TeX does, and the same as the data set's marks."""

from __future__ import annotations

import pytest

from i2l_batch.latex import tokenize
from i2l_batch.train.dataset.marking import mark
from i2l_batch.visible import drawn


@pytest.mark.parametrize(
    ("latex", "visible"),
    [
        (r"x ^ { 2 } _ { i }", "x 2 i"),
        (r"\frac { a } { b } \, \quad \hat { c }", r"\frac a b \hat c"),
        (r"\mathbf { x } \operatorname { s i n } \rm y", "x s i n y"),
        (r"\left( \begin{array} { c c } a & b \\ c & d \end{array} \right.", r"\left( a b c d"),
        (r"\begin{pmatrix} a \end{pmatrix}", r"\begin{pmatrix} a \end{pmatrix}"),
        (r"a \hspace { 3 m m } b \phantom { x ^ { 2 } } c", "a b c"),
        (r"a \phantom { x", "a"),
        (r"\sqrt [ 3 ] { x } ] \cfrac [ l ] { 1 } { y }", r"\sqrt 3 x ] \cfrac 1 y"),
        (r"\smash [ b ] { x } [ y ]", "x [ y ]"),
        ("", ""),
    ],
)
def test_what_draws(latex: str, visible: str) -> None:
    tokens = tokenize(latex)
    assert [tokens[i] for i in drawn(tokens)] == visible.split()


def test_what_draws_has_a_mark_in_the_training_data() -> None:
    """Fonts have one there too: they share it with their letter."""
    tokens = tokenize(
        r"\sum _ { i = 0 } ^ { n } \sqrt { x } \left[ \begin{array} { l } \alpha \\ \end{array} "
        r"\right] \, \mathrm { d } t \hspace { 1 e m } \cdots"
    )
    _, marks = mark(tokens)
    lent = {tokens.index(r"\mathrm")}
    assert drawn(tokens) == [i for i, number in enumerate(marks) if number and i not in lent]
