"""Labels and answers as pictures: what TeX is given, and what its pictures decide."""

from __future__ import annotations

import shutil

import pytest

from i2l_batch.latex import tokenize
from i2l_batch.train.evaluation.pictures import (
    PictureJudge,
    collect,
    compare_formulas,
    for_tex,
    has_tex,
)

needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is missing")


@pytest.mark.parametrize(
    ("latex", "wanted"),
    [
        (r"a \hspace { 3 . 5 m m } b", r"a \hspace { 3.5mm } b"),
        (r"a \vspace* { - 1 c m }", r"a \vspace* { -1cm }"),
        (r"% x", "x"),
        (r"x % y", "x % y"),
        (r"\pmatrix { a & b \\ c & d } ^ 2", r"\begin{pmatrix} a & b \\ c & d \end{pmatrix} ^ 2"),
        (
            r"\matrix { \frac { 1 } { 2 } & \matrix { 3 } }",
            r"\begin{matrix} \frac { 1 } { 2 } & \begin{matrix} 3 \end{matrix} \end{matrix}",
        ),
        (r"\pmatrix { a", r"\pmatrix { a"),
        (r"\frac { 1 } { 2 }", r"\frac { 1 } { 2 }"),
        ("", ""),
    ],
)
def test_what_tex_is_given(latex: str, wanted: str) -> None:
    assert " ".join(for_tex(tokenize(latex))) == wanted


CASES = [
    (r"x ^ 2 + \hspace { 3 m m } y", r"{ x } ^ { 2 } + \hspace { 3 m m } { y }", True, True),
    (r"\frac{a}{b}", r"{ a \over b }", True, True),
    ("a + b = c", "a + b = d", False, False),
    ("a = b", "a - b", True, False),  # the lower bar is one pixel high, and so is the minus sign
    ("a = b", "a = b + c + d", True, False),  # added ink
    ("a + b", "", False, False),
    ("a + b", r"\quad", False, False),
    ("a + b", r"a + \input{b}", False, False),
    ("a + b", r"a + \nosuch b", True, True),  # TeX complains and goes on: a picture was produced
    ("a + b", r"a + { b", False, False),
    (r"a + \pmatrix { b }", r"a + \begin{pmatrix} b \end{pmatrix}", True, True),
]


@needs_tex
def test_pictures_of_labels_and_answers() -> None:
    pairs = [(tokenize(label), tokenize(answer)) for label, answer, _, _ in CASES]
    outcomes = compare_formulas(pairs)
    for case, outcome in zip(CASES, outcomes, strict=True):
        assert outcome is not None, case
        assert (outcome.harvard, outcome.strict) == case[2:], case


@needs_tex
def test_nothing_is_said_where_the_label_has_no_picture() -> None:
    tokens = tokenize("x")
    assert compare_formulas([(tokenize(r"\quad"), tokens), ([], tokens), ([], [])]) == [None] * 3


@needs_tex
def test_other_processes_say_the_same() -> None:
    pairs = [(tokenize(label), tokenize(answer)) for label, answer, _, _ in CASES]
    with PictureJudge(1) as judge:
        started = judge.submit(pairs), judge.submit(pairs[:3])
        outcomes = [collect(chunks) for chunks in started]
    assert outcomes == [compare_formulas(pairs), compare_formulas(pairs[:3])]
    assert has_tex()
