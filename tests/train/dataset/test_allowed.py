from __future__ import annotations

import pytest

from i2l_batch.latex import tokenize
from i2l_batch.train.dataset.allowed import objection

HOSTILE = [
    r"\input{/etc/passwd}",
    r"\input {f}",
    r"\input f",
    r"\include{f}",
    r"\openin{1}",
    r"\openout 3 = x",
    r"\read{1}",
    r"\write18{ls}",
    r"\write 18 { ls }",
    r"\immediate\write18{ls}",
    r"\special{ps: x}",
    r"\pdfliteral{q}",
    r"\pdfpagewidth{1}",
    r"\directlua{os.exit()}",
    r"\csname input\endcsname",
    r"\expandafter\x",
    r"\string\x",
    r"\jobname",
    r"\catcode`\%=12",
    r"\font\x=cmr10 scaled 9999",
    r"\def{\x}",
    r"\def\x{\x}\x",
    r"\gdef\frac{}",
    r"\let\frac\relax",
    r"\newcommand{\x}{y}",
    r"\global\x",
    r"\loop\iftrue\repeat",
    r"\iffalse",
    r"\fi",
    r"\else",
    r"\end{document}",
    r"\end {document}",
    r"\begin{document}",
    r"\begin{filecontents}",
    r"\end",
    r"\stop",
    r"\typeout{@@7 done}",
    r"\message{x}",
    r"\shipout\hbox{x}",
    r"\everymath{x}",
    r"\lowercase{x}",
    r"\verb|x|",
    r"\footnote{x}",
    r"\begingroup",
    r"\egroup",
    r"\C{3}",
    r"\ship{3}",
    r"a % b",
    r"a } $ \x $ {",
    r"a }",
    r"{ a",
    r"\frac{a}{b",
    r"\begin{array}{c} a",
    r"a \end{array}",
    r"\begin{array}{c} a \end{matrix}",
]


@pytest.mark.parametrize("latex", HOSTILE)
def test_hostile_formulas_are_refused_with_a_reason(latex: str) -> None:
    assert objection(tokenize(latex)), latex
    assert objection(tokenize("x ^ { 2 } " + latex))
    assert objection([latex])  # also when it hides in one token


def test_characters_by_their_code_are_refused() -> None:
    assert objection(["^^5cinput", "x"])


@pytest.mark.parametrize(
    "latex",
    [
        r"x ^ { 2 }",
        r"\begin{array}{cc} a & b \\ c & d \end{array}",
        r"\begin{aligned} a & = b \end{aligned}",
        r"\begin{cases} a \\ b \end{cases}",
        r"a \iff b",
        r"\iint \infty \inf \imath \pi \leftarrow \outputs",
        r"a \% b \$ \{ \} \#",
        r"\ensuremath{x} \mbox{if}",
        "",
    ],
)
def test_formulas_are_let_through(latex: str) -> None:
    assert objection(tokenize(latex)) is None
