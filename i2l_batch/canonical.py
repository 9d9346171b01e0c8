r"""One spelling for formulas that look the same.

In: tokens. Out: tokens with every argument in braces and without the groups that change nothing.
Knows nothing of how LaTeX is split.
"""

from __future__ import annotations

from collections.abc import Sequence

from i2l_batch.latex import (
    WITH_OPTION,
    after_option,
    argument_braces,
    closing_brace,
    num_arguments,
)

# Symbols and commands that TeX sets as ordinary ones, so that a group around one changes nothing.
# Around all others it does: it turns off the space at a relation, an operator, or a bracket.
_ORDINARY = frozenset(
    r"""
    . \alpha \beta \gamma \delta \epsilon \varepsilon \zeta \eta \theta \vartheta \iota \kappa
    \varkappa \lambda \mu \nu \xi \pi \varpi \rho \varrho \sigma \varsigma \tau \upsilon \phi
    \varphi \chi \psi \omega \Gamma \Delta \Theta \Lambda \Xi \Pi \Sigma \Upsilon \Phi \Psi \Omega
    \varGamma \varDelta \varTheta \varLambda \varXi \varPi \varSigma \varUpsilon \varPhi \varPsi
    \varOmega \aleph \beth \hbar \hslash \ell \imath \jmath \wp \Re \Im \partial \infty \prime
    \emptyset \varnothing \nabla \top \bot \angle \triangle \forall \exists \nexists \neg \lnot
    \flat \natural \sharp \clubsuit \diamondsuit \heartsuit \spadesuit \complement \square \Box
    \blacksquare \mho \eth \S \P \%
    """.split()
)
_ORDINARY_COMMANDS = frozenset(
    r"""
    \acute \bar \breve \check \ddot \dddot \dot \grave \hat \mathring \tilde \vec \widehat
    \widetilde \overline \underline \overrightarrow \overleftarrow \overleftrightarrow \sqrt
    \mathrm \mathbf \mathcal \mathbb \mathit \mathsf \mathtt \mathfrak \mathscr \mathnormal \text
    \textbf \textit \textrm \textsf \texttt \textnormal \textup \mbox \hbox \boxed \fbox \mathord
    \cancel \frac \dfrac \tfrac \cfrac \binom \dbinom \tbinom
    """.split()
)
_CLASS_OF_ARGUMENT = (r"\bm", r"\boldsymbol", r"\pmb")
_OPENERS = (r"\begin", r"\end", r"\left", r"\right")


def brace_arguments(tokens: Sequence[str]) -> list[str]:
    r"""The same formula with braces around bare one-token arguments: `\hat x`, `x ^ 2`."""
    result: list[str] = []
    outer: list[int] = []  # per open group, the arguments its command still wants after it
    wanted = 0
    option_end = 0  # of the brackets of `\sqrt [ 3 ]`, which are no argument themselves
    for i, token in enumerate(tokens):
        if i < option_end:
            continue
        if i and tokens[i - 1] in WITH_OPTION and (end := after_option(tokens, i)) > i:
            result += ["[", *brace_arguments(tokens[i + 1 : end - 1]), "]"]
            option_end = end
            continue
        if token == "{":
            outer.append(max(wanted - 1, 0))
            wanted = 0
        elif token == "}":
            wanted = outer.pop() if outer else 0
        elif token in ("_", "^"):
            wanted = 1
        elif num_arguments(token):
            wanted = num_arguments(token)
        elif wanted and token not in ("&", r"\\") and not token.startswith(_OPENERS):
            wanted -= 1
            result += ["{", token, "}"]
            continue
        else:
            wanted = 0
        result.append(token)
    return result


def canonicalize(tokens: Sequence[str]) -> list[str]:
    """One spelling for what looks the same: arguments in braces, no groups that change nothing.

    A group goes when it is no argument and holds exactly one ordinary symbol with its own
    arguments. Groups that change spacing (`{ = }`), hold a font switch, or are empty stay.
    """
    result = brace_arguments(tokens)
    while True:
        owned = argument_braces(result)
        idle = [
            (i, close)
            for i, token in enumerate(result)
            if token == "{"
            and i not in owned
            and (close := closing_brace(result, i)) is not None
            and _is_one_symbol(result[i + 1 : close], owned, i + 1)
        ]
        if not idle:
            return result
        drop = {k for pair in idle for k in pair}
        result = [token for i, token in enumerate(result) if i not in drop]


def _is_one_symbol(body: Sequence[str], owned: set[int], offset: int) -> bool:
    """Whether `body` is one ordinary token, alone or followed by nothing but its own arguments."""
    if len(body) == 1:
        return body[0] in _ORDINARY or (len(body[0]) == 1 and body[0].isalnum())
    if not body or body[1] != "{":
        return False
    if body[0] in _CLASS_OF_ARGUMENT:
        return _is_one_symbol(body[2:-1], owned, offset + 2)
    at = 1
    while at < len(body):
        close = closing_brace(body, at) if at + offset in owned else None
        if close is None:
            return False
        at = close + 1
    return body[0] in _ORDINARY_COMMANDS
