r"""How rows that were read one by one stand in an `aligned` or a `gathered`.

In: the tokens of each row, and where it is. Out: the tokens of the whole, each with what it was in
its row. What is aligned with what is guessed from how rows begin, and where.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from i2l_batch.latex import is_valid

RELATIONS = frozenset(
    r"""= < > : \le \leq \leqslant \ge \geq \geqslant \ne \neq \equiv \approx \simeq \cong \sim
    \propto \in \ni \subset \subseteq \supset \supseteq \to \rightarrow \leftarrow \mapsto
    \longrightarrow \Rightarrow \Leftarrow \Leftrightarrow \Longrightarrow \iff \implies \ll \gg
    \lesssim \gtrsim \prec \succ \preceq \succeq \vdash \models \doteq \triangleq""".split()
)
"""What columns are aligned at."""

_OPERATORS = frozenset(r"+ - \pm \mp \times \cdot \otimes \oplus \wedge \circ \cup \cap".split())
"""A row that begins so goes on with the one above."""

_NEAR = 0.6
"""Body sizes by which a row may begin before what it is aligned with."""

_CENTRED, _RAGGED = 0.3, 1.0
"""Body sizes by which centres of rows may differ, and left ends must, if they are centred."""

_LEFT, _RIGHT = re.compile(r"\\left(?![a-zA-Z])"), re.compile(r"\\right(?![a-zA-Z])")
_OPENERS, _CLOSERS = frozenset(["{", "(", "[", r"\{"]), frozenset(["}", ")", "]", r"\}"])


class RowTokens(NamedTuple):
    """What was read in a row, and where it is, in body sizes of its text."""

    tokens: tuple[str, ...]
    left: float
    right: float


class Token(NamedTuple):
    """One of the whole."""

    text: str
    origin: tuple[int, int] | None
    """The row, and which of its tokens; null for what holds rows together."""


def arrange(rows: Sequence[RowTokens]) -> list[Token]:
    """The whole: valid if the rows are."""
    if _is_centred(rows):
        return _environment("gathered", rows, [None] * len(rows))
    found = _environment("aligned", rows, _marks(rows))
    # A row may have cells of its own.
    fits = is_valid(" ".join(token.text for token in found))
    return found if fits else _environment("gathered", rows, [None] * len(rows))


def _environment(name: str, rows: Sequence[RowTokens], marks: Sequence[int | None]) -> list[Token]:
    """The rows in an environment, each with `&` before one of its tokens or without."""
    found = [Token(rf"\begin{{{name}}}", None)]
    for i, (row, mark) in enumerate(zip(rows, marks, strict=True)):
        if i:
            found.append(Token(r"\\", None))
        for k, text in enumerate(row.tokens):
            if k == mark:
                found.append(Token("&", None))
            # Behind the end of a row both would be an option of it.
            is_option = text in ("[", "*") and not k and mark != 0
            token = Token(text, (i, k))
            found += [Token("{", None), token, Token("}", None)] if is_option else [token]
    return [*found, Token(rf"\end{{{name}}}", None)]


def _is_centred(rows: Sequence[RowTokens]) -> bool:
    centres = [(row.left + row.right) / 2 for row in rows]
    lefts = [row.left for row in rows]
    is_ragged = max(lefts) - min(lefts) > _RAGGED
    return is_ragged and max(centres) - min(centres) < _CENTRED


def _marks(rows: Sequence[RowTokens]) -> list[int]:
    """Before which of its tokens each row has its `&`."""
    heads = [row.tokens[0] if row.tokens else "" for row in rows]
    lefts = [row.left for row in rows]
    aligned = [left for head, left in zip(heads, lefts, strict=True) if head in RELATIONS]
    aligned = aligned or [x for head, x in zip(heads, lefts, strict=True) if head in _OPERATORS]
    return [
        0
        if head in RELATIONS | _OPERATORS or (aligned and row.left > min(aligned) - _NEAR)
        else _first_relation(row.tokens)
        for head, row in zip(heads, rows, strict=True)
    ]


def _first_relation(tokens: Sequence[str]) -> int:
    """The first relation that is in no brackets; 0 if there is none."""
    depth = 0
    for i, token in enumerate(tokens):
        if token in _OPENERS or _LEFT.match(token) or token.startswith(r"\begin{"):
            depth += 1
        elif token in _CLOSERS or _RIGHT.match(token) or token.startswith(r"\end{"):
            depth = max(depth - 1, 0)
        elif not depth and token in RELATIONS:
            return i
    return 0
