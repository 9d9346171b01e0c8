"""The figures of a results folder, as text.

In: a folder. Out: its sections as tables for a terminal, as Markdown, or as one JSON object.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TextIO

from rich.console import Console
from rich.text import Text

from i2l_batch.locations import Place
from i2l_batch.query import connect, text_output
from i2l_batch.results import open_results
from i2l_batch.stats.sections import Section, sections
from i2l_batch.tables import json_object, write_markdown, write_table

Form = Literal["table", "markdown", "json"]


def stats(folder: Place, form: Form = "table", out: Path | TextIO | None = None) -> None:
    """Write what is in a results folder. out: see `text_output`. Raises StoreError."""
    found = sections(connect(folder), open_results(folder).runs())
    with text_output(out) as text:
        _WRITERS[form](found, text)


def _write_json(found: Sequence[Section], out: TextIO) -> None:
    """Section -> list of rows; sections without rows are there, too."""
    pairs = (
        f"{json.dumps(section.title.lower().replace(' ', '_'))}: "
        + f"[{', '.join(json_object(section.columns, row) for row in section.rows)}]"
        for section in found
    )
    out.write("{" + ",\n ".join(pairs) + "}\n")


def _write_markdown(found: Sequence[Section], out: TextIO) -> None:
    for section in found:
        if section.rows:
            out.write(f"### {section.title}\n\n")
            write_markdown(section.columns, iter(section.rows), out)
            out.write("\n")


def _write_tables(found: Sequence[Section], out: TextIO) -> None:
    for section in found:
        if section.rows:
            Console(file=out, highlight=False).print(Text(section.title, style="bold"))
            write_table(section.columns, iter(section.rows), out, count=False)
            out.write("\n")


_WRITERS = {"table": _write_tables, "markdown": _write_markdown, "json": _write_json}
