r"""What the user looks for, as tokens and wildcards.

In: a pattern as typed, such as `x^2` or `\frac ? { 2 * }`. Out: one or two spellings of it: as it
was typed, and as the model spells it. Knows nothing of the formulas that it is held against.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TypeAlias

from i2l_batch.errors import UsageError
from i2l_batch.latex import tokenize
from i2l_batch.search.spelling import as_stored

MOST_WILDCARDS = 20
"""Each makes a search a little slower, and many in a row a lot."""


class Wild(Enum):
    """What stands for tokens that are not told."""

    ONE = "?"
    """A symbol, or a group in braces."""
    RUN = "*"
    """Any number of tokens (none, too) in which braces match."""


Element: TypeAlias = "str | Wild"
Spelling: TypeAlias = tuple[Element, ...]
"""Without a `RUN` at either end, where it would say nothing: `*` alone is `()`."""

_TYPED: dict[str, Element] = {"?": Wild.ONE, "*": Wild.RUN, r"\?": "?", r"\*": "*"}
# Taken for letters; of a script in which nobody writes formulas (Linear B).
_ONE, _ONE_IN_BRACES, _RUN, _START, _END = "\U00010000\U00010001\U00010002\U00010003\U00010004"
_STAND_INS: dict[str, Element] = {_ONE: Wild.ONE, _ONE_IN_BRACES: Wild.ONE, _RUN: Wild.RUN}


def parse_pattern(text: str) -> list[Spelling]:
    r"""The spellings of a pattern; a formula that has one of them somewhere is found.

    `?` is a symbol or a group, `*` a run of tokens; `\?` and `\*` are the characters. The second
    spelling is that of the model (`x ^ { 2 }` for `x^2`, `\leq` for `\le`). The first one is kept
    beside it: `{ 2 } { 3 }`, out of a fraction, is `2 3` when it stands alone.

    Raises UsageError for a pattern that is empty, closes a brace that it does not open, or has too
    many wildcards.
    """
    typed = [_TYPED.get(token, token) for token in tokenize(text)]
    if not typed:
        raise UsageError(r"the pattern is empty: give LaTeX such as '\int _ { 0 }'")
    _refuse_loose_braces(typed)
    wild = sum(isinstance(element, Wild) for element in typed)
    if wild > MOST_WILDCARDS:
        raise UsageError(
            f"the pattern has {wild} wildcards, and {MOST_WILDCARDS} are possible:"
            r" write \? and \* for the characters"
        )
    return list(dict.fromkeys(_stripped(each) for each in (typed, _as_stored(typed))))


def _refuse_loose_braces(elements: Sequence[Element]) -> None:
    depth = 0
    for number, element in enumerate(elements, start=1):
        depth += (element == "{") - (element == "}")
        if depth < 0:
            raise UsageError(
                f"token {number} of the pattern closes a brace that it does not open:"
                r" begin before the brace, or write \} for the character"
            )


def _as_stored(elements: Sequence[Element]) -> list[Element]:
    """The pattern in the spelling of the model, as if something stood before and after the pattern.

    Otherwise spaces at the ends, which count in the middle of a formula, would go. Where the last
    token takes what follows as its argument, nothing follows.
    """
    tokens = [_stand_in(elements, number) for number in range(len(elements))]
    spelled = as_stored([_START, *tokens, _END])
    if spelled[:1] == [_START] and spelled[-1:] == [_END]:
        spelled = spelled[1:-1]
    else:
        spelled = as_stored(tokens)
    result: list[str] = []
    for token in spelled:
        if token == "}" and result[-2:] == ["{", _ONE]:
            result[-2:] = [_ONE]  # `x ^ ?` got braces, but finds `x ^ { y z }`, too
        else:
            result.append(token)
    return [_STAND_INS.get(token, token) for token in result]


def _stand_in(elements: Sequence[Element], number: int) -> str:
    element = elements[number]
    if isinstance(element, str):
        return element
    if element is Wild.RUN:
        return _RUN
    around = (*elements[max(number - 1, 0) : number], *elements[number + 1 : number + 2])
    return _ONE_IN_BRACES if around == ("{", "}") else _ONE


def _stripped(elements: Sequence[Element]) -> Spelling:
    """Without runs at the ends, and of several runs in a row one."""
    kept: list[Element] = []
    for element in elements:
        if element is not Wild.RUN or (kept and kept[-1] is not Wild.RUN):
            kept.append(element)
    return tuple(kept[:-1] if kept[-1:] == [Wild.RUN] else kept)
