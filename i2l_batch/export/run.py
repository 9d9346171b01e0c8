"""The run of `i2l export`: a results folder -> a file, a file for each paper, or a data set.

Each target is a function from rows in reading order to a text; here it is decided which rows it
gets, into which file, and what may be there already.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, Literal, TextIO

from i2l_batch.durable import reason, whole_file
from i2l_batch.errors import StoreError, UsageError
from i2l_batch.export import markdown, pictures, tex
from i2l_batch.export.dataset import write_dataset
from i2l_batch.export.folder import whole_folder
from i2l_batch.export.names import Names
from i2l_batch.export.pictures import Pictures, with_paths
from i2l_batch.export.selection import Selection
from i2l_batch.locations import Place
from i2l_batch.object_uri import local_path
from i2l_batch.schema import FORMULA_SCHEMA
from i2l_batch.tables import Rows, write_csv, write_jsonl

Target = Literal["jsonl", "csv", "markdown", "github", "tex", "hf"]

_DATA = tuple(name for name in FORMULA_SCHEMA.names if name != "crop")


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """How a target writes text."""

    suffix: str
    columns: tuple[str, ...]
    write: Callable[[Sequence[str], Rows, TextIO], None]


_FORMS = {
    "jsonl": Form(suffix=".jsonl", columns=_DATA, write=write_jsonl),
    "csv": Form(suffix=".csv", columns=_DATA, write=write_csv),
    "markdown": Form(suffix=".md", columns=markdown.COLUMNS, write=markdown.write_markdown),
    "github": Form(suffix=".md", columns=markdown.COLUMNS, write=markdown.write_github),
    "tex": Form(suffix=".tex", columns=tex.COLUMNS, write=tex.write_tex),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """The account of an export."""

    formulas: int
    papers: int
    pictures: int | None
    """Null when none were asked for."""
    left_out: int
    """Formulas that a filter left out."""

    def line(self) -> str:
        """What was written, in one line."""
        of = f"{_number(self.formulas, 'formula')} of {_number(self.papers, 'paper')}"
        more = "" if self.pictures is None else f" and {_number(self.pictures, 'picture')}"
        return f"{of}{more} written"

    def note(self) -> str:
        """What was not, or nothing."""
        return f" ({self.left_out:,} left out)" if self.left_out else ""


def export(
    folder: Place,
    output: Path,
    *,
    to: Target,
    per_paper: bool = False,
    min_confidence: float | None = None,
    source: str | None = None,
    crops: bool = False,
    overwrite: bool = False,
) -> Written:
    """Write formulas of a results folder, sorted by source, page and index.

    Args:
        folder: a results folder; a run may go on writing to it.
        output: a file, replaced whole if it exists; with `per_paper` and for hf a folder.
        to: what to write.
        per_paper: a file for each paper, as `Names` calls it.
        min_confidence: formulas with less (0 to 1) are left out.
        source: papers that this glob does not match are left out: see `sources_matching`.
        crops: also write the pictures, into `crops` beside the file or in the folder.
        overwrite: replace a folder of an earlier export.

    Raises:
        UsageError: options that do not fit together, or an output that must not be replaced.
        StoreError: the folder holds no results, or the output cannot be written.
    """
    if to == "hf" and (per_paper or crops):
        raise UsageError(
            "--to hf is one data set with its pictures: leave out --per-paper, --crops"
        )
    if to == "tex" and crops:
        raise UsageError("--to tex shows no pictures: leave out --crops, or use --to markdown")
    local_path(output)
    selection = Selection(folder, min_confidence=min_confidence, source=source)
    saved: int | None = None
    if to == "hf":
        with whole_folder(output, overwrite=overwrite) as made:
            write_dataset(selection, made)
    elif per_paper:
        with whole_folder(output, overwrite=overwrite) as made:
            saved = _write_papers(selection, _FORMS[to], made, crops)
    else:
        saved = _write_file(selection, _FORMS[to], output, crops)
    return Written(
        formulas=selection.formulas,
        papers=selection.papers,
        pictures=saved,
        left_out=selection.left_out,
    )


def _write_file(selection: Selection, form: Form, path: Path, crops: bool) -> int | None:
    if path.is_dir():
        raise UsageError(f"{path} is a folder: give a file, such as {path}/formulas{form.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        shown = Pictures(path.parent) if crops else None
    except OSError as error:
        raise StoreError(f"cannot write {path}: {reason(error)}") from error
    columns, rows = _rows(selection, form, shown)
    with whole_file(path) as file, _text(file) as out:
        form.write(columns, rows if shown is None else with_paths(rows), out)
        if shown is not None:
            shown.save(selection.pictures())
    return None if shown is None else shown.saved


def _write_papers(selection: Selection, form: Form, folder: Path, crops: bool) -> int | None:
    names = Names(form.suffix, taken=[pictures.FOLDER])
    shown = Pictures(folder) if crops else None
    if shown is not None:
        shown.save(selection.pictures())
    columns, rows = _rows(selection, form, shown)
    for source, its in groupby(rows, itemgetter(columns.index("source"))):
        name = names.path(source)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        way_up = "../" * (len(name.parts) - 1)
        its = its if shown is None else with_paths(its, way_up)
        with path.open("xb") as file, _text(file) as out:
            form.write(columns, its, out)
    return None if shown is None else shown.saved


def _rows(selection: Selection, form: Form, shown: Pictures | None) -> tuple[list[str], Rows]:
    """The columns of a form, the picture last, and the rows."""
    columns = [*form.columns, *(["crop"] if shown is not None else [])]
    return columns, selection.rows(columns)


@contextmanager
def _text(file: BinaryIO) -> Iterator[TextIO]:
    """Text into a file of bytes, which stays open."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        yield text
    finally:
        text.detach()


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
