r"""The prefixes of valid LaTeX over a vocabulary, as states and steps between them.

In: token ids. Out: states, what each allows next, and the shortest way to end it. Knows no tensors
and no search.
"""

from __future__ import annotations

from collections.abc import Sequence

from i2l_batch.grammar.following import may_follow
from i2l_batch.grammar.loops import find_loop
from i2l_batch.grammar.roles import Content, Kind, Role, roles
from i2l_batch.grammar.states import After, Frame, Place, State, advance
from i2l_batch.models.tokenizer import EOS, PAD, SPECIALS
from i2l_batch.visible import BOLD, drawn


class Grammar:
    """The grammar of a vocabulary."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._tokens = tuple(vocabulary)
        self.roles = roles(vocabulary)
        self._ids = {token: i for i, token in enumerate(vocabulary)}
        self._allowed: dict[Frame, frozenset[int]] = {}
        self.braces = tuple(self._ids[brace] for brace in "{}" if brace in self._ids)
        """Ids of both, if the vocabulary has them."""
        self.superscript = self._ids.get("^")
        self.bold = frozenset(self._ids[token] for token in BOLD & self._ids.keys())
        """Ids of the commands for bold symbols."""
        silent = (i >= len(SPECIALS) and not drawn([t]) for i, t in enumerate(vocabulary))
        self.faces = tuple(PAD if is_silent else i for i, is_silent in enumerate(silent))
        """Each id as loops are looked for: all that draw nothing are the same one. A decoder that
        is stuck adds empty cells, blanks and braces without end, now these and now those."""

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

    def ending(self, state: State) -> list[int]:
        """The shortest way to a valid end from here, without the end itself."""
        tokens: list[int] = []
        while EOS not in self.allowed(state.top):
            tokens.append(min(self.closing(state.top)))
            state = self.step(state, tokens[-1])
        return tokens

    def closing(self, frame: Frame) -> frozenset[int]:
        """Ids that bring the end nearer: what ends the innermost open thing or pays what is owed.

        Where the end itself may come, that alone.
        """
        allowed = self.allowed(frame)
        if EOS in allowed:
            return frozenset([EOS])
        if frame.place is Place.OPTION:
            return frozenset([self._ids["]"]])
        kinds = {i: self.roles[i].kind for i in allowed if _closes(self.roles[i], frame)}
        if (null := self._ids.get(r"\right.")) in kinds:  # what can be seen is not ours to add
            return frozenset([null])
        # A group is opened, to be closed at once, only where nothing else will do.
        by_kind = (_ENDS, set(Kind) - _ENDS - {Kind.OPEN}, {Kind.OPEN})
        found = ([i for i, kind in kinds.items() if kind in wanted] for wanted in by_kind)
        return frozenset(next(filter(None, found)))

    def loop(self, tokens: Sequence[int]) -> tuple[int, int] | None:
        """As `loops.find_loop`, by what the tokens draw."""
        return find_loop([self.faces[token] for token in tokens])

    def one_turn(self, tokens: Sequence[int]) -> Sequence[int]:
        """The tokens up to the first loop, of which one turn."""
        if loop := self.loop(tokens):
            start, period = loop
            return tokens[: start + period]
        return tokens

    def bare_delimiter(self, token: int) -> int | None:
        r"""The delimiter of a `\right`, if it is one by itself and in the vocabulary."""
        found = self._ids.get(self._tokens[token].removeprefix(r"\right"))
        return found if found is not None and self.roles[found].is_delimiter else None


_ENDS = {Kind.CLOSE, Kind.RIGHT, Kind.END}


def _closes(role: Role, frame: Frame) -> bool:
    """Whether it ends what is open, or pays what is owed."""
    if role.kind in (Kind.CLOSE, Kind.RIGHT, Kind.OPEN):
        return True
    if role.kind is Kind.END:
        return role.environment == frame.environment
    if frame.content is Content.COLUMNS:
        return role.is_column
    wanted = {Place.DELIMITER: role.is_delimiter, Place.NEGATED: role.is_negatable}
    return wanted.get(frame.place, role.kind is Kind.LENGTH)
