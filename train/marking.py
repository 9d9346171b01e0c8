r"""Marked formulas: each visible token is set in its own near-black colour.

In: the tokens of a formula. Out: LaTeX in which `\C{i}` switches to the colour of token i, so that
one rendering gives both the picture (the colours cannot be told from black by eye) and the place of
every token in it. Colour switches are PDF literals, which leave TeX's spacing between symbols alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from i2l_batch.latex import closing_brace, num_arguments

MAX_MARKS = 511
"""Colours that exist: 8 levels of red, green and blue each, without black itself."""

PREAMBLE = r"""
\def\C#1{\expandafter\pdfliteral\expandafter direct\expandafter{\csname mark:#1\endcsname}}
"""

# Tokens that draw nothing themselves, so that no place can be given for them.
_INVISIBLE = frozenset(
    r"""
    { } _ ^ & \\ ~ \, \; \: \! \  \quad \qquad \limits \nolimits \displaystyle \textstyle
    \scriptstyle \scriptscriptstyle \rm \bf \it \cal \sf \tt \sl \mit \hspace \hspace* \vspace
    \phantom \hphantom \vphantom \smash \nonumber \allowbreak \nobreak \hfill \enspace \thinspace
    \mathop \mathbin \mathrel \mathord \mathopen \mathclose \mathpunct \mathinner \middle \left.
    \right. \hline \substack \textstyle \hskip \kern \enskip \medspace \thickspace \strut \null
    \text \mathrm \operatorname \operatorname* \textrm \textnormal \mbox \hbox \mathit \textit
    \mathsf \mathtt \textsf \texttt \phantom
    """.split()
)
# What follows one of these is read by it as it stands: no switch may come between.
_LOOKS_AHEAD = frozenset(
    r"""
    \not \dots \dotsb \dotsc \big \Big \bigg \Bigg \bigl \Bigl \biggl \Biggl \bigr \Bigr \biggr
    \Biggr \bigm \Bigm \biggm \Biggm \middle \hskip \kern \color
    """.split()
)
_UNMARKED_ARGUMENT = frozenset(
    # The bold commands take their argument apart with macros of their own.
    r"""
    \hspace \hspace* \vspace \begin{array} \color \hskip \kern \multicolumn
    \bm \boldsymbol \pmb
    """.split()
)


def color(mark: int) -> tuple[int, int, int]:
    """Red, green, blue (0-7 each) of a mark in 1..MAX_MARKS."""
    return mark >> 6, (mark >> 3) & 7, mark & 7


def mark_definitions() -> str:
    r"""TeX that defines the colours behind `\C{0}` (black) to `\C{MAX_MARKS}`."""
    lines = []
    for mark in range(MAX_MARKS + 1):
        # A quarter step above the level, so that rounding and truncation give the same byte.
        level = " ".join(f"{(c + 0.25) / 255 if c else 0:.5f}" for c in color(mark))
        lines.append(rf"\expandafter\def\csname mark:{mark}\endcsname{{{level} rg {level} RG}}")
    return "\n".join(lines)


def mark(tokens: Sequence[str]) -> tuple[str, list[int]]:
    r"""Marked LaTeX of a formula, and per token the mark it is drawn in (0: draws nothing).

    The only symbol of an argument (`\hat { x }`) shares its command's mark: a switch inside would
    make TeX treat the argument as a list and move its accent or script.
    """
    marks = [0] * len(tokens)
    pieces: list[str] = []
    owners: list[int] = []  # per open group, the mark to return to when it closes
    current = 0
    quiet_until = -1
    i = 0
    while i < len(tokens):
        token = tokens[i]
        if token == "{":
            owners.append(current)
        elif token == "}":
            # Limits are drawn before their operator: return to its colour.
            current = owners.pop() if owners else 0
            if i > quiet_until:
                pieces.append(rf"\C{{{current}}}")
        elif i > quiet_until and token not in _INVISIBLE and i < MAX_MARKS:
            if token.startswith((r"\begin", r"\end")):
                pass
            elif i and tokens[i - 1] in _LOOKS_AHEAD:
                marks[i] = marks[i - 1]
            else:
                current = marks[i] = i + 1
                pieces.append(rf"\C{{{current}}}")
        pieces.append(token)
        quiet_until = max(quiet_until, _share_argument(tokens, i, marks))
        i += 1
    return " ".join(pieces), marks


def _share_argument(tokens: Sequence[str], i: int, marks: list[int]) -> int:
    """Last index after `i` that must stay free of switches; shares the mark with a lone symbol."""
    token = tokens[i]
    if token == r"\sqrt" and tokens[i + 1 : i + 2] == ["["]:
        return next((k for k in range(i, len(tokens)) if tokens[k] == "]"), i)
    close = closing_brace(tokens, i + 1) if tokens[i + 1 : i + 2] == ["{"] else None
    if close is None:
        return i
    if token in _UNMARKED_ARGUMENT:
        for k in range(i + 2, close):
            marks[k] = marks[i] if tokens[k] not in _INVISIBLE else 0
        return close
    if close == i + 3 and num_arguments(token) == 1 and marks[i]:
        marks[i + 2] = marks[i]
        return close
    return i
