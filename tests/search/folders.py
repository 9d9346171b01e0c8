"""Results folders whose formulas are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from i2l_batch.records import Box, Crop, Document, Transcript
from i2l_batch.store import Store, formula_row


def write(folder: Path, papers: Mapping[str, Sequence[str | tuple[str, float]]]) -> Path:
    """A folder with these papers: of each its formulas, two a page, all or some with confidence."""
    with Store.open(folder, settings={}, model={"id": "none"}) as store:
        for source, formulas in papers.items():
            rows = []
            for number, formula in enumerate(formulas):
                latex, confidence = (formula, 0.5) if isinstance(formula, str) else formula
                box = Box(x0=0, y0=0, x1=9, y1=9)
                crop = Crop(
                    page=1 + number // 2,
                    index=number % 2,
                    kind="display",
                    number=f"{number + 1}",
                    box=box,
                    page_width=595,
                    page_height=842,
                    dpi=200,
                    em=None,
                    png=b"\x89PNG",
                )
                transcript = Transcript(
                    latex=latex,
                    confidence=confidence,
                    score=-0.1,
                    lowest=-0.5,
                    num_tokens=len(latex.split()),
                    stop="eos",
                    valid=True,
                    flags=(),
                    alternatives=(),
                )
                rows.append(
                    formula_row(source, "00", crop, transcript, keep_crop=True, model="none")
                )
            document = Document(
                source=source,
                source_sha256="00",
                num_bytes=1,
                pages=9,
                formulas=len(rows),
                status="ok" if rows else "empty",
                seconds=1,
                attempts=1,
                run=store.run,
            )
            store.add(document, rows)
    return folder
