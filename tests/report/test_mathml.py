"""MathML: formulas come through, and nothing that is not on the lists."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from i2l_batch.latex import is_valid
from i2l_batch.report.mathml import ATTRIBUTES, ELEMENTS, NAMESPACE, checked, mathml
from tests.report.samples import HOSTILE
from tests.wild_formulas import Wild

FORMULAS = [
    r"\frac { a } { b } + \sqrt [ 3 ] { x } \sin x \quad \mathbf { v } \text { if } x \ge 0",
    r"\begin{aligned} a & = b \\ & = c \end{aligned}",
    r"\begin{array} { l | c : r } a & b & c \\ \hline d & e & f \end{array}",
    r"\boxed { \cancel { x } } \! y",
    r"\left( \sum _ { i = 1 } ^ { n } i \right) ^ { \prime }",
]


@pytest.mark.parametrize("latex", FORMULAS)
def test_formulas_are_shown(latex: str) -> None:
    text = mathml(latex)
    assert text is not None
    for element in ElementTree.fromstring(text).iter():
        assert element.tag.removeprefix(f"{{{NAMESPACE}}}") in ELEMENTS
        assert element.attrib.keys() <= {*ATTRIBUTES, "data-look"}


def test_lines_and_negative_space_travel_as_looks() -> None:
    assert 'data-look="border-right:0.05em solid currentcolor"' in (
        mathml(r"\begin{array} { c | c } a & b \end{array}") or ""
    )
    assert "margin-left:-0.16" in (mathml(r"a \! b") or "")
    assert 'class="updiagonalstrike"' in (mathml(r"\cancel { x }") or "")
    assert 'data-look="font-weight:bold">ab<' in (mathml(r"\textbf{ab}") or "")


def test_what_parses_is_shown() -> None:
    wild = Wild(1)
    for latex in (wild.formula() for _ in range(300)):
        assert (mathml(latex) is not None) == is_valid(latex), latex


@pytest.mark.parametrize("text", HOSTILE)
def test_text_stays_text(text: str) -> None:
    shown = mathml(rf"\text {{ {text} }}")
    if shown is not None:  # much of it is no LaTeX
        for element in ElementTree.fromstring(shown).iter():
            assert element.tag.removeprefix(f"{{{NAMESPACE}}}") in ELEMENTS


@pytest.mark.parametrize(
    "text",
    [
        '<math><a href="javascript:alert(1)">x</a></math>',
        '<math href="javascript:alert(1)"><mi>x</mi></math>',
        '<math xmlns:l="http://www.w3.org/1999/xlink"><mi l:href="x">x</mi></math>',
        '<math><mi onclick="alert(1)">x</mi></math>',
        '<math><maction actiontype="statusline"><mi>x</mi></maction></math>',
        "<math><annotation-xml encoding='text/html'><script/></annotation-xml></math>",
        '<math><mtext><img xmlns="http://www.w3.org/1999/xhtml" src="x"/></mtext></math>',
        '<math><mtext><span onclick="alert(1)"><b>x</b></span></mtext></math>',
        '<math><mi style="background:url(https://example.com)">x</mi></math>',
        '<math><mi style="position:fixed">x</mi></math>',
        '<math><mi data-look="position:fixed">x</mi></math>',
        '<math><mi class="help">x</mi></math>',
        '<math><mspace width="99999999999em"/></math>',
        "<math><menclose><mi>x</mi></menclose></math>",
        '<svg xmlns="http://www.w3.org/2000/svg"/>',
        '<!DOCTYPE math [<!ENTITY x "y">]><math><mi>&x;</mi></math>',
        "<?xml-stylesheet href='x'?><math/>",
        "<math><mi>&nbsp;</mi></math>",
        "<math><mi>x</math>",
        f"<math>{'<mrow>' * 300}{'</mrow>' * 300}</math>",
    ],
)
def test_what_is_not_on_the_lists_is_not_shown(text: str) -> None:
    assert checked(text) is None
