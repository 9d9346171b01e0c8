r"""Spaces: none where nobody can see them, and one way to write each width.

In: a sequence of nodes. Out: the same picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from i2l_batch.canonical.tree import Node

# In eighteenths of a quad; they grow and shrink with the text. A quad is always one of full text.
_MU = {r"\,": 3, r"\:": 4, r"\;": 5, r"\!": -3}
_QUADS = {r"\quad": 1, r"\qquad": 2}
_FIXED = {r"\enspace", "~", "\\"}
# Beside one of these, `~` is more than a space: it holds an empty symbol, as TeX's macro does.
_BINARY = frozenset(
    r"""
    + - * / \pm \mp \times \div \cdot \circ \bullet \star \wedge \vee \cap \cup \oplus \ominus
    \otimes \odot \setminus \dagger \ddagger \amalg \wr
    """.split()
)
_LENGTHS = {"1em": r"\quad", "2em": r"\qquad", "0.5em": r"\enspace", ".5em": r"\enspace"}


def is_space(node: Node) -> bool:
    """Whether this is a space, other than one with a length."""
    return isinstance(node, str) and (node in _MU or node in _QUADS or node in _FIXED)


def with_plain_spaces(nodes: Sequence[Node]) -> list[Node]:
    r"""Runs of spaces in the fewest tokens: `\! \,` is nothing, `\quad \quad` is `\qquad`."""
    named = _with_named_lengths(nodes)
    result: list[Node] = []
    for spaces, run in groupby(named, is_space):
        nodes_of_run = list(run)
        if spaces:
            nodes_of_run = list(_run([node for node in nodes_of_run if isinstance(node, str)]))
        result += nodes_of_run
    return result


def trimmed(nodes: list[Node]) -> list[Node]:
    """Without the spaces at either end."""
    start, end = 0, len(nodes)
    while start < end and is_space(nodes[start]):
        start += 1
    while end > start and is_space(nodes[end - 1]):
        end -= 1
    if "~" in nodes[:start] and _is_binary(nodes[start : start + 1]):
        start = 0
    if "~" in nodes[end:] and _is_binary(nodes[end - 1 : end]):
        end = len(nodes)
    return nodes[start:end]


def _is_binary(nodes: list[Node]) -> bool:
    return any(isinstance(node, str) and node in _BINARY for node in nodes)


def _with_named_lengths(nodes: Sequence[Node]) -> list[Node]:
    result: list[Node] = []
    for node in nodes:
        if result and result[-1] == r"\hspace" and isinstance(node, list) and len(node) == 1:
            name = _LENGTHS.get(node[0]) if isinstance(node[0], str) else None
            if name:
                result[-1] = name
                continue
        result.append(node)
    return result


def _run(spaces: list[str]) -> list[str]:
    """A run of spaces, the widest first; its order cannot be seen."""
    quads = sum(_QUADS.get(space, 0) for space in spaces)
    fixed = sorted(space for space in spaces if space in _FIXED)
    mu = sum(_MU.get(space, 0) for space in spaces)
    wide = [r"\qquad"] * (quads // 2) + [r"\quad"] * (quads % 2)
    return [*wide, *fixed, *_fewest(mu)]


def _fewest(mu: int) -> list[str]:
    r"""The fewest of `\; \: \, \!` that are so wide together."""
    if mu < 3:
        back = max(0, -(mu // 3))
        # What is left is 0, 1 or 2, which takes a wider space and one more step back.
        rest = {0: [], 1: [r"\:", r"\!"], 2: [r"\;", r"\!"]}[mu + 3 * back]
        return [*rest, *[r"\!"] * back]
    count = -(-mu // 5)
    too_wide = 5 * count - mu
    threes, fours = divmod(too_wide, 2)
    return [r"\;"] * (count - threes - fours) + [r"\:"] * fours + [r"\,"] * threes
