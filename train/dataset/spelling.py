r"""What the normaliser knows by name: operators, fonts of words, environments, other spellings.

Only tables. Those that go beyond the paper's script say so.
"""

from __future__ import annotations

from typing import NamedTuple

from i2l_batch.canonical.symbols import NAMED, NAMED_LIMITS

TEXT_SPACE = "\ue000"
"""Stands for a space that is drawn, while a formula is read; no formula may hold it itself."""

OPERATORS: dict[str, list[str]] = {
    name: [command, "{", *name[1:], "}"]
    for command, names in (
        (r"\operatorname", NAMED),
        (r"\operatorname*", NAMED_LIMITS | {r"\liminf", r"\limsup"}),
    )
    for name in sorted(names)
}
r"""Operators by name, as the script spells them: `\sin` and the rest as letters."""

SYNONYMS = {
    r"\dfrac": r"\frac",
    r"\tfrac": r"\frac",
    r"\dbinom": r"\binom",
    r"\tbinom": r"\binom",
    r"\Bbb": r"\mathbb",
    r"\bold": r"\mathbf",
    r"\frak": r"\mathfrak",
}
"""Commands with arguments that have a more common spelling; the sizes of fractions are lost."""

FONT_OF_TEXT = {
    r"\text": r"\mathrm",
    r"\mbox": r"\mathrm",
    r"\hbox": r"\mathrm",
    # The script leaves these, and drops the spaces in them. Set as they are printed, with a space
    # between tokens, LaTeX would draw each of those.
    r"\textrm": r"\mathrm",
    r"\textnormal": r"\mathrm",
    r"\textup": r"\mathrm",
    r"\textbf": r"\mathbf",
    r"\textit": r"\mathit",
    r"\textsl": r"\mathit",
    r"\emph": r"\mathit",
    r"\textsf": r"\mathsf",
    r"\texttt": r"\mathtt",
}
"""Commands for words to the font that takes their place; spaces in them become `~`."""


class Environment(NamedTuple):
    """How rows are printed."""

    name: str
    """Of the printed environment."""
    before: tuple[str, ...] = ()
    """Tokens before it; `after` are those after it."""
    after: tuple[str, ...] = ()
    columns: str = ""
    """Column letters to print when the source has none."""
    has_columns: bool = False
    """Whether the source has an argument of columns, or their number."""
    aligned: bool = False
    r"""Every second column begins with an empty group, so that relations keep their space."""


ENVIRONMENTS = {
    "array": Environment("array", has_columns=True),
    "matrix": Environment("matrix"),
    "pmatrix": Environment("matrix", (r"\left(",), (r"\right)",)),
    "bmatrix": Environment("matrix", (r"\left[",), (r"\right]",)),
    "Bmatrix": Environment("matrix", (r"\left\{",), (r"\right\}",)),
    "vmatrix": Environment("matrix", (r"\left|",), (r"\right|",)),
    "Vmatrix": Environment("matrix", (r"\left\|",), (r"\right\|",)),
    "smallmatrix": Environment("smallmatrix"),
    "subarray": Environment("subarray", has_columns=True),
    "cases": Environment("cases"),
    "dcases": Environment("cases"),
    "rcases": Environment("matrix", (r"\left.",), (r"\right\}",)),
    "aligned": Environment("aligned", aligned=True),
    "alignedat": Environment("aligned", has_columns=True, aligned=True),
    "split": Environment("aligned", aligned=True),
    "gathered": Environment("array", columns="c"),
    # Those that make a display of their own, and number it; the script knows none of them.
    "align": Environment("aligned", aligned=True),
    "eqnarray": Environment("array", columns="rcl"),
    "gather": Environment("array", columns="c"),
}
"""Environments that a formula may hold."""

FAITHFUL_ENVIRONMENTS = ENVIRONMENTS | {
    "gathered": Environment("gathered"),
    "gather": Environment("gathered"),
}
"""The same, where cells that are displays stay so."""
