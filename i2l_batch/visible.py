r"""Which tokens put ink on the page by themselves.

In: a token. Out: yes or no. Braces, scripts, spaces, and switches of font, size or style draw
nothing: what stands in or after them does. Knows nothing of pictures.
"""

from __future__ import annotations

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
_SWITCHES = frozenset(
    r"""
    \rm \bf \it \cal \sf \tt \sl \mit \boldmath \displaystyle \textstyle \scriptstyle
    \scriptscriptstyle \tiny \scriptsize \footnotesize \small \large \Large \big \Big \bigg \Bigg
    \bigl \Bigl \biggl \Biggl \bigr \Bigr \biggr \Biggr \bigm \Bigm \biggm \Biggm
    \text \textrm \textnormal \textbf \textit \textsf \texttt \textup \textmd \mbox \hbox
    \mathrm \mathbf \mathcal \mathbb \mathit \mathsf \mathtt \mathfrak \mathscr \mathnormal
    \bm \boldsymbol \pmb \operatorname \operatorname*
    """.split()
)
# Ends of environments that draw a bracket there; the others draw nothing.
_BRACKETS = frozenset(
    [r"\begin{cases}"]
    + [rf"\{end}{{{letter}matrix}}" for end in ("begin", "end") for letter in "pbBvV"]
)


def draws(token: str) -> bool:
    """Whether a token of `latex.tokenize` draws something itself."""
    if token.startswith((r"\begin{", r"\end{")):
        return token in _BRACKETS
    return token not in SPACES and token not in _STRUCTURE and token not in _SWITCHES
