r"""The prefixes of valid LaTeX over a vocabulary, as states and steps between them.

In: token ids. Out: states, what each allows next, and the shortest way to end it. Knows no tensors
and no search.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from i2l_batch.grammar.following import may_follow
from i2l_batch.grammar.roles import Content, Kind, Role, roles
from i2l_batch.grammar.states import START, After, Frame, Place, State, advance
from i2l_batch.models.tokenizer import EOS, SPECIALS


class Grammar:
    """The grammar of a vocabulary."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._tokens = tuple(vocabulary)
        self.roles = roles(vocabulary)
        self._allowed: dict[Frame, frozenset[int]] = {}

    def __len__(self) -> int:
        return len(self._tokens)

    def allowed(self, frame: Frame) -> frozenset[int]:
        """Ids that may come next, that of the end of the sequence among them."""
        found = self._allowed.get(frame)
        if found is None:
            may = (
                i
                for i in range(len(SPECIALS), len(self))
                if may_follow(frame, self.roles[i], self._tokens[i])
            )
            may_end = frame.place is Place.FORMULA and frame.after is not After.CONTROL_SPACE
            found = frozenset([*may, EOS] if may_end else may)
            self._allowed[frame] = found
        return found

    def step(self, state: State, token: int) -> State:
        """The state after one more token, which must be allowed, and not the end."""
        return advance(state, self.roles[token], self._tokens[token])

    def replay(self, tokens: Iterable[int]) -> State | None:
        """The state after these tokens; None if some are not allowed."""
        state = START
        for token in tokens:
            if token == EOS or token not in self.allowed(state.top):
                return None
            state = self.step(state, token)
        return state

    def ending(self, state: State) -> list[int]:
        """The shortest way to a valid end from here, without the end itself."""
        tokens: list[int] = []
        while EOS not in self.allowed(state.top):
            tokens.append(self._closer(state.top))
            state = self.step(state, tokens[-1])
        return tokens

    def completed(self, tokens: Sequence[int]) -> tuple[int, ...]:
        """The tokens and the shortest way to a valid end; as they are if some are not allowed."""
        state = self.replay(tokens)
        return (*tokens, *(self.ending(state) if state else ()))

    def _closer(self, top: Frame) -> int:
        """A token that brings the end nearer."""

        def closes(role: Role) -> bool:
            """Whether it ends what is open, or pays what is owed."""
            if role.kind in (Kind.CLOSE, Kind.RIGHT, Kind.OPEN):
                return True
            if role.kind is Kind.END:
                return role.environment == top.environment
            wanted = {Place.DELIMITER: role.is_delimiter, Place.NEGATED: role.is_negatable}
            if top.content is Content.COLUMNS:
                return role.is_column
            return wanted.get(top.place, role.kind is Kind.LENGTH)

        if top.place is Place.OPTION:
            return self._tokens.index("]")
        closers = {
            i: self.roles[i].kind for i in sorted(self.allowed(top)) if closes(self.roles[i])
        }
        ends = [i for i, kind in closers.items() if kind in (Kind.CLOSE, Kind.RIGHT, Kind.END)]
        # A group is opened, to be closed at once, only where nothing else will do.
        others = sorted(closers, key=lambda i: closers[i] is Kind.OPEN)
        return (ends or others)[0]
