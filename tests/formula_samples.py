"""Small documents with formulas whose rows can be told in advance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from i2l_batch.locations import Place
from i2l_batch.records import Box, Candidate, Crop, Document, Symbol, Transcript, formula_id
from i2l_batch.results import open_results
from i2l_batch.store import Store, formula_row

SETTINGS = {"dpi": 200, "inline": False, "pages": None}
MODEL = {"id": "compact-1", "sha256": "ab" * 32}
NEVER = 1e9
SYMBOLS = (
    Symbol(token="x", box=Box(x0=1.0, y0=2.5, x1=8.0, y1=9.0), weight=0.75),
    Symbol(token="^", box=None, weight=None),
)


def open_store(folder: Place, **options: Any) -> Store:
    """A store that flushes only when told, unless options say otherwise."""
    options = {
        "settings": SETTINGS,
        "model": MODEL,
        "part_rows": 10**9,
        "part_seconds": NEVER,
    } | options
    return Store.open(folder, **options)


def latex(source: str, version: str, index: int) -> str:
    return rf"\text{{{source!a}}}_{{{version}}}^{{{index}}}"


def row(source: str, version: str, index: int, png: bytes = b"\x89PNG 12345") -> dict[str, Any]:
    crop = Crop(
        page=1 + index // 3,
        index=index % 3,
        kind="display",
        number=str(index),
        box=Box(x0=1.0, y0=2.0, x1=30.0, y1=40.0),
        page_width=612.0,
        page_height=792.0,
        dpi=200,
        em=None,
        png=png,
    )
    transcript = Transcript(
        latex=latex(source, version, index),
        confidence=1 / (1 + index),
        score=-0.25,
        lowest=-1.0,
        num_tokens=7,
        stop="eos",
        valid=index % 2 == 0,
        flags=("repeats",) if index % 2 else (),
        alternatives=(Candidate(latex="x", score=-2.0),),
        symbols=SYMBOLS if index % 2 else None,
    )
    return formula_row(source, version, crop, transcript, keep_crop=True, model="compact-1")


def add(store: Store, source: str, version: str = "v1", formulas: int = 1, **facts: Any) -> None:
    """Add a document of `formulas` formulas (0: failed)."""
    rows = [row(source, version, index) for index in range(formulas)]
    store.add(document(store, source, version, formulas, **facts), rows)


def document(
    store: Store, source: str, version: str = "v1", formulas: int = 1, **facts: Any
) -> Document:
    values = {
        "source": source,
        "source_sha256": version,
        "num_bytes": 1000,
        "pages": 1,
        "formulas": formulas,
        "status": "ok" if formulas else "failed",
        "error_type": None if formulas else "corrupt",
        "error_message": None if formulas else f"cannot open {source!a}",
        "seconds": 0.5,
        "attempts": 1,
        "run": store.run,
    } | facts
    return Document(**values)


def expected(source: str, version: str, formulas: int) -> set[tuple[str, str]]:
    """(formula_id, latex) of a document that was added."""
    return {
        (formula_id(source, version, 1 + index // 3, index % 3), latex(source, version, index))
        for index in range(formulas)
    }


def read(folder: Place) -> list[tuple[str, str]]:
    """(formula_id, latex) of all rows that the reader shows."""
    table = open_results(folder).formulas(["formula_id", "latex"]).to_table()
    return list(zip(*table.to_pydict().values(), strict=True))


def files(folder: Path) -> set[str]:
    """Relative paths of all files of a folder but the lock."""
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return found - {".lock"}
