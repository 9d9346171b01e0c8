r"""Reads tokens as LaTeX does: groups, arguments, and what reaches to the end of a group.

In: tokens, and for each command that is more than a symbol the function that prints it. Out: the
tokens as printed. The tree is never stored: each branch is printed into the list of its parent as
soon as it is read, which is what makes this fast. Knows no command by name but for brackets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from i2l_batch.errors import FormulaError
from i2l_batch.train.dataset.spelling import TEXT_SPACE

MAX_DEPTH = 100
"""Sequences and arguments within each other, about twice the braces. TeX allows 255 groups; this
keeps the reader's own calls far from Python's limit of 1000."""

Ends = frozenset[str]
NO_ENDS: Ends = frozenset()
Handler = Callable[["Reader", str, list[str]], None]
"""Prints a command and what belongs to it into the list; the token given is read."""

_STOPS = frozenset(["}", ""])
# The tokens that hold an environment's name or a delimiter; the group holds what opens.
_COMPOUND = re.compile(r"(\\left|\\begin|\\right|\\end)(?![A-Za-z])").match


class Reader:
    """The tokens of a formula and how far they are read."""

    def __init__(self, tokens: Sequence[str], handlers: Mapping[str, Handler]) -> None:
        self.tokens = [*tokens, ""]
        self.handlers = handlers
        self.at = 0
        self.depth = 0
        self.ends = NO_ENDS  # of the sequence that is being read
        self.scripted: list[str] | None = None  # where scripts were printed last, and how far
        self.scripted_to = 0

    @property
    def next(self) -> str:
        """The token to be read next; empty at the end."""
        return self.tokens[self.at]

    def sequence(self, ends: Ends) -> list[str]:
        r"""What comes up to `}`, `\right`, `\end`, the last token, or one of `ends`, not read."""
        self.deepen()
        outer, self.ends = self.ends, ends
        tokens, handlers = self.tokens, self.handlers
        result: list[str] = []
        while (token := tokens[self.at]) not in _STOPS and token not in ends:
            handler = handlers.get(token)
            if handler is None and len(token) > 4 and (compound := _COMPOUND(token)):
                if compound[1] in (r"\right", r"\end"):
                    break
                handler = handlers[compound[1]]
            self.at += 1
            if handler is None:
                result.append(token)
            else:
                handler(self, token, result)
        self.depth -= 1
        self.ends = outer
        return result

    def argument(self) -> list[str]:
        """A group's contents, or the one symbol or command that stands in its place."""
        self.deepen()
        while (token := self.next) == TEXT_SPACE:
            self.at += 1
        handler = self.handlers.get(token)
        if token in _STOPS or (len(token) > 4 and _COMPOUND(token)):
            raise FormulaError("lacks an argument")
        self.at += 1
        result: list[str] = []
        if token == "{":
            result = self.braced()
        elif handler is None:
            result.append(token)
        else:
            handler(self, token, result)
        self.depth -= 1
        return result

    def braced(self) -> list[str]:
        """The contents of a group whose `{` is read."""
        result = self.sequence(NO_ENDS)
        self.expect("}")
        return result

    def expect(self, token: str) -> None:
        """Read this token, which must come next."""
        if self.next != token:
            raise FormulaError("has a group, bracket or environment that is not closed")
        self.at += 1

    def deepen(self) -> None:
        """Go one level down."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FormulaError("is nested too deeply")


def unwrapped(tokens: list[str]) -> list[str]:
    """The contents of balanced tokens that are one group, or one in another; others as they are."""
    while is_group(tokens):
        tokens = tokens[1:-1]
    return tokens


def is_group(tokens: Sequence[str]) -> bool:
    """Whether these balanced tokens are one group and nothing else."""
    if len(tokens) < 2 or tokens[0] != "{" or tokens[-1] != "}":
        return False
    depth = 0
    for token in tokens[:-1]:
        depth += (token == "{") - (token == "}")
        if depth == 0:
            return False
    return True
