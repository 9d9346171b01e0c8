r"""What should have been written before, in the light of what came then.

In: a formula so far, a token that must not come. Out: the formula with it, changed where the model
has most likely gone wrong before:

- a brace that closes nothing says that one before it came too soon;
- an argument that is missing at the end says that a group before was meant to be it;
- in `^ a _ b ^ c`, b and c are above each other, behind a: in canonical LaTeX what is below comes
  first;
- a change of the alphabet in `\operatorname` says that this was no operator.

Of 8,475 greedy answers to im2latex-100k's validation images 314 have slips, and 115 are changed by
this. Knows no search.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from i2l_batch.grammar.grammar import Grammar
from i2l_batch.grammar.roles import Kind
from i2l_batch.grammar.states import START, Frame, Place, State

Written = tuple[int, int | None]
"""A token, and which of those that were read it is; null if it was added."""


def rewritten(
    grammar: Grammar, written: Sequence[Written], state: State, token: Written
) -> list[Written] | None:
    """The formula, which ends in a state that does not allow a token, with that at its end; None
    if nothing before it should be another."""
    ways: Iterable[Sequence[Written]] = ()
    match grammar.roles[token[0]].kind:
        case Kind.CLOSE if all(frame.place is not Place.GROUP for frame in _open(state)):
            ways = _without_a_brace(grammar, written)
        case Kind.SCRIPT if token[0] == grammar.superscript:
            ways = _with_a_base(grammar, written)
        case Kind.COMMAND:
            ways = _without_a_command(grammar, written)
        case _:
            pass
    return next((found for way in ways if _state(grammar, found := [*way, token])), None)


def with_argument(
    grammar: Grammar, written: Sequence[Written], state: State
) -> list[Written] | None:
    """The formula, which ends in a state, with a brace before the group that was meant to be the
    argument that is missing there; None if none is missing, or there is no such group."""
    if not _lacks_arguments(grammar, state):
        return None
    for i in _idle_groups(grammar, written):
        found = [*written[:i], (grammar.braces[1], None), *written[i:]]
        after = _state(grammar, found)
        if after and not _lacks_arguments(grammar, after):
            return found
    return None


def _without_a_brace(grammar: Grammar, written: Sequence[Written]) -> Iterator[Sequence[Written]]:
    """Without the last brace behind another, where it is easy to lose count, or the last of all."""
    closing = list(_at_this_level(grammar, written, Kind.CLOSE))
    runs = [i for i in closing if i and grammar.roles[written[i - 1][0]].kind is Kind.CLOSE]
    for i in (*runs[:1], *closing[:1]):
        yield [*written[:i], *written[i + 1 :]]


def _with_a_base(grammar: Grammar, written: Sequence[Written]) -> Iterator[Sequence[Written]]:
    """With an empty base for the last subscript."""
    i = next(_at_this_level(grammar, written, Kind.SCRIPT), None)
    if i is not None and written[i][0] != grammar.superscript:
        yield [*written[:i], *((brace, None) for brace in grammar.braces), *written[i:]]


def _without_a_command(grammar: Grammar, written: Sequence[Written]) -> Iterator[Sequence[Written]]:
    """Without the command of an argument that has only been opened."""
    kinds = [grammar.roles[token].kind for token, _ in written[-2:]]
    if kinds == [Kind.COMMAND, Kind.OPEN]:
        yield [*written[:-2], written[-1]]


def _lacks_arguments(grammar: Grammar, state: State) -> bool:
    """Whether groups must be added at the end."""
    return not set(grammar.braces[:1]).isdisjoint(grammar.ending(state))


def _idle_groups(grammar: Grammar, written: Sequence[Written]) -> Iterator[int]:
    """Where a group opens in a group, is no argument, and has something before it."""
    ids = [token for token, _ in written]
    for i, state in enumerate(_states(grammar, written[:-1])):
        opens = ids[i] == grammar.braces[0] != ids[i - 1]
        if opens and state.top.place is Place.GROUP:
            yield i


def _at_this_level(grammar: Grammar, written: Sequence[Written], kind: Kind) -> Iterator[int]:
    """Where a token of a kind is, in what is open at the end; the last first."""
    depths = [sum(1 for _ in _open(state)) for state in _states(grammar, written)]
    for i in reversed(range(len(written))):
        if depths[i + 1] < depths[-1]:
            return
        if min(depths[i : i + 2]) == depths[-1] and grammar.roles[written[i][0]].kind is kind:
            yield i


def _open(state: State | None) -> Iterator[Frame]:
    """All that is open, the innermost first."""
    while state:
        yield state.top
        state = state.below


def _states(grammar: Grammar, written: Iterable[Written]) -> Iterator[State]:
    """Before the first token, and after each, as long as they are allowed."""
    state = START
    yield state
    for token, _ in written:
        if token not in grammar.allowed(state.top):
            return
        state = grammar.step(state, token)
        yield state


def _state(grammar: Grammar, written: Sequence[Written]) -> State | None:
    """At the end; None if it is not allowed."""
    states = list(_states(grammar, written))
    return states[-1] if len(states) > len(written) else None
