r"""Groups that change nothing.

In: a sequence of nodes, children done. Out: the same without the groups that cannot be seen. A free
group is of class Ord in TeX: it matters where what is in it is not, and where a script follows.
"""

from __future__ import annotations

from collections.abc import Sequence

from i2l_batch.canonical.arguments import owners
from i2l_batch.canonical.spelling import SWITCHES
from i2l_batch.canonical.symbols import (
    ACCENTS,
    CLASS_OF_ARGUMENT,
    CLOSING,
    OPENING,
    ORDINARY_COMMANDS,
    is_ordinary,
    is_symbol,
)
from i2l_batch.canonical.tree import Node
from i2l_batch.latex import num_arguments

# They reach to the end of their group, or divide it.
_SWITCHES = SWITCHES.keys() | frozenset(
    r"""
    \over \atop \choose \displaystyle \textstyle \scriptstyle \scriptscriptstyle \boldmath \mit \sl
    \tiny \scriptsize \footnotesize \small \large \Large & \\
    """.split()
)
# Letters of mathematics move closer to these, but not out of a group.
_KERNED = (".", ",", "/")


def unwrapped(nodes: list[Node]) -> list[Node]:
    """What is in the group that is all there is; other nodes as they are."""
    while len(nodes) == 1 and isinstance(nodes[0], list):
        nodes = nodes[0]
    return nodes


def without_idle_groups(nodes: Sequence[Node]) -> list[Node]:
    """The sequence, in which groups that change nothing have given way to what was in them."""
    owned_by = owners(nodes)
    result: list[Node] = []
    for i, node in enumerate(nodes):
        if isinstance(node, str) or owned_by[i] is not None:
            result.append(node)
            continue
        after = nodes[i + 1] if i + 1 < len(nodes) else None
        if _is_idle(node, result[-1] if result else None, after):
            result += node
        else:
            result.append(node)
    return result


def _is_idle(group: list[Node], before: Node | None, after: Node | None) -> bool:
    """Whether a free group between two nodes changes nothing."""
    if not group or (isinstance(before, str) and not is_symbol(before)):
        return False  # what stands before may take the group as its argument
    has_scripts = after in ("_", "^", "'")
    if is_one_symbol(group):
        # Scripts of an accent stand elsewhere than those of a group with an accent in it.
        return not (has_scripts and _has_moving_scripts(group))
    if has_scripts or after in (r"\limits", r"\nolimits"):
        return False
    if after in _KERNED and isinstance(group[-1], str):
        return False
    if any(isinstance(node, str) and node in _SWITCHES for node in group):
        return False
    first = group[0]
    opens = isinstance(first, str) and first in OPENING and isinstance(before, str)
    return (opens or starts_ordinary(group)) and _ends_ordinary(group)


def is_one_symbol(nodes: Sequence[Node]) -> bool:
    """Whether this is one ordinary symbol, alone or with nothing but its own arguments."""
    if not nodes or not isinstance(nodes[0], str):
        return False
    command, arguments = nodes[0], nodes[1:]
    if not arguments:
        return is_ordinary(command)
    if any(owner != command for owner in owners(nodes)[1:]) or not _is_complete(nodes):
        return False
    if command in CLASS_OF_ARGUMENT:
        return isinstance(arguments[0], list) and is_one_symbol(arguments[0])
    return command in ORDINARY_COMMANDS


def _has_moving_scripts(group: Sequence[Node]) -> bool:
    """Whether this is an accent over more than a letter."""
    command, argument = group[0], group[-1]
    is_accent = isinstance(command, str) and command in ACCENTS
    return is_accent and not (isinstance(argument, list) and len(argument) == 1)


def starts_ordinary(nodes: Sequence[Node]) -> bool:
    """Whether the first symbol, with its arguments, is an ordinary one."""
    first = nodes[0]
    return isinstance(first, str) and (is_ordinary(first) or first in ORDINARY_COMMANDS)


def _ends_ordinary(nodes: Sequence[Node]) -> bool:
    """Whether the last symbol, with its arguments and scripts, is an ordinary one or a bracket."""
    owned_by = owners(nodes)
    at = len(nodes) - 1
    while at > 0 and (owned_by[at] is not None or nodes[at] in ("_", "^")):
        at -= 1
    last = nodes[at]
    if not isinstance(last, str):
        return False
    if last in ORDINARY_COMMANDS:
        return _is_complete(nodes[at:])
    return is_ordinary(last) or last in CLOSING


def _is_complete(nodes: Sequence[Node]) -> bool:
    """Whether the command that nodes start with finds all its arguments among them."""
    command = nodes[0]
    assert isinstance(command, str)
    arguments = sum(
        isinstance(node, list) and owner == command
        for node, owner in zip(nodes, owners(nodes), strict=True)
    )
    return arguments >= num_arguments(command)
