"""LaTeX as tokens: splitting, which tokens take arguments, and a validity check.

In: a formula without its delimiters. Out: tokens (training, decoding and metrics all use these),
or a yes or no. Knows nothing of images, models or vocabularies.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

# A length of TeX's, whose characters may stand apart.
_LENGTH = (
    r"(?=[-+.\s]*\d)[-+\s]*(?:\d\s*)*(?:\.\s*(?:\d\s*)*)?(?:t\s*r\s*u\s*e\s*)?"
    r"(?:p\s*t|m\s*m|c\s*m|e\s*[mx]|i\s*n|m\s*u|b\s*p|p\s*c)"
)
_TOKEN = re.compile(
    rf"""
      \\(?:begin|end)\s*\{{\s*[A-Za-z]+\*?\s*\}}      # an environment's ends are one token each
    | \\(?:left|right)(?![A-Za-z])\s*(?:\\[A-Za-z]+|\\.|[^\s\\])  # so is a stretched delimiter
    | \\(?:[hv]space\s*\*?|raisebox)\s*\{{{_LENGTH}\s*\}}  # lengths: split below
    | \\rule\s*\{{{_LENGTH}\s*\}}\s*\{{{_LENGTH}\s*\}}
    | \\(?:[hm]skip|m?kern|raise|lower)(?![A-Za-z]){_LENGTH}
    | \\(?:[hv]space|operatorname)\s*\*
    | \\[A-Za-z]+
    | \\.
    | \S
    """,
    re.VERBOSE,
)
_PARTS = re.compile(r"\\[a-z]+\*?|[{}]|[^\\{}]+")
_WHOLE_LENGTH = re.compile(_LENGTH, re.VERBOSE)
_LENGTH_COMMANDS = tuple(
    r"\hspace \vspace \raisebox \rule \hskip \mskip \kern \mkern \raise \lower".split()
)
ONE_ARGUMENT = frozenset(
    r"""
    \acute \bar \bm \boldsymbol \breve \check \ddot \dddot \dot \grave \hat \mathring \tilde \vec
    \widehat \widetilde \overline \underline \overrightarrow \overleftarrow \overleftrightarrow
    \underrightarrow \underleftarrow \underbrace \overbrace \sqrt \operatorname \operatorname*
    \operatornamewithlimits \boxed \substack
    \mathrm \mathbf \mathcal \mathbb \mathit \mathsf \mathtt \mathfrak \mathscr \mathnormal \pmb
    \text \textbf \textit \textrm \textsf \texttt \textnormal \textup \textmd \mbox \hbox
    \mathop \mathbin \mathrel \mathord \mathopen \mathclose \mathpunct \mathinner \phantom
    \hphantom \vphantom \smash \cancel \xrightarrow \xleftarrow \hspace \hspace* \vspace \fbox
    \pmod \pod \ensuremath
    """.split()
)
TWO_ARGUMENTS = frozenset(
    r"\frac \dfrac \tfrac \cfrac \binom \dbinom \tbinom \stackrel \overset \underset".split()
)

WITH_OPTION = frozenset([r"\sqrt", r"\xrightarrow", r"\xleftarrow", r"\smash", r"\cfrac"])
"""Commands whose arguments may come after `[ ... ]`, which is no argument itself."""


def tokenize(latex: str) -> list[str]:
    r"""Split a formula into tokens: commands, `\begin{...}`, `\left(`, lengths, and characters.

    A length that TeX wants (as in `\hspace{3 m m}`) is one token, `3mm`; elsewhere these are
    characters. Joining the tokens with spaces gives the same formula again; white space itself is
    no token, but for the control space, whose token is a lone backslash.
    """
    tokens = [token if len(token) == 1 else _spelled(token) for token in _TOKEN.findall(latex)]
    if any(token.startswith(_LENGTH_COMMANDS) for token in tokens):
        return [part for token in tokens for part in _parts(token)]
    return tokens


@lru_cache(maxsize=4096)
def _spelled(token: str) -> str:
    """The token without white space within."""
    return "".join(token.split())


def _parts(token: str) -> list[str]:
    """A command with its lengths as the tokens it is made of; any other token as it is."""
    if token.startswith(_LENGTH_COMMANDS) and token[-1] != "*":
        return _PARTS.findall(token)
    return [token]


def is_length(token: str) -> bool:
    """Whether this is a number with a unit of TeX's, such as `-1.2em`."""
    return _WHOLE_LENGTH.fullmatch(token) is not None


