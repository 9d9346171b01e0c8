"""The canonical form of a formula: all rules, again and again until nothing changes.

In: tokens. Out: tokens that draw the same picture, as a display, in Computer Modern.
"""

from __future__ import annotations

from collections.abc import Sequence

from i2l_batch.canonical.arguments import brace_arguments, owners
from i2l_batch.canonical.groups import unwrapped, without_idle_groups
from i2l_batch.canonical.rows import (
    DISPLAYED,
    is_begin,
    is_end,
    with_bare_cells,
    with_bracketed_matrices,
    without_single_cell,
)
from i2l_batch.canonical.spaces import trimmed, with_plain_spaces
from i2l_batch.canonical.spelling import (
    STYLES,
    TEXT,
    in_display,
    with_font_commands,
    with_named_operators,
    with_one_name,
    without_repeated_commands,
)
from i2l_batch.canonical.tree import Node, flatten, parse


def canonicalize(tokens: Sequence[str]) -> list[str]:
    r"""One spelling for what looks the same.

    Arguments have braces, groups that change nothing go, synonyms have one name (`\leq` for `\le`,
    `\mathcal { L }` for `{ \cal L }`, `\sin` for `\operatorname { s i n }`), spaces at either end
    go, cells have no braces and last rows no end. What can be seen stays: a group around a
    relation, `\,` between symbols, `\left(`.

    Not quite the same to the pixel are, in rare cases: a wide accent over symbols with accents of
    their own, which amsmath sets by what is in groups, and dots alone in a cell, to which it adds
    a thin space unless they are in one. Authors do not write these groups.

    Tokens whose braces do not match come back with braced arguments and nothing else.
    """
    braced = brace_arguments(tokens)
    nodes = parse(braced)
    if nodes is None:
        return braced
    while True:
        new = trimmed(without_single_cell(unwrapped(_once(nodes, display=True))))
        if new == nodes:
            return flatten(new)
        nodes = new


def _once(nodes: list[Node], *, display: bool) -> list[Node]:
    """A sequence with all rules applied once, those in it first.

    Args:
        nodes: of the sequence.
        display: whether TeX sets it in display style.
    """
    nodes = with_one_name(nodes)
    display = display and not STYLES.intersection(n for n in nodes if isinstance(n, str))
    nodes = _with_children(nodes, display=display)
    nodes = with_font_commands(without_repeated_commands(with_named_operators(nodes)))
    begins = [node for node in nodes if is_begin(node)]
    if display and DISPLAYED.issuperset(begins):
        nodes = in_display(nodes)
    if begins:
        nodes = with_bracketed_matrices(with_bare_cells(nodes))
    return with_plain_spaces(without_idle_groups(nodes))


def _with_children(nodes: list[Node], *, display: bool) -> list[Node]:
    owned_by = owners(nodes)
    environments: list[bool] = []  # whether their cells are displays
    result: list[Node] = []
    for node, owner in zip(nodes, owned_by, strict=True):
        if is_begin(node):
            environments.append(node in DISPLAYED)
        elif is_end(node) and environments:
            environments.pop()
        if isinstance(node, str) or owner in TEXT:
            result.append(node)
            continue
        inner = _once(node, display=display and owner is None and all(environments))
        result.append(inner if owner is None else unwrapped(inner))
    return result
