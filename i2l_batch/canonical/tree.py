"""Tokens as a tree of groups, and back.

In: tokens whose braces match. Out: nodes; a node is a token, or the list of nodes in a group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, Union

Node: TypeAlias = Union[str, "list[Node]"]

MAX_DEPTH = 60
"""Groups within each other. No formula that people write has a third of it."""


def parse(tokens: Sequence[str]) -> list[Node] | None:
    """The nodes of a formula; null where braces do not match or are nested deeper than that."""
    open_groups: list[list[Node]] = [[]]
    for token in tokens:
        if token == "{":
            if len(open_groups) > MAX_DEPTH:
                return None
            group: list[Node] = []
            open_groups[-1].append(group)
            open_groups.append(group)
        elif token == "}":
            open_groups.pop()
            if not open_groups:
                return None
        else:
            open_groups[-1].append(token)
    return open_groups[0] if len(open_groups) == 1 else None


def flatten(nodes: Sequence[Node]) -> list[str]:
    """The tokens of nodes."""
    result: list[str] = []
    for node in nodes:
        if isinstance(node, str):
            result.append(node)
        else:
            result += ["{", *flatten(node), "}"]
    return result
