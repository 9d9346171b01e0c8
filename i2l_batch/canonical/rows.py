r"""Environments: cells without braces, rows without an end after the last, matrices with brackets.

In: a sequence of nodes, children done. Out: the same picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from i2l_batch.canonical.groups import starts_ordinary, unwrapped
from i2l_batch.canonical.tree import Node

END_OF_ROW = "\\\\"

DISPLAYED = frozenset(rf"\begin{{{name}}}" for name in ("aligned", "gathered"))
"""Environments whose cells are displays."""
_BRACKETS = {"(": ")", "[": "]", r"\{": r"\}", "|": "|", r"\|": r"\|"}
_MATRICES = {"(": "p", "[": "b", r"\{": "B", "|": "v", r"\|": "V"}
# After the end of a row these would be taken for its options.
_OPTIONS = ("[", "*")


def is_begin(node: Node) -> bool:
    """Whether an environment starts here."""
    return isinstance(node, str) and node.startswith(r"\begin{")


def is_end(node: Node) -> bool:
    """Whether an environment ends here."""
    return isinstance(node, str) and node.startswith(r"\end{")


def with_bare_cells(nodes: Sequence[Node]) -> list[Node]:
    """Cells that are one group give way to what is in it; the last row of each environment has no
    end of its own; `{ }` goes from the start of cells of `aligned` that get one anyway."""
    result: list[Node] = []
    for i, (node, place) in enumerate(zip(nodes, _places(nodes), strict=True)):
        # Where something follows, `aligned` is a little narrower with an end than without.
        is_last = i + 1 == len(nodes) or node != r"\end{aligned}"
        if is_end(node) and is_last and result and result[-1] == END_OF_ROW:
            result.pop()
        if not isinstance(node, list) or place is None:
            result.append(node)
        elif _is_cell(nodes, i):
            result += _bare(node, place, nodes[i - 1])
        elif not (
            node == []
            and place.starts_symbol
            and nodes[i - 1] == "&"
            and nodes[i + 1 : i + 2] not in (["_"], ["^"])
        ):
            result.append(node)
    return result


def _bare(cell: list[Node], place: _Place, before: Node) -> list[Node]:
    """A cell without its braces, where they change nothing."""
    inside = unwrapped(cell)
    is_option = inside[:1] and inside[0] in _OPTIONS and before != "&"
    if is_option or r"\hfill" in inside:
        return [cell]
    if place.starts_symbol and inside and inside[0] != [] and not starts_ordinary(inside):
        return [cell]
    return inside


class _Place(NamedTuple):
    """Where in an environment something stands."""

    environment: str
    column: int

    @property
    def starts_symbol(self) -> bool:
        """Whether the cell begins with an empty symbol that the environment puts there."""
        return self.environment == r"\begin{aligned}" and self.column % 2 == 1


def _places(nodes: Sequence[Node]) -> Iterator[_Place | None]:
    """The place of each node; null outside of environments."""
    places: list[_Place] = []
    for node in nodes:
        if is_begin(node):
            places.append(_Place(str(node), 0))
        elif is_end(node) and places:
            places.pop()
        elif places and node in ("&", END_OF_ROW):
            name, column = places[-1]
            places[-1] = _Place(name, column + 1 if node == "&" else 0)
        yield places[-1] if places else None


def without_single_cell(nodes: list[Node]) -> list[Node]:
    r"""What is in `\begin{aligned} ... \end{aligned}` when that is all, and has only one cell."""
    inside = nodes[1:-1]
    is_environment = (
        len(nodes) > 2 and isinstance(nodes[0], str) and nodes[0] in DISPLAYED and is_end(nodes[-1])
    )
    if not is_environment or any(n in ("&", END_OF_ROW) or is_end(n) for n in inside):
        return nodes
    return inside


def _is_cell(nodes: Sequence[Node], i: int) -> bool:
    """Whether the group at `i` is all that a cell holds."""
    if i == 0 or i + 1 == len(nodes):
        return False
    before, after = nodes[i - 1], nodes[i + 1]
    has_columns = before in (r"\begin{array}", r"\begin{subarray}", r"\begin{alignedat}")
    starts = before in ("&", END_OF_ROW, r"\hline") or (is_begin(before) and not has_columns)
    if isinstance(before, list) and i > 1:
        starts = nodes[i - 2] in (r"\begin{array}", r"\begin{subarray}")
    return starts and (after in ("&", END_OF_ROW) or is_end(after))


def with_bracketed_matrices(nodes: Sequence[Node]) -> list[Node]:
    r"""`\left( \begin{matrix} ... \end{matrix} \right)` as `\begin{pmatrix} ... \end{pmatrix}`."""
    result = list(nodes)
    begins: list[int] = []
    for i, node in enumerate(nodes):
        if is_begin(node):
            begins.append(i)
        elif is_end(node) and begins:
            start = begins.pop()
            before = nodes[start - 1] if start else None
            after = nodes[i + 1] if i + 1 < len(nodes) else None
            if (nodes[start], node) != (r"\begin{matrix}", r"\end{matrix}"):
                continue
            for left, right in _BRACKETS.items():
                if (before, after) == (rf"\left{left}", rf"\right{right}"):
                    name = f"{_MATRICES[left]}matrix"
                    result[start - 1 : start + 1] = ["", rf"\begin{{{name}}}"]
                    result[i : i + 2] = [rf"\end{{{name}}}", ""]
    return [node for node in result if node != ""]
