r"""Formulas as a Markdown page.

In: rows in reading order. Out: a heading for each paper; a line with page, number and confidence,
and the LaTeX as it is for each formula: between `$$`, as Obsidian, pandoc and Jupyter show it, or
in a fence, as GitHub needs it, which reads what is between `$$` as Markdown first, and so loses
the backslash of `\\`, `\{` and `\,`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, TextIO

from i2l_batch.printable import printable
from i2l_batch.tables import Rows

COLUMNS = ("formula_id", "source", "page", "number", "latex", "valid", "confidence")
"""What a page is made of; a last one, `crop`, is a picture's path."""

_HARMLESS = re.compile(r"[A-Za-z0-9]+(?:[ .,:'/-][A-Za-z0-9]+)*")


def write_markdown(columns: Sequence[str], rows: Rows, out: TextIO) -> None:
    """Write a page of `$$`. columns: `COLUMNS`, and `crop` if there are pictures."""
    _write(columns, rows, out, lambda latex: f"$${latex}$$")


def write_github(columns: Sequence[str], rows: Rows, out: TextIO) -> None:
    """Write a page of fences. columns: as above."""
    _write(columns, rows, out, lambda latex: f"```math\n{latex}\n```")


def _write(columns: Sequence[str], rows: Rows, out: TextIO, display: Callable[[str], str]) -> None:
    cells = (dict(zip(columns, row, strict=True)) for row in rows)
    for source, formulas in groupby(cells, itemgetter("source")):
        out.write(f"# {plain(source)}\n\n")
        for row in formulas:
            out.write(f"{_place(row)}\n\n")
            if row.get("crop"):
                out.write(f"![{row['formula_id']}]({row['crop']})\n\n")
            out.write(f"{_formula(row, display)}\n\n")


def _place(row: dict[str, Any]) -> str:
    place = [f"page {row['page']}"] if row["page"] is not None else []
    if row["number"] is not None:
        place.append(f"({plain(row['number'])})")
    return " · ".join([*place, f"confidence {row['confidence']:.2f}"])


def _formula(row: dict[str, Any], display: Callable[[str], str]) -> str:
    latex: str = row["latex"]
    if not latex.strip():
        return "*(empty)*"
    # Not even in a fence may it end what it stands in.
    if not row["valid"] or not latex.isprintable() or "$" in latex or "```" in latex:
        return f"*(cannot be shown)* {code(latex)}"
    return display(latex)


def plain(text: str) -> str:
    """Text that came out of a file: as it is where Markdown has no other use for it, else code."""
    return text if _HARMLESS.fullmatch(text) else code(text)


def code(text: str) -> str:
    """Text between backticks, more than there are within; control characters as escapes."""
    line = printable(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    space = " " if line[:1] in ("`", " ", "") or line[-1:] in ("`", " ") else ""
    return f"{fence}{space}{line}{space}{fence}"
