"""What is open in a formula that is still being written, and what each token makes of it.

In: a state, a token's role. Out: the next state. A state is a stack: groups, `\\left`s,
environments, arguments that are still owed. Knows nothing of what is allowed.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from i2l_batch.grammar.roles import UNLIMITED, Content, Kind, Role


class Place(Enum):
    """What the innermost open thing is."""

    FORMULA = auto()
    GROUP = auto()
    SCRIPT = auto()
    """What is above or below must come: a group, a symbol, or a command with its arguments."""
    ARGUMENT = auto()
    """A group or a symbol must come."""
    OPTION_OR_ARGUMENT = auto()
    """The same, or a bracket."""
    OPTION = auto()
    LEFT = auto()
    ENVIRONMENT = auto()
    DELIMITER = auto()
    r"""Something that `\big` makes larger must come."""
    NEGATED = auto()
    r"""Something that `\not` strikes out must come."""


OWED = (
    Place.SCRIPT,
    Place.ARGUMENT,
    Place.OPTION_OR_ARGUMENT,
    Place.DELIMITER,
    Place.NEGATED,
)


FREE_CELLS = 2
"""Of a row that may be wider than its columns: the first may be empty. That all may be would let a
model that has lost its way in a matrix add empty ones for ever."""


class After(Enum):
    """What came just before, where that matters."""

    START = auto()
    OPERATOR = auto()
    ROW = auto()
    CELL = auto()
    RULE = auto()
    CONTROL_SPACE = auto()
    OTHER = auto()


class Frame(NamedTuple):
    """The innermost open thing: all that decides what may come next."""

    place: Place = Place.FORMULA
    content: Content = Content.MATH
    after: After = After.START
    scripts: frozenset[str] = frozenset()
    """Those that the last atom has."""
    is_split: bool = False
    r"""By `\atop` or the like, of which a group has one, or the group around it may have it."""
    environment: str = ""
    cells: int = 0
    """That a row may still have, this one too; in a list of columns, or in place of a length, those
    given."""
    most_cells: int = 0
    """That a row may have."""
    may_widen: bool = False
    """A row may have more if there is something in them: columns can be added."""
    has_rules: bool = False


class State(NamedTuple):
    """A stack of what is open."""

    top: Frame
    below: State | None


START = State(Frame(), None)


def advance(state: State, role: Role, text: str) -> State:
    """The state after one more token, which must be allowed, and not the end."""
    top, below = state
    if top.place in OWED:
        return _paid(state, role, text)
    if role.kind in (Kind.CLOSE, Kind.RIGHT, Kind.END) or (
        top.place is Place.OPTION and text == "]"
    ):
        return _closed(state)
    if top.content in (Content.COLUMNS, Content.LENGTH):
        counts = role.is_column or role.kind is Kind.LENGTH
        return State(top._replace(cells=top.cells + counts), below)
    return _within(state, role, text)


def _within(state: State, role: Role, text: str) -> State:
    """After a token that leaves what is open open."""
    top, below = state
    other = top._replace(after=After.OTHER, scripts=frozenset())
    match role.kind:
        case Kind.SCRIPT:
            marked = other._replace(scripts=top.scripts | {text})
            return State(Frame(place=Place.SCRIPT), State(marked, below))
        case Kind.PRIME:
            return State(other._replace(scripts=top.scripts | {"^"}), below)
        case Kind.CELL:
            return State(_next_cell(other), below)
        case Kind.ROW:
            is_split = top.is_split and top.place is not Place.ENVIRONMENT
            new = other._replace(after=After.ROW, cells=top.most_cells, is_split=is_split)
            return State(new, below)
        case Kind.RULE:
            return State(other._replace(after=After.RULE), below)
        case Kind.LIMITS:
            return state
        case Kind.INFIX:
            return State(other._replace(is_split=True), below)
        case Kind.OPEN:
            content = Content.MATH if top.content is Content.ROWS else top.content
            return State(Frame(place=Place.GROUP, content=content), State(other, below))
        case Kind.LEFT:
            return State(Frame(place=Place.LEFT), State(other, below))
        case Kind.SIZED:
            return State(Frame(place=Place.DELIMITER), State(other, below))
        case Kind.NOT:
            return State(Frame(place=Place.NEGATED), State(other, below))
        case Kind.BEGIN:
            return _begun(role, State(other, below))
        case Kind.COMMAND:
            return _commanded(role, State(other, below))
        case _:
            after = After.OPERATOR if role.takes_limits else After.OTHER
            if role.must_not_be_last:
                after = After.CONTROL_SPACE
            return State(other._replace(after=after), below)


def _next_cell(top: Frame) -> Frame:
    """In the next cell of a row, which may be the one with which the environment widens."""
    left, most = top.cells - 1, top.most_cells
    if top.cells == UNLIMITED:
        left = UNLIMITED
    elif not left:
        left, most = 1, most + 1
    return top._replace(after=After.CELL, cells=left, most_cells=most, is_split=False)


def _begun(role: Role, outer: State) -> State:
    """In a new environment, or first in its list of columns."""
    inner = Frame(
        place=Place.ENVIRONMENT,
        environment=role.environment,
        cells=role.most_cells,
        most_cells=role.most_cells,
        has_rules=role.has_rules,
    )
    if role.most_cells:
        return State(inner, outer)
    return State(Frame(place=Place.ARGUMENT, content=Content.COLUMNS), State(inner, outer))


def _commanded(role: Role, state: State) -> State:
    """With the arguments of a command owed, the first on top."""
    for content in reversed(role.arguments[1:]):
        state = State(Frame(Place.ARGUMENT, content, is_split=role.is_transparent), state)
    place = Place.OPTION_OR_ARGUMENT if role.option else Place.ARGUMENT
    return State(Frame(place, role.arguments[0], is_split=role.is_transparent), state)


def _paid(state: State, role: Role, text: str) -> State:
    """After the first token of what was owed."""
    top, below = state
    assert below is not None
    if top.place in (Place.DELIMITER, Place.NEGATED):
        return below
    if role.kind is Kind.OPEN:
        return State(Frame(Place.GROUP, top.content, is_split=top.is_split), below)
    if role.kind is Kind.COMMAND:
        return _commanded(role, below)
    if top.place is Place.OPTION_OR_ARGUMENT and text == "[":
        owed = State(Frame(place=Place.ARGUMENT, content=top.content), below)
        return State(Frame(place=Place.OPTION), owed)
    return below


def _closed(state: State) -> State:
    r"""After `}`, `\right`, `\end`, or the bracket behind an option."""
    top, below = state
    assert below is not None
    if top.content is Content.COLUMNS:
        # More cells than columns are no matter: columns can be added to all but a `subarray`.
        may_widen = below.top.environment != "subarray"
        cells = max(top.cells, FREE_CELLS) if may_widen else top.cells
        inner = below.top._replace(cells=cells, most_cells=cells, may_widen=may_widen)
        return State(inner, below.below)
    return below
