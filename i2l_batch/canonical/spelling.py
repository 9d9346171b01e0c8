r"""One name for each thing: commands that draw the same, names of operators, switches of font.

In: a sequence of nodes. Out: the same picture in the commonest, shortest names.
"""

from __future__ import annotations

from collections.abc import Sequence

from i2l_batch.canonical.symbols import BESIDE, NAMED, NAMED_LIMITS, STACKED, is_ordinary
from i2l_batch.canonical.tree import Node, flatten

_SYNONYMS = {
    r"\le": r"\leq",
    r"\ge": r"\geq",
    r"\ne": r"\neq",
    r"\rightarrow": r"\to",
    r"\gets": r"\leftarrow",
    r"\land": r"\wedge",
    r"\lor": r"\vee",
    r"\lnot": r"\neg",
    r"\owns": r"\ni",
    r"\ast": "*",
    r"\vert": "|",
    r"\Vert": r"\|",
    r"\lbrace": r"\{",
    r"\rbrace": r"\}",
    r"\lbrack": "[",
    r"\rbrack": "]",
    r"\square": r"\Box",
    r"\bm": r"\boldsymbol",
    r"\thinspace": r"\,",
    r"\medspace": r"\:",
    r"\>": r"\:",
    r"\thickspace": r"\;",
    r"\negthinspace": r"\!",
    r"\enskip": r"\enspace",
    r"\space": "\\",
    r"\nobreakspace": "~",
    r"\operatornamewithlimits": r"\operatorname*",
    r"\begin{split}": r"\begin{aligned}",
    r"\end{split}": r"\end{aligned}",
}
_DELIMITERS = {
    r"\lbrace": r"\{",
    r"\rbrace": r"\}",
    r"\vert": "|",
    r"\lvert": "|",
    r"\rvert": "|",
    r"\Vert": r"\|",
    r"\lVert": r"\|",
    r"\rVert": r"\|",
    r"\lbrack": "[",
    r"\rbrack": "]",
    "<": r"\langle",
    ">": r"\rangle",
}
_SYNONYMS.update(
    {
        side + name: side + plain
        for side in (r"\left", r"\right")
        for name, plain in _DELIMITERS.items()
    }
)
# Symbols that LaTeX puts into a group when they are used in formulas.
_GROUPED = {r"\dag": r"\dagger", r"\ddag": r"\ddagger"}
_SILENT = frozenset(r"\nonumber \notag \allowbreak \nobreak \relax \protect".split())
SWITCHES = {
    r"\cal": r"\mathcal",
    r"\bf": r"\mathbf",
    r"\rm": r"\mathrm",
    r"\it": r"\mathit",
    r"\sf": r"\mathsf",
    r"\tt": r"\mathtt",
}
"""Fonts for the rest of a group, and the command for the same font with an argument."""
TEXT = frozenset(
    r"""
    \text \textbf \textit \textrm \textsf \texttt \textnormal \textup \mbox \hbox
    """.split()
)
"""Commands whose argument is no formula."""
_REPEATABLE = (*SWITCHES.values(), r"\boldsymbol", r"\mathbb", r"\mathfrak", r"\mathscr")
_IN_DISPLAY = {r"\dfrac": r"\frac", r"\dbinom": r"\binom"}
STYLES = frozenset([r"\textstyle", r"\scriptstyle", r"\scriptscriptstyle"])
"""Switches after which a display is set as something else."""


def with_one_name(nodes: Sequence[Node]) -> list[Node]:
    """Synonyms replaced, and what draws nothing left out."""
    result: list[Node] = []
    for node in nodes:
        if not isinstance(node, str):
            result.append(node)
        elif node in _GROUPED:
            result.append([_GROUPED[node]])
        elif result and (result[-1], node) == (r"\not", "="):
            result[-1] = r"\neq"
        elif node not in _SILENT:
            result.append(_SYNONYMS.get(node, node))
    return result


def without_repeated_commands(nodes: Sequence[Node]) -> list[Node]:
    r"""`\boldsymbol { \boldsymbol { x } }`, bold in bold or a font in the same one, is one."""
    result: list[Node] = []
    for node in nodes:
        command = result[-1] if result else None
        if command in _REPEATABLE and not isinstance(node, str):
            while len(node) == 2 and node[0] == command and isinstance(node[1], list):
                node = node[1]
        result.append(node)
    return result


def with_named_operators(nodes: Sequence[Node]) -> list[Node]:
    r"""`\operatorname { s i n }` as `\sin`, where its scripts stand in the same places."""
    result: list[Node] = []
    for i, node in enumerate(nodes):
        command = result[-1] if result else None
        if command in (r"\operatorname", r"\operatorname*") and _is_word(node):
            name = f"\\{''.join(flatten([node])[1:-1])}"
            stacked, beside = name in NAMED_LIMITS, name in NAMED
            is_same = stacked if command == r"\operatorname*" else beside
            # Without scripts it is all one.
            if is_same or ((stacked or beside) and nodes[i + 1 : i + 2] not in (["_"], ["^"])):
                result[-1] = name
                continue
        result.append(node)
    return result


def _is_word(node: Node) -> bool:
    return not isinstance(node, str) and all(isinstance(n, str) and n.isalpha() for n in node)


def with_font_commands(nodes: list[Node]) -> list[Node]:
    r"""`{ \cal L }` as `{ \mathcal { L } }`: a switch that holds for all of a sequence, or for
    the ordinary symbols that end it, as a command."""
    for i, node in enumerate(nodes):
        if isinstance(node, str) and node in SWITCHES:
            rest = nodes[i + 1 :]
            if not rest or any(isinstance(n, str) and n in SWITCHES for n in rest):
                return nodes
            if i and not all(isinstance(n, str) and is_ordinary(n) for n in rest):
                return nodes
            return [*nodes[:i], SWITCHES[node], rest]
    return nodes


def in_display(nodes: Sequence[Node]) -> list[Node]:
    r"""Without what says that a display is one: `\dfrac`, `\limits` at a sum, `\displaystyle`."""
    result: list[Node] = []
    for node in nodes:
        before = result[-1] if result and isinstance(result[-1], str) else ""
        is_usual = (node == r"\limits" and before in STACKED) or (
            node == r"\nolimits" and before in BESIDE
        )
        if node != r"\displaystyle" and not is_usual:
            result.append(_IN_DISPLAY.get(node, node) if isinstance(node, str) else node)
    return result
