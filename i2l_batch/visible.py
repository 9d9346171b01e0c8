r"""Which tokens put ink on the page by themselves.

In: the tokens of a formula. Out: those that draw. Braces, scripts, spaces, and switches of font,
size or style draw nothing: what stands in or after them does. Knows nothing of pictures.
"""

from __future__ import annotations

from collections.abc import Sequence

from i2l_batch.latex import WITH_OPTION, after_option, closing_brace

SPACES = frozenset(
    r"""
    ~ \, \; \: \! \  \quad \qquad \enspace \enskip \thinspace \medspace \thickspace \hfill \hspace
    \hspace* \vspace \hskip \kern \strut \null
    """.split()
)
_STRUCTURE = frozenset(
    r"""
    { } _ ^ \sp \sb & \\ \limits \nolimits \nonumber \allowbreak \nobreak \phantom \hphantom
    \vphantom \smash \mathop \mathbin \mathrel \mathord \mathopen \mathclose \mathpunct \mathinner
    \middle \left. \right. \substack \stackrel \overset \underset \atop \protect \ensuremath
    """.split()
)
ALPHABETS = frozenset(
    r"""
    \mathrm \mathbf \mathcal \mathbb \mathit \mathsf \mathtt \mathfrak \mathscr \mathnormal
    """.split()
)
BOLD = frozenset([r"\bm", r"\boldsymbol", r"\pmb"])
SIZES_OF_DELIMITERS = frozenset(
    rf"\{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", *"lrm")
)
_SWITCHES = frozenset(
    r"""
    \rm \bf \it \cal \sf \tt \sl \mit \boldmath \displaystyle \textstyle \scriptstyle
    \scriptscriptstyle \tiny \scriptsize \footnotesize \small \large \Large
    \text \textrm \textnormal \textbf \textit \textsf \texttt \textup \textmd \mbox \hbox
    \operatorname \operatorname*
    """.split()
)
# Ends of environments that draw a bracket there; the others draw nothing.
BRACKETS = frozenset(
    [r"\begin{cases}"]
    + [rf"\{end}{{{letter}matrix}}" for end in ("begin", "end") for letter in "pbBvV"]
)

SILENT = SPACES | _STRUCTURE | _SWITCHES | ALPHABETS | BOLD | SIZES_OF_DELIMITERS
# Their arguments are lengths, columns or colours, or room that stays empty.
_QUIET_ARGUMENT = frozenset(
    r"""
    \hspace \hspace* \vspace \begin{array} \color \phantom \hphantom \vphantom
    """.split()
)
_QUIET_OPTION = frozenset([r"\smash", r"\cfrac"])


def drawn(tokens: Sequence[str]) -> list[int]:
    """Indices of the tokens, as `latex.tokenize` gives them, that draw something themselves."""
    found, quiet_until = [], -1
    brackets: set[int] = set()  # of options
    for i, token in enumerate(tokens):
        if i > quiet_until and i not in brackets and _draws(token):
            found.append(i)
        if token in WITH_OPTION and (end := after_option(tokens, i + 1)) > i + 1:
            brackets |= {i + 1, end - 1}
            if token in _QUIET_OPTION:
                quiet_until = max(quiet_until, end - 1)
        if token in _QUIET_ARGUMENT and tokens[i + 1 : i + 2] == ["{"]:
            # An answer may be cut before the brace closes.
            quiet_until = max(quiet_until, closing_brace(tokens, i + 1) or len(tokens))
    return found


def _draws(token: str) -> bool:
    if token.startswith((r"\begin{", r"\end{")):
        return token in BRACKETS
    is_length = len(token) > 1 and not token.startswith("\\")
    return not is_length and token not in SILENT