def detokenize(tokens: Sequence[str]) -> str:
    """Tokens as LaTeX, with one space between each two, as the field's data sets store it."""
    return " ".join(tokens)


def num_arguments(token: str) -> int:
    """How many braced arguments follow this command."""
    if token in ONE_ARGUMENT or token in (r"\begin{array}", r"\begin{subarray}"):
        return 1
    return 2 if token in TWO_ARGUMENTS else 0


def closing_brace(tokens: Sequence[str], start: int) -> int | None:
    """Index of the `}` that closes the `{` at `start`; None when it is never closed."""
    depth = 0
    for i in range(start, len(tokens)):
        if tokens[i] == "{":
            depth += 1
        elif tokens[i] == "}":
            depth -= 1
            if depth == 0:
                return i
    return None


def after_option(tokens: Sequence[str], start: int) -> int:
    """Index after the `[ ... ]` at `start`; `start` itself where there is none."""
    if start >= len(tokens) or tokens[start] != "[":
        return start
    at = start
    while at < len(tokens) and tokens[at] != "]":
        close = closing_brace(tokens, at) if tokens[at] == "{" else None
        at = at + 1 if close is None else close + 1
    return at + 1 if at < len(tokens) else start


def argument_braces(tokens: Sequence[str]) -> set[int]:
    """Indices of the opening braces that belong to a script or a command's argument."""
    owned: set[int] = set()
    for i, token in enumerate(tokens):
        wanted = 1 if token in ("_", "^") else num_arguments(token)
        at = i + 1
        if token in WITH_OPTION:
            at = after_option(tokens, at)
        for _ in range(wanted):
            if at >= len(tokens) or tokens[at] != "{":
                break
            owned.add(at)
            close = closing_brace(tokens, at)
            at = len(tokens) if close is None else close + 1
    return owned


_STAND_INS = {
    "mbox": r"\text{#1}",
    "hbox": r"\text{#1}",
    "textmd": r"\text{#1}",
    "textup": r"\text{#1}",
    "textnormal": r"\text{#1}",
    "widetilde": r"\tilde{#1}",
    "widecheck": r"\check{#1}",
    "pmb": r"\boldsymbol{#1}",
    "substack": r"{\begin{matrix}#1\end{matrix}}",
    "smash": "{#1}",
    "ensuremath": "{#1}",
    "dotsb": r"\cdots",
    "dotsc": r"\ldots",
    "dotsm": r"\cdots",
    "intop": r"\int",
    "smallint": r"\int",
    "varinjlim": r"\lim",
    "varprojlim": r"\lim",
    "shortparallel": r"\parallel",
    "smallsetminus": r"\setminus",
    "smallfrown": r"\frown",
    "thicksim": r"\sim",
    "slash": "/",
    "rbrack": "]",
    "lbrack": "[",
    "sp": "^",
    "sb": "_",
    **dict.fromkeys("mit boldmath tiny scriptsize footnotesize small normalsize large".split(), ""),
}
"""LaTeX that math-core does not know, as something of the same shape that it does."""

_ALIKE = {"smallmatrix}": "matrix}", "{split}": "{aligned}", r"\hspace*": r"\hspace"}
"""The same for what cannot be a macro."""


@cache
def _converter() -> Any:
    import math_core

    return math_core.LatexToMathML(macros=_STAND_INS)


def to_mathml(latex: str) -> str | None:
    """A display formula as MathML; None if it does not parse.

    The parser, math-core, refuses unclosed groups, double scripts and unknown commands. A few
    commands are drawn as others of the same shape.
    """
    import math_core

    for name, other in _ALIKE.items():
        latex = latex.replace(name, other)
    try:
        return _converter().convert_with_local_state(latex, displaystyle=True)
    except math_core.LatexError:
        return None


def is_valid(latex: str) -> bool:
    """Whether the formula parses, as `to_mathml` has it."""
    return to_mathml(latex) is not None
