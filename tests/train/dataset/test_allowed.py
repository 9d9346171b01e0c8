from __future__ import annotations

import pytest

from i2l_batch.canonical import canonicalize
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
    r"\globaldefs=1 \bf",
    r"\UseName{gdef}\alpha{Q}",
    r"\textmd{\UseName{typeout}{x}}",
    r"\ExpandArgs{c}{gdef}\alpha{Q}",
    r"\AddToHook{x}{y}",
    r"\NewDocumentCommand\x{}{y}",
    r"\RenewCommandCopy\x\y",
    r"\ProvideDocumentCommand\x{}{y}",
    r"\DeclareMathSymbol{x}{y}{z}{1}",
    r"\ExplSyntaxOn",
    r"\AtEndDocument{x}",
    r"\AtBeginDvi{x}",
    r"\GenericError{x}{y}{z}{w}",
    r"\PackageError{x}{y}{z}",
    r"\ClassWarning{x}{y}",
    r"\newpage",
    r"x \clearpage y",
    r"\pagebreak[4]",
    r"\left\input{f}",
    r"\left( x \right\input",
    r"\left% x",
    r"\left{ x",
    r"{ \left} x",
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


@pytest.mark.parametrize(
    "latex",
    [
        r"^^5cinput{f}",
        r"x ^ ^ 2",
        r"\text{^^5cgdef^^5calpha{Q}}",
        r"\text{x^^^^005cinput{f}}",
        r"\^^69nput{f}",
        r"\text{\left^^5cinput{f}}",
        r"x^{^^5cinput{f}}",
    ],
)
def test_characters_by_their_code_are_refused(latex: str) -> None:
    for tokens in (tokenize(latex), canonicalize(tokenize(latex)), [latex]):
        assert "holds ^^" in (objection(tokens) or ""), tokens


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
        r"\left\{ x ^ { 2 } \right\} ^ { 2 } \left\langle x \right\rangle",
        r"\hat { } ^ { 2 } x ^ { \prime } \hspace { 3mm } \hspace* { 1em }",
        "",
    ],
)
def test_formulas_are_let_through(latex: str) -> None:
    assert objection(tokenize(latex)) is None
