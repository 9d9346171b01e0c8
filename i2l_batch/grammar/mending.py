r"""What to write where a token is sure to have been meant, and must not come.

In: a state of the grammar, a token that it does not allow. Out: what is allowed and says the same.
A reader of formulas makes the slips of an author: a brace that closes nothing, a `\left` that is
never closed, a second superscript. What comes after such a slip is mostly right, if only the slip
may happen. Knows nothing of who is sure.
"""

from __future__ import annotations

from i2l_batch.grammar.grammar import Grammar
from i2l_batch.grammar.roles import Content, Kind
from i2l_batch.grammar.states import OWED, Place, State


def mended(grammar: Grammar, state: State, token: int) -> tuple[int, ...] | None:
    r"""What to write for a token that is not allowed; nothing where it is left out.

    What closes something, or goes on to another cell, also closes all that was opened later. `\end`
    ends whatever environment is open; a `\right` without its `\left` is the delimiter alone. Any
    other closer of what is not open is left out. A second script begins a new, empty base. Where
    there is only text, a group begins for what is none. None if there is no such way.
    """
    match grammar.roles[token].kind:
        case Kind.CLOSE | Kind.RIGHT | Kind.END:
            return _closer(grammar, state, token)
        case Kind.ROW | Kind.CELL:
            return _closer(grammar, state, token) or None
        case Kind.SCRIPT | Kind.PRIME if state.top.content is Content.MATH:
            return _second_script(grammar, state, token)
        case Kind.COMMAND | Kind.ATOM | Kind.SCRIPT | Kind.PRIME:
            return _end_of_text(grammar, state, token)
        case _:
            return None


def _closer(grammar: Grammar, state: State, token: int) -> tuple[int, ...]:
    kind = grammar.roles[token].kind
    written: list[int] = []
    outer: State | None = state
    while outer is not None and outer.below is not None:
        if token in grammar.allowed(outer.top):
            return (*written, token)
        written.append(min(grammar.closing(outer.top)))
        if kind is Kind.END and outer.top.place is Place.ENVIRONMENT:
            return tuple(written)
        outer = grammar.step(outer, written[-1])
    delimiter = grammar.bare_delimiter(token)
    is_free = state.top.place not in OWED and state.top.content is Content.MATH
    return () if delimiter is None or not is_free else (delimiter,)


def _second_script(grammar: Grammar, state: State, token: int) -> tuple[int, ...] | None:
    if state.top.place in OWED:
        return None
    return _behind(grammar, state, grammar.braces, token)


def _end_of_text(grammar: Grammar, state: State, token: int) -> tuple[int, ...] | None:
    if state.top.place is not Place.GROUP or state.top.content not in (Content.TEXT, Content.NAME):
        return None
    return _behind(grammar, state, grammar.braces[::-1], token)


def _behind(
    grammar: Grammar, state: State, braces: tuple[int, ...], token: int
) -> tuple[int, ...] | None:
    """Both braces and a token, if they are allowed."""
    for brace in braces:
        if brace not in grammar.allowed(state.top):
            return None
        state = grammar.step(state, brace)
    return (*braces, token) if braces and token in grammar.allowed(state.top) else None
