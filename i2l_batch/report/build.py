"""Results become a report: a folder of pages that appears when it is whole.

In: a results folder, which a run may still be writing. Out: the folder. The steps are in the order
of the data: count, choose, sort pictures, write rows, write pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

import i2l_batch
from i2l_batch.errors import StoreError
from i2l_batch.locations import Place
from i2l_batch.query import connect
from i2l_batch.report.failed_page import write_failed
from i2l_batch.report.folder import new_report
from i2l_batch.report.index_page import index_page
from i2l_batch.report.listing import PER_FILE, Listing
from i2l_batch.report.overview import look
from i2l_batch.report.pictures import Pictures
from i2l_batch.report.selection import Selection
from i2l_batch.report.templates import fill, stored
from i2l_batch.report.text import html
from i2l_batch.results import open_results
from i2l_batch.runs import timestamp, utc_now

FIRST_VIEW = 50
"""Formulas that are seen at first; report.js shows as many at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What a report holds."""

    shown: int
    """Formulas in the report."""
    formulas: int
    """Formulas in the results."""
    documents: int
    unread: int
    """Documents that failed or were read in part."""

    def shown_line(self) -> str:
        """How many of the formulas there are to see."""
        if self.shown == self.formulas:
            return f"All {self.formulas:,} formulas are shown."
        return (
            f"The {self.shown:,} least certain of {self.formulas:,} formulas are shown;"
            f" {self.formulas - self.shown:,} are not (--limit)."
        )

    def line(self) -> str:
        """The report in one line."""
        return (
            f"{self.documents:,} documents, of which {self.unread:,} failed or were read in part."
            f" {self.shown_line()}"
        )


def build_report(results: Place, output: Path, limit: int) -> Made:
    """Write the report of a results folder to `output`, in place of an earlier one.

    limit: formulas that are shown at most, the least certain; the pages say how many are not.
    Raises StoreError if there are no results, or `output` cannot be or should not be written.
    """
    opened = open_results(results)
    title = f"Formulas of {opened.name}"
    try:
        with new_report(output) as folder:
            connection = connect(opened)
            overview = look(connection, opened.runs())
            selection = Selection(connection, limit)
            made = Made(
                shown=selection.size,
                formulas=selection.total,
                documents=overview.documents,
                unread=overview.unread,
            )
            listing = _write_formulas(folder, selection)
            _write_formulas_page(folder, title, made, listing)
            write_failed(folder, connection, title)
            for name in ("report.css", "report.js"):
                (folder / name).write_text(stored(name), "utf-8")
            about = f"{timestamp(utc_now())}, by i2l_batch {i2l_batch.__version__}"
            page = index_page(overview, title, about, made.shown_line())
            (folder / "index.html").write_text(page, "utf-8")
    except duckdb.Error as error:
        line = str(error).splitlines()[0]
        raise StoreError(f"cannot read {results}: {line}") from error
    return made


def _write_formulas(folder: Path, selection: Selection) -> Listing:
    pictures = Pictures(folder, selection.size)
    try:
        pictures.keep(selection.pictures())
        listing = Listing(folder / "data", pictures)
        listing.add(selection.rows())
        listing.end()
    finally:
        pictures.close()
    return listing


def _write_formulas_page(folder: Path, title: str, made: Made, listing: Listing) -> None:
    """The page names the scripts of the first view itself, so that they load beside its own."""
    first = ["data/index-000.js"] if listing.indexes else []
    views = -(-min(listing.rows, FIRST_VIEW) // PER_FILE)
    first += [f"data/rows-{number:05d}.js" for number in range(views)]
    text = fill(
        "formulas.html",
        title=html(title),
        shown=html(made.shown_line()),
        rows=str(listing.rows),
        indexes=str(listing.indexes),
        scripts="\n".join(f'<script src="{name}" defer></script>' for name in first),
    )
    (folder / "formulas.html").write_text(text, "utf-8")
