"""From the tokens of a search to a formula: slips mended, what is open closed, columns added.

In: tokens, complete or cut. Out: a formula that parses, and which of its tokens were read. Knows no
search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from i2l_batch.grammar.grammar import Grammar
from i2l_batch.grammar.hindsight import Written, rewritten, with_argument
from i2l_batch.grammar.mending import mended
from i2l_batch.grammar.roles import Content, Kind
from i2l_batch.grammar.states import START, Place


class Completed(NamedTuple):
    """A formula."""

    tokens: tuple[int, ...]
    read: tuple[int | None, ...]
    """Of each, which of the tokens that were read it is; null if it was added."""


def completed(grammar: Grammar, tokens: Sequence[int]) -> Completed | None:
    """The formula that the tokens are, or begin; None if some can in no way be allowed."""
    # Hindsight may change what a later slip meets, so that it cannot be mended any more.
    found = _completed(grammar, tokens, hindsight=True)
    return found or _completed(grammar, tokens, hindsight=False)


def _completed(grammar: Grammar, tokens: Sequence[int], *, hindsight: bool) -> Completed | None:
    writer = _Writer(grammar)
    for i, token in enumerate(tokens):
        if token in grammar.allowed(writer.state.top):
            writer.write(token, i)
        elif (instead := mended(grammar, writer.state, token)) is None:
            return None
        elif hindsight and (better := rewritten(grammar, writer.written, writer.state, (token, i))):
            writer = _Writer.of(grammar, better)
        else:
            for k, other in enumerate(instead, 1):
                writer.write(other, i if k == len(instead) else None)
    if hindsight and (better := with_argument(grammar, writer.written, writer.state)):
        writer = _Writer.of(grammar, better)
    for token in grammar.ending(writer.state):
        writer.write(token, None)
    return writer.completed()


@dataclass
class _Environment:
    """One that is open."""

    column: int = -1
    """The last column in its list, if it has one; its place in the formula."""
    given: int = 0
    cells: int = 1
    """In this row so far."""
    most: int = 1
    """In any row."""


class _Writer:
    """A formula that is being written."""

    def __init__(self, grammar: Grammar) -> None:
        self.state = START
        self._grammar = grammar
        self.written: list[Written] = []
        """So far."""
        self._environments: list[_Environment] = []
        self._missing: list[tuple[int, int]] = []
        """Where columns are missing, and how many."""

    @classmethod
    def of(cls, grammar: Grammar, written: Sequence[Written]) -> _Writer:
        """One that has written that."""
        writer = cls(grammar)
        for token, read in written:
            writer.write(token, read)
        return writer

    def write(self, token: int, read: int | None) -> None:
        """One more token, which must be allowed."""
        role, top = self._grammar.roles[token], self.state.top
        if role.kind is Kind.BEGIN:
            self._environments.append(_Environment())
        elif self._environments and top.content is Content.COLUMNS and role.is_column:
            self._environments[-1].column = len(self.written)
            self._environments[-1].given += 1
        elif top.place is Place.ENVIRONMENT:
            self._in_environment(role.kind)
        self.written.append((token, read))
        self.state = self._grammar.step(self.state, token)

    def completed(self) -> Completed:
        """All of it, with enough columns for the cells of each row."""
        found = self.written
        for column, count in sorted(self._missing, reverse=True):
            added = [(found[column][0], None)] * count
            found = [*found[: column + 1], *added, *found[column + 1 :]]
        found = _bold_once(self._grammar, found)
        return Completed(tuple(t for t, _ in found), tuple(read for _, read in found))

    def _in_environment(self, kind: Kind) -> None:
        environment = self._environments[-1]
        if kind is Kind.CELL:
            environment.cells += 1
            environment.most = max(environment.most, environment.cells)
        elif kind is Kind.ROW:
            environment.cells = 1
        elif kind is Kind.END:
            self._environments.pop()
            if environment.given and environment.most > environment.given:
                self._missing.append((environment.column, environment.most - environment.given))


def _bold_once(grammar: Grammar, written: Sequence[Written]) -> list[Written]:
    """Without commands for bold symbols among what is bold already. TeX typesets the argument of
    each several times: nine in each other keep it busy for more than a minute."""
    found: list[Written] = []
    is_bold = [False]  # the formula, and each group that is open
    for token, read in written:
        if token in grammar.bold and is_bold[-1]:
            continue
        kind = grammar.roles[token].kind
        if kind is Kind.OPEN:
            is_bold.append(is_bold[-1] or (bool(found) and found[-1][0] in grammar.bold))
        elif kind is Kind.CLOSE:
            is_bold.pop()
        found.append((token, read))
    return found
