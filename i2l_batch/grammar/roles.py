r"""What each token of a vocabulary is to the grammar, found out by asking the parser.

In: tokens. Out: a `Role` for each. Which commands are known, which characters may stand in
`\text`, what may follow `\not` or `\big`: all of it is tried on math-core, so that the grammar
allows no more than the check of an answer does, whatever the vocabulary. Knows no states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from i2l_batch.latex import WITH_OPTION, is_length, is_valid, num_arguments
from i2l_batch.models.tokenizer import SPECIALS
from i2l_batch.visible import SIZES_OF_DELIMITERS


class Kind(Enum):
    """How a token changes what may follow."""

    NEVER = auto()
    """In no valid formula."""
    ATOM = auto()
    COMMAND = auto()
    """With arguments in braces."""
    OPEN = auto()
    CLOSE = auto()
    SCRIPT = auto()
    PRIME = auto()
    SIZED = auto()
    r"""A delimiter must follow: `\big`, `\middle`."""
    NOT = auto()
    LEFT = auto()
    RIGHT = auto()
    BEGIN = auto()
    END = auto()
    CELL = auto()
    ROW = auto()
    RULE = auto()
    LIMITS = auto()
    INFIX = auto()
    LENGTH = auto()


class Content(Enum):
    """What stands between the braces of an argument."""

    MATH = auto()
    ROWS = auto()
    r"""Mathematics with line breaks."""
    TEXT = auto()
    NAME = auto()
    LENGTH = auto()
    COLUMNS = auto()


_FIXED = {
    "{": Kind.OPEN,
    "}": Kind.CLOSE,
    **dict.fromkeys("_^", Kind.SCRIPT),
    "'": Kind.PRIME,
    "&": Kind.CELL,
    r"\\": Kind.ROW,
    r"\middle": Kind.SIZED,
    r"\not": Kind.NOT,
    r"\hline": Kind.RULE,
    **dict.fromkeys([r"\limits", r"\nolimits"], Kind.LIMITS),
    **dict.fromkeys(SIZES_OF_DELIMITERS, Kind.SIZED),
    **dict.fromkeys([r"\over", r"\atop", r"\choose", r"\brace", r"\brack"], Kind.INFIX),
}

_DELIMITERS = frozenset(
    r"""
    ( ) [ ] / | < > \{ \} \| \langle \rangle \lceil \rceil \lfloor \rfloor \lvert \rvert \lVert
    \rVert \vert \Vert \llbracket \rrbracket \llcorner \lrcorner \ulcorner \urcorner \lbrace
    \rbrace \lbrack \rbrack \lgroup \rgroup \backslash \uparrow \downarrow \updownarrow \Uparrow
    \Downarrow \Updownarrow
    """.split()
)
"""Those of TeX; the parser also takes other arrows."""

_TRIALS = {Content.TEXT: r"\text {{ a {} a }}", Content.NAME: r"\operatorname {{ a {} a }}"}
"""What tells whether a token may stand in a content."""

_MOST_CELLS = {"cases": 2, "gathered": 1, "subarray": 1} | dict.fromkeys(
    (f"{letter}matrix" for letter in ("", *"pbBvV")), 10
)
"""Most cells of a row where LaTeX has a limit; that of `array` is in its argument."""

UNLIMITED = 1 << 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """A token as the grammar sees it."""

    kind: Kind
    arguments: tuple[Content, ...] = ()
    option: bool = False
    """`[ ... ]` may come before the arguments."""
    environment: str = ""
    """That it begins or ends."""
    most_cells: int = UNLIMITED
    """Of a row of the environment; 0: its first argument says so."""
    has_rules: bool = False
    r"""`\hline` may stand in the environment."""
    inside: frozenset[Content] = frozenset()
    """Contents other than mathematics in which it may stand."""
    is_bare: bool = False
    """It may be an argument without braces."""
    is_column: bool = False
    is_delimiter: bool = False
    is_negatable: bool = False
    fits_option: bool = True
    takes_limits: bool = False
    is_transparent: bool = False
    r"""The group around it sees the inside of its argument: `\pmod`."""
    must_not_be_last: bool = False
    """A control space at the very end would be a lone backslash."""


NEVER = Role(kind=Kind.NEVER)


def roles(vocabulary: Sequence[str]) -> list[Role]:
    """The role of each token; where what must close it is missing, it is never allowed."""
    known = frozenset(vocabulary)
    # Behind some commands a bracket begins an option.
    never = {*SPECIALS} if "]" in known else {*SPECIALS, "["}
    found = [NEVER if token in never else _role(token) for token in vocabulary]
    braces = "{" in known and "}" in known
    closers = {role.environment for role in found if role.kind is Kind.END}
    right = any(role.kind is Kind.RIGHT for role in found)

    def completable(role: Role) -> bool:
        """Whether what it begins can be ended."""
        if role.kind is Kind.BEGIN:
            columns = any(other.is_column for other in found)
            return role.environment in closers and (bool(role.most_cells) or (braces and columns))
        if role.kind is Kind.SIZED:
            return any(other.is_delimiter for other in found)
        if role.kind is Kind.NOT:
            return any(other.is_negatable for other in found)
        if Content.LENGTH in role.arguments and not any(o.kind is Kind.LENGTH for o in found):
            return False
        if role.kind in (Kind.COMMAND, Kind.SCRIPT, Kind.OPEN) or role.must_not_be_last:
            return braces
        return right if role.kind is Kind.LEFT else True

    return [role if completable(role) else NEVER for role in found]


def _role(token: str) -> Role:
    kind = _FIXED.get(token)
    if kind in (Kind.SIZED, Kind.NOT, Kind.INFIX) and not any(
        is_valid(f"x {token} {after} x") for after in ("(", "=", "")
    ):
        return NEVER
    if kind is not None:
        return Role(kind=kind)
    if token.startswith((r"\begin{", r"\end{")):
        return _environment(token)
    if token.startswith(r"\left") and is_valid(rf"{token} x \right."):
        return Role(kind=Kind.LEFT)
    if token.startswith(r"\right") and is_valid(rf"\left. x {token}"):
        return Role(kind=Kind.RIGHT)
    if is_length(token) and len(token) > 1:
        fits = is_valid(rf"\hspace {{ {token} }}")
        return Role(kind=Kind.LENGTH) if fits else NEVER
    if arguments := _arguments(token):
        fraction = f"{token} " + r"{ x \over x } " * len(arguments)
        return Role(
            kind=Kind.COMMAND,
            arguments=arguments,
            option=token in WITH_OPTION,
            is_transparent=is_valid(fraction) and not is_valid(rf"x \over {fraction}"),
        )
    if not is_valid(f"{{ x {token} x }}"):  # a comment would hide the brace
        return NEVER
    return Role(
        kind=Kind.ATOM,
        inside=frozenset(c for c, trial in _TRIALS.items() if is_valid(trial.format(token))),
        is_bare=is_valid(rf"x ^ {token} \frac {token} {token}"),
        is_column=token in ("c", "l", "r"),
        is_delimiter=token in _DELIMITERS and is_valid(rf"\big {token} x"),
        # With a script too: `\not \ln` parses, `\not \ln _ { x }` does not.
        is_negatable=is_valid(rf"\not {token} x") and is_valid(rf"\not {token} _ {{ x }}"),
        fits_option=is_valid(rf"\sqrt [ {token} x ] x"),
        takes_limits=is_valid(rf"{token} \limits _ {{ x }}"),
        must_not_be_last=not is_valid(token),
    )


def _environment(token: str) -> Role:
    name = token[token.index("{") + 1 : -1]
    columns = "{ c }" if num_arguments(rf"\begin{{{name}}}") else ""

    def fits(cells: str) -> bool:
        return is_valid(rf"\begin{{{name}}} {columns} {cells} \end{{{name}}}")

    if not fits("x"):
        return NEVER
    if token.startswith(r"\end"):
        return Role(kind=Kind.END, environment=name)
    most = 0 if columns else _MOST_CELLS.get(name, UNLIMITED)
    if not columns and not fits("x & x"):
        most = 1
    rules = fits(r"\hline x \\ \hline")
    return Role(kind=Kind.BEGIN, environment=name, most_cells=most, has_rules=rules)


def _arguments(token: str) -> tuple[Content, ...]:
    """What the arguments of a command hold; empty for what takes none."""
    count = num_arguments(token)
    if not count:
        # Unknown to our tables: as many as the parser wants, if it does not do without.
        if not token[1:].isalpha() or is_valid(f"x {token} x"):
            return ()
        tries = (n for n in range(1, 5) if is_valid(f"{token} {'{ } ' * n}"))
        return (Content.MATH,) * next(tries, 0)
    if count == 1 and is_valid(rf"\begin{{aligned}} {{ {token} {{ a \\ a }} }} \end{{aligned}}"):
        return (Content.ROWS,)
    if is_valid(f"{token} {'{ _ { a } } ' * count}"):
        return (Content.MATH,) * count
    if is_valid(f"{token} {{ 1mm }}") and not is_valid(f"{token} {{ a }}"):
        return (Content.LENGTH,)
    if not is_valid(f"{token} {{ a }}"):
        return ()
    return (Content.NAME if token.startswith(r"\operatorname") else Content.TEXT,)
