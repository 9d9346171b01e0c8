r"""Whether LaTeX can set a formula among others.

In: LaTeX. Out: yes or no. Yes means: within the grammar that the decoder keeps to, and closing all
that it opens; so it neither breaks the document nor reaches out of it. What the parser lets pass
and TeX does not is refused. Knows nothing of documents.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from i2l_batch.canonical.symbols import ACCENTS
from i2l_batch.grammar import Grammar, completed
from i2l_batch.latex import (
    WITH_OPTION,
    after_option,
    closing_brace,
    is_length,
    is_valid,
    num_arguments,
    tokenize,
)
from i2l_batch.models.files import SHIPPED, VOCABULARY

_ENVIRONMENTS = frozenset(
    "array matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix cases aligned gathered"
    " subarray".split()
)
_INFIX = frozenset([r"\over", r"\atop", r"\choose", r"\brace", r"\brack"])
_PLAIN = frozenset(["^", "_", r"\sqrt"])
"""Whose argument is a group like any other to TeX."""
_ENDS = re.compile(r"\\(?:begin|end)\{(\w+)\}")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_WIDE = frozenset([r"\widehat", r"\widetilde"])
_NARROW = ACCENTS - _WIDE
_LENGTH = "1cm"
_MODERATE = re.compile(r"[-+]?\d{0,2}(?:\.\d*)?[a-z]+")
_BARE = frozenset("*+-=/|.,:;!?<>()[]") | frozenset(
    r"""
    \alpha \beta \gamma \delta \epsilon \varepsilon \zeta \eta \theta \vartheta \iota \kappa
    \lambda \mu \nu \xi \pi \varpi \rho \varrho \sigma \varsigma \tau \upsilon \phi \varphi \chi
    \psi \omega \Gamma \Delta \Theta \Lambda \Xi \Pi \Sigma \Upsilon \Phi \Psi \Omega \ell \hbar
    \imath \jmath \partial \nabla \infty \prime \ast \star \dagger \ddagger \pm \mp \times \circ
    \bullet \cdot \perp \parallel \top \bot \emptyset \aleph \wp \Re \Im \to \{ \} \|
    """.split()
)
"""What TeX takes for a whole argument without braces, besides letters and digits: the commands
among them are a character each, others may be made of several."""


class Settable:
    """Judges formulas; what it knows of one it uses for the next.

    The vocabulary is that of the shipped model, and grows by what it meets: commands of other
    models' vocabularies that the parser knows.
    """

    def __init__(self) -> None:
        shipped: list[str] = json.loads((SHIPPED / VOCABULARY).read_text("utf-8"))
        self._learn([*shipped, _LENGTH])
        self._shipped = frozenset(shipped)

    def _learn(self, vocabulary: Sequence[str]) -> None:
        self._vocabulary = list(dict.fromkeys(vocabulary))
        self._grammar = Grammar(self._vocabulary)
        self._ids = {token: i for i, token in enumerate(self._vocabulary)}

    def __call__(self, latex: str) -> bool:
        """Whether the formula may stand in the document; an empty one may not."""
        tokens = tokenize(latex)
        if not tokens or not latex.isascii() or not all(map(_is_moderate, tokens)):
            return False
        tokens = [_LENGTH if _is_measure(token) else token for token in tokens]
        if not self._ids.keys() >= set(tokens):
            if not is_valid(latex):  # else nonsense would be learned
                return False
            self._learn([*self._vocabulary, *tokens])
        ids = tuple(self._ids[token] for token in tokens)
        found = completed(self._grammar, ids)
        return found is not None and found.tokens == ids and _is_clear_to_tex(tokens)

    def foreign(self, latex: str) -> list[str]:
        """Commands in a formula that are not in the shipped vocabulary: LaTeX may not have them."""
        return sorted(set(filter(_COMMAND.fullmatch, tokenize(latex))) - self._shipped)


def _is_measure(token: str) -> bool:
    """Whether it is a number with a unit."""
    return len(token) > 1 and is_length(token)


def _is_moderate(token: str) -> bool:
    """Whether it is no enormous length, and no end of what cannot stand in a formula."""
    if token[0] != "\\":
        return not _is_measure(token) or bool(_MODERATE.fullmatch(token))
    end = _ENDS.fullmatch(token)
    return not end or end[1] in _ENVIRONMENTS


def _is_clear_to_tex(tokens: Sequence[str]) -> bool:
    r"""Whether TeX sees the arguments as the parser does.

    It takes `\over` in an argument of `\frac` and some others for one of the fraction around it.
    The option of `\smash` is one of two letters, and a `subarray` has one column. For an accent
    over more than another accent, amsmath may ask for a shift that it has not set yet.
    """
    for i, token in enumerate(tokens):
        if token == r"\smash" and tokens[i + 1 : i + 2] == ["["]:
            return False
        if token == r"\begin{subarray}" and tokens[i + 3 : i + 4] != ["}"]:
            return False
        for start, end in _arguments(tokens, i):
            inside = tokens[start:end]
            is_braced = tokens[start - 1] == "{"
            if not is_braced and not (inside and (inside[0].isalnum() or inside[0] in _BARE)):
                return False
            if token in _NARROW and not _bears_accent(inside):
                return False
            if token not in _PLAIN and not _INFIX.isdisjoint(_outer(inside)):
                return False
    return True


def _bears_accent(tokens: Sequence[str]) -> bool:
    """Whether no accent is in there, or one over all of it, and so on; under a wide one none."""
    is_wide = False
    while tokens and tokens[0] in ACCENTS and not is_wide:
        is_wide = tokens[0] in _WIDE
        ((start, end),) = _arguments(tokens, 0)
        if end + (tokens[start - 1] == "{") != len(tokens):
            return False
        tokens = tokens[start:end]
    return ACCENTS.isdisjoint(tokens)


def _arguments(tokens: Sequence[str], i: int) -> Iterator[tuple[int, int]]:
    """Where the arguments of the token `i` begin and end, their braces not included."""
    token = tokens[i]
    wanted = 1 if token in ("^", "_", r"\mod") else num_arguments(token)
    at = after_option(tokens, i + 1) if token in WITH_OPTION else i + 1
    for _ in range(wanted):
        close = closing_brace(tokens, at) if tokens[at : at + 1] == ["{"] else None
        yield (at, at + 1) if close is None else (at + 1, close)
        at = (at if close is None else close) + 1


def _outer(tokens: Sequence[str]) -> Iterator[str]:
    """The tokens that are in no braces of their own."""
    depth = 0
    for token in tokens:
        depth += (token == "{") - (token == "}")
        if not depth:
            yield token
