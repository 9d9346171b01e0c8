"""The normaliser: a line for each rule, and laws that hold for any input."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from i2l_batch.canonical import canonicalize
from i2l_batch.errors import FormulaError
from i2l_batch.latex import is_valid, tokenize
from i2l_batch.train.dataset.normalize import STYLES, Rejection, normalize, normalize_with

# What is written, and its tokens.
RULES = {
    # clean-up
    "% a=b": "a = b",
    "a=b% and so on": "a = b",
    r"5\% \\% x": r"5 \% \,",
    "a\r=\rb": "a = b",
    r"a\label{eq:1}=b": "a = b",
    r"$a\>=\~b$": "a = b",
    r"\[ x \]": "x",
    r"a \\ b": r"a \, b",
    # scripts
    "x^2": "x ^ { 2 }",
    "x^2_i": "x _ { i } ^ { 2 }",
    r"x_\alpha^\beta": r"x _ { \alpha } ^ { \beta }",
    "x_{i j}": "x _ { i j }",
    r"x\sb 1\sp 2": "x _ { 1 } ^ { 2 }",
    "{}_a^b X": "{ } _ { a } ^ { b } X",
    "x'": r"x ^ { \prime }",
    "x''_1": r"x _ { 1 } ^ { \prime \prime }",
    "x'^2": r"x ^ { \prime 2 }",
    "x_1'": r"x _ { 1 } ^ { \prime }",
    r"\sum\limits_i^n": r"\sum _ { i } ^ { n }",
    r"\int_0\nolimits^1": r"\int _ { 0 } ^ { 1 }",
    r"x^\frac12": r"x ^ { \frac { 1 } { 2 } }",
    # arguments
    r"\frac12": r"\frac { 1 } { 2 }",
    r"\frac\alpha{b+c}": r"\frac { \alpha } { b + c }",
    r"\dfrac ab \tfrac ab": r"\frac { a } { b } \frac { a } { b }",
    r"\xrightarrow[a]b \xleftarrow{c}": r"\xrightarrow [ a ] { b } \xleftarrow { c }",
    r"\smash[b]{x}": r"\smash [ b ] { x }",
    r"\cfrac[l]1{2}": r"\cfrac [ l ] { 1 } { 2 }",
    r"\sqrt2": r"\sqrt { 2 }",
    r"\sqrt[3]x": r"\sqrt [ 3 ] { x }",
    r"\sqrt[{]}]x": r"\sqrt [ { ] } ] { x }",
    r"\xrightarrow[a]{b}": r"\xrightarrow [ a ] { b }",
    r"\hat x \mathbf x": r"\hat { x } \mathbf { x }",
    r"\hat\mathbf x": r"\hat { \mathbf { x } }",
    r"\stackrel ab \binom n k": r"\stackrel { a } { b } \binom { n } { k }",
    r"\overline x": r"\overline { { x } }",
    r"\underline{{{x}}}": r"\underline { { x } }",
    r"\Bbb R \bold{x} \frak g": r"\mathbb { R } \mathbf { x } \mathfrak { g }",
    # fractions with a bar between
    r"a \over b": r"\frac { a } { b }",
    r"x + {a+1 \over b}": r"x + { \frac { a + 1 } { b } }",
    r"{{a b} \over {c \over d}}": r"{ \frac { a b } { \frac { c } { d } } }",
    r"{n \choose k}": r"{ \binom { n } { k } }",
    r"\sum_{i \atop j}": r"\sum _ { i \atop j }",
    r"\left( a \over b \right)": r"\left( \frac { a } { b } \right)",
    # fonts
    r"{\rm Tr}": r"\mathrm { T r }",
    r"x_{\rm eff}": r"x _ { \mathrm { e f f } }",
    r"{\rm{odd}}": r"\mathrm { o d d }",
    r"\rm{sin}x": r"\mathrm { s i n } x",
    r"{a \rm b c}": r"{ a \mathrm { b c } }",
    r"\frac{\rm d}{{\rm d}t}": r"\frac { \mathrm { d } } { \mathrm { d } t }",
    r"{\bf x}+{\cal L}": r"{ \bf x } + { \cal L }",
    r"\sin x": r"\operatorname { s i n } x",
    r"\max_x": r"\operatorname* { m a x } _ { x }",
    r"\operatorname{tr}A": r"\operatorname { t r } A",
    r"\operatorname *{argmin}": r"\operatorname* { a r g m i n }",
    # words
    r"\text{if } x": r"\mathrm { i f ~ } x",
    r"\mbox{ a  b}\hbox{c}": r"\mathrm { ~ a ~ b } \mathrm { c }",
    r"\textrm{and so} \textbf{1 0}": r"\mathrm { a n d ~ s o } \mathbf { 1 ~ 0 }",
    r"\textrm { a n d } \textbf { 1 ~ 0 }": r"\mathrm { a n d } \mathbf { 1 ~ 0 }",
    r"\text{ }": r"\mathrm { ~ }",
    r"\mbox{}": r"\mathrm { }",
    r"x_\text{eff}": r"x _ { \mathrm { e f f } }",
    r"\text{if $x _ 1$ is}": r"\mathrm { i f ~ } x _ { 1 } \mathrm { ~ i s }",
    r"\mbox{$x$}": "x",
    r"\text x": r"\mathrm { x }",
    r"\text{a \textit{b c}}": r"\mathrm { a ~ \mathit { b ~ c } }",
    r"\mbox{\bf (A) \rm{b}}": r"\mathrm { \bf ( A ) ~ { b } }",
    r"\text{Green's}": r"\mathrm { G r e e n ^ { \prime } s }",
    r"\text{a\ b~c}": "\\mathrm { a \\ b ~ c }",
    r"\text{a\_b}": r"\mathrm { a \_ b }",
    # lengths
    r"\hspace{3mm}": r"\hspace { 3mm }",
    r"\hspace{-1.2 em}": r"\hspace { -1.2em }",
    r"\hspace { 3 m m }": r"\hspace { 3mm }",
    r"\hspace*{.5truecm}": r"\hspace { .5cm }",
    r"\hskip 1cm x \kern-2pt": r"\hspace { 1cm } x \hspace { -2pt }",
    r"\vspace{2pt}": r"\vspace { 2pt }",
    # brackets
    r"\left ( x \right )": r"\left( x \right)",
    r"\left \{ x \right .": r"\left\{ x \right.",
    r"\big{(} \Bigl [ \big\|": r"\big ( \Bigl [ \big \|",
    r"\left( a \middle | b \right)": r"\left( a \middle | b \right)",
    # rows
    r"\begin{array}{lc}a&b\\c&d\end{array}": (
        r"\begin{array} { l c } { a } & { b } \\ { c } & { d } \\ \end{array}"
    ),
    r"\begin{array}[t]{|@{\ }c|p{2cm}|}a&b\end{array}": (
        r"\begin{array} { | c | l | } { a } & { b } \\ \end{array}"
    ),
    r"\begin{array}{c}\hline a\\[2pt] \hline\end{array}": (
        r"\begin{array} { c } \hline { a } \\ \hline \end{array}"
    ),
    r"\begin{matrix}a&\\&{b}\\\end{matrix}": (
        r"\begin{matrix} { a } & { } \\ { } & { b } \\ \end{matrix}"
    ),
    r"\begin{pmatrix}a\end{pmatrix}": r"\left( \begin{matrix} { a } \\ \end{matrix} \right)",
    r"\begin{bmatrix}a\end{bmatrix}": r"\left[ \begin{matrix} { a } \\ \end{matrix} \right]",
    r"\pmatrix{a & b \cr c & d}": (
        r"\left( \begin{matrix} { a } & { b } \\ { c } & { d } \\ \end{matrix} \right)"
    ),
    r"\begin{cases}a&b\end{cases}": r"\begin{cases} { a } & { b } \\ \end{cases}",
    r"\left\{\begin{cases}a\end{cases}\right.": r"\begin{cases} { a } \\ \end{cases}",
    r"\left\{x\begin{cases}a\end{cases}\right.": (
        r"\left\{ x \begin{cases} { a } \\ \end{cases} \right."
    ),
    r"\begin{split}a&=b\\&{}=c\end{split}": (
        r"\begin{aligned} { a } & { { } = b } \\ { } & { { } = c } \\ \end{aligned}"
    ),
    r"\begin{align*}a&=b\end{align*}": r"\begin{aligned} { a } & { { } = b } \\ \end{aligned}",
    r"\begin{gathered}a\\b\end{gathered}": (r"\begin{array} { c } { a } \\ { b } \\ \end{array}"),
    r"\begin{eqnarray}a&=&b\end{eqnarray}": (
        r"\begin{array} { r c l } { a } & { = } & { b } \\ \end{array}"
    ),
    r"\sum_{\substack{i\\j}}": r"\sum _ { \substack { i \\ j } }",
    # colour
    r"\color{red}x\textcolor{blue}{y}": "x { y }",
    # what is not known is left
    r"\foo{a}[b]\R": r"\foo { a } [ b ] \R",
    r"a ~ b\ c": "a ~ b \\ c",
}
REASONS = {
    "": "is empty",
    r"\label{x}": "is empty",
    "α": "holds a character that is not ASCII",
    r"\sqrt [ [object Object] ] { 2 }": "holds [object Object], as the paper's script leaves it",
    "{ x": "has a group, bracket or environment that is not closed",
    r"\sqrt[3 x": "has a group, bracket or environment that is not closed",
    r"\text{x": "has a group, bracket or environment that is not closed",
    r"\begin{matrix} x": "has a group, bracket or environment that is not closed",
    r"\begin{matrix} x \end{array}": "has a group, bracket or environment that is not closed",
    "x }": "closes what is not open",
    r"x \right)": "closes what is not open",
    r"x \end{matrix}": "closes what is not open",
    r"\left( x": r"has \left without \right",
    r"\left{ x \right\}": r"has \left or \right without a delimiter",
    "x ^": "lacks an argument",
    r"\frac { a }": "lacks an argument",
    r"x ^ \left( a \right)": "lacks an argument",
    "x^1^2": "has two scripts in one place",
    "x^1'": "has two scripts in one place",
    r"a \over b \over c": "has two fraction bars in one group",
    "a & b": "has & or # outside of rows",
    r"\begin{picture} x \end{picture}": "has an unknown environment",
    r"\begin{array}{*{2}{c}} x \end{array}": "has repeated columns",
    r"\hspace{x}": "has a length that is no number with a unit",
    r"\hskip 1em plus 1fil": "has a length that stretches",
    r"\hskip 1em minus .5em": "has a length that stretches",
    r"\hbox to 2cm{x}": "lacks an argument",
    r"\kern x": "has a length that is no number with a unit",
    r"\text{x_1}": "has mathematics in words",
    "{" * 200 + "}" * 200: "is nested too deeply",
    r"\hat" * 200 + "x": "is nested too deeply",
}


UNKNOWN = {r"\foo", r"\smash", r"\R", r"\substack", r"\vspace"}
"""Commands that our validity check does not know."""


def split(tokens: str) -> list[str]:
    """Tokens, of which the control space is a lone backslash."""
    return tokens.split(" ")


@pytest.mark.parametrize(("latex", "tokens"), RULES.items())
def test_a_rule(latex: str, tokens: str) -> None:
    assert normalize(latex) == split(tokens)


@pytest.mark.parametrize(("latex", "reason"), REASONS.items())
def test_a_reason(latex: str, reason: str) -> None:
    with pytest.raises(FormulaError) as caught:
        normalize(latex)
    assert caught.value.reason == reason
    assert str(pickle.loads(pickle.dumps(caught.value))) == f"the formula {reason}"


@pytest.mark.parametrize("tokens", RULES.values())
def test_what_is_normalised_stays(tokens: str) -> None:
    assert normalize(tokens) == split(tokens)


@pytest.mark.parametrize("latex", RULES)
def test_the_canonical_form_is_normalised_too(latex: str) -> None:
    canonical = canonicalize(normalize(latex))
    assert canonicalize(normalize(" ".join(canonical))) == canonical


@pytest.mark.parametrize("tokens", [t for t in RULES.values() if not UNKNOWN & set(split(t))])
def test_normal_forms_are_valid_latex(tokens: str) -> None:
    assert is_valid(tokens)


COMMANDS = sorted(
    {token for text in (*RULES, *RULES.values()) for token in tokenize(text) if len(token) > 1}
)
WRITTEN = st.sampled_from(
    [*COMMANDS, *"{}{}{}_^&'$%[]()~ab1. ", r"\\", r"\text{a b", "3pt", "{ 3mm }"]
)
SOUP = st.lists(WRITTEN, max_size=30).flatmap(
    lambda parts: st.sampled_from([" ", ""]).map(lambda space: space.join(parts))
)
"""Formulas as they are written, put together with no sense at all."""


@given(SOUP | st.text(max_size=30))
@example(r"\text{a" + r"\text{" * 500)
@example("x^{" * 500)
@example(r"\left(" * 500 + r"\right)" * 500)
@example(r"\begin{matrix}" * 500)
@example(r"\hspace{" + "1 " * 2000)
@example(r"\kern" + " " * 4000)
@example("\\" * 4001 + "%")
def test_any_text_gives_final_tokens_or_a_reason(text: str) -> None:
    try:
        tokens = normalize(text)
    except FormulaError:
        return
    latex = " ".join(tokens)
    assert tokenize(latex) == tokens
    assert normalize(latex) == tokens
    if canonical := canonicalize(tokens):  # nothing is left of spaces alone
        assert canonicalize(normalize(" ".join(canonical))) == canonical


@given(SOUP)
def test_groups_and_environments_of_normal_forms_are_closed(text: str) -> None:
    found = normalize_with("paper", text)
    if isinstance(found, Rejection):
        return
    assert found.count("{") == found.count("}")
    for kind in ("left", "begin"):
        end = {"left": "right", "begin": "end"}[kind]
        opened = sum(t.startswith(f"\\{kind}") and not t[len(kind) + 1 :].isalpha() for t in found)
        closed = sum(t.startswith(f"\\{end}") and not t[len(end) + 1 :].isalpha() for t in found)
        assert opened == closed


def test_styles() -> None:
    latex = r"{\alpha} + x^2"
    assert STYLES == ("paper", "canonical", "none")
    assert normalize_with("paper", latex) == split(r"{ \alpha } + x ^ { 2 }")
    assert normalize_with("canonical", latex) == split(r"\alpha + x ^ { 2 }")
    assert normalize_with("none", latex) == split(r"{ \alpha } + x ^ 2")


@pytest.mark.parametrize(
    ("latex", "canonical", "paper"),
    [
        (r"\int\limits_0^1", r"\int \limits _ { 0 } ^ { 1 }", r"\int _ { 0 } ^ { 1 }"),
        (r"\sum_i\nolimits^n x", r"\sum \nolimits _ { i } ^ { n } x", r"\sum _ { i } ^ { n } x"),
        (r"\sum\limits_i\nolimits^n\limits", r"\sum _ { i } ^ { n }", r"\sum _ { i } ^ { n }"),
        (r"\mathop{A}\limits x", r"\mathop { A } \limits x", r"\mathop { A } x"),
        (r"\max\limits_x", r"\max _ { x }", r"\operatorname* { m a x } _ { x }"),
        (r"\sin x", r"\sin x", r"\operatorname { s i n } x"),
        (r"x^\tfrac12", r"x ^ { \tfrac { 1 } { 2 } }", r"x ^ { \frac { 1 } { 2 } }"),
        (r"a\>b", r"a \: b", r"a b"),
        (
            r"\begin{gathered}a\\b\end{gathered}",
            r"\begin{gathered} a \\ b \end{gathered}",
            r"\begin{array} { c } { a } \\ { b } \\ \end{array}",
        ),
        (
            r"\begin{split}a&=b\\&=c\end{split}",
            r"\begin{aligned} a & = b \\ & = c \end{aligned}",
            r"\begin{aligned} { a } & { { } = b } \\ { } & { { } = c } \\ \end{aligned}",
        ),
    ],
)
def test_the_canonical_style_loses_nothing_that_can_be_seen(
    latex: str, canonical: str, paper: str
) -> None:
    assert normalize_with("paper", latex) == split(paper)
    assert normalize_with("canonical", latex) == split(canonical)
    assert normalize_with("canonical", canonical) == split(canonical)


@given(SOUP)
def test_faithful_forms_are_final_too(text: str) -> None:
    try:
        tokens = normalize(text, faithful=True)
    except FormulaError:
        return
    assert normalize(" ".join(tokens), faithful=True) == tokens


def test_rejections_have_a_reason() -> None:
    assert normalize_with("none", " ") == Rejection("is empty")
    assert normalize_with("paper", "x^") == Rejection("lacks an argument")
    assert normalize_with("canonical", "x^") == Rejection("lacks an argument")
    assert normalize_with("canonical", r"\, \quad") == Rejection("is empty")
