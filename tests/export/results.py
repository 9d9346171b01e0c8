"""Results folders whose rows are known, with texts that try to break what is made of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from i2l_batch.records import Box, Candidate, Crop, Document, Symbol, Transcript
from i2l_batch.results import open_results
from i2l_batch.store import Store, formula_row

BASE = Transcript(
    latex="x",
    confidence=0.9,
    score=-0.25,
    lowest=-1.0,
    num_tokens=1,
    stop="eos",
    valid=True,
    flags=(),
    alternatives=(),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Formula:
    """What differs from one formula of a test to the next."""

    latex: str = "x"
    page: int | None = 1
    index: int = 0
    number: str | None = None
    confidence: float = 0.9
    score: float = -0.25
    valid: bool = True
    flags: tuple[str, ...] = ()
    alternatives: tuple[Candidate, ...] = ()
    symbols: tuple[Symbol, ...] | None = None
    png: bytes | None = b"\x89PNG picture"


Papers = Mapping[str, Sequence[Formula]]


def write_results(folder: Path, papers: Papers) -> Path:
    """A results folder; its sources are file names, with surrogates for what is no UTF-8."""
    with Store.open(folder, settings={"dpi": 200}, model={"id": "compact-1"}) as store:
        for source, formulas in papers.items():
            rows = [_row(source, formula) for formula in formulas]
            document = Document(
                source=source,
                source_sha256="ab" * 32,
                num_bytes=1,
                pages=1,
                formulas=len(rows),
                status="ok" if rows else "empty",
                seconds=0.5,
                attempts=1,
                run=store.run,
            )
            store.add(document, rows)
    return folder


def _row(source: str, formula: Formula) -> dict[str, Any]:
    crop = Crop(
        page=formula.page,
        index=formula.index,
        kind="display" if formula.page else "image",
        number=formula.number,
        box=Box(x0=1.1, y0=2.0, x1=30.0, y1=40.0),
        page_width=612.0,
        page_height=792.0,
        dpi=200 if formula.page else None,
        em=None,
        png=formula.png or b"",
    )
    transcript = replace(
        BASE,
        latex=formula.latex,
        confidence=formula.confidence,
        score=formula.score,
        valid=formula.valid,
        flags=formula.flags,
        alternatives=formula.alternatives,
        symbols=formula.symbols,
    )
    keep = formula.png is not None
    return formula_row(source, "ab" * 32, crop, transcript, keep_crop=keep, model="compact-1")


def stored(folder: Path, *, crops: bool = False) -> list[dict[str, Any]]:
    """All rows in the order in which they are to be exported, sorted the plain way."""
    rows = open_results(folder).formulas().to_table().to_pylist()
    rows.sort(key=lambda row: (row["source"], row["page"] or 0, row["index"]))
    return rows if crops else [{k: v for k, v in row.items() if k != "crop"} for row in rows]


NASTY = [
    "",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "a//b",
    "./a.pdf",
    ".hidden/x.pdf",
    "Paper.pdf",
    "paper.pdf",
    "PAPER.PDF",
    "stra\N{LATIN SMALL LETTER SHARP S}e.pdf",
    "strasse.pdf",
    "caf\N{LATIN SMALL LETTER E WITH ACUTE}.pdf",
    "cafe\N{COMBINING ACUTE ACCENT}.pdf",
    "caf\udce9.pdf",
    r"caf\xe9.pdf",
    "a.pdf",
    "a.pdf.jsonl/b.pdf",
    "crops",
    "crops/0.png",
    "x" * 300,
    "x" * 299 + "y",
    "deep/" * 400 + "a.pdf",
    "new\nline.pdf",
    '"quoted", and; separated.pdf',
    r"\input{x} $ & # % _ ^ ~ { }.pdf",
    "`code` <b>*bold*</b> [link](x) | # head.pdf",
    "\x1b[31mred.pdf",
    "\N{RIGHT-TO-LEFT OVERRIDE}fdp.exe",
    "-rf",
    "M\N{LATIN SMALL LETTER U WITH DIAERESIS}ller \N{CJK UNIFIED IDEOGRAPH-8AD6}.pdf",
]
"""Sources of hostile archives."""

PAPERS: dict[str, list[Formula]] = {
    "z.pdf": [
        Formula(latex=r"\{ a , b \} \\", valid=False, page=12, index=1, number="2.14"),
        Formula(latex=r"\frac { a } { b }", page=12, index=0, number="*"),
        Formula(latex="a < b & c", page=2, index=10, valid=False, confidence=0.3),
        Formula(latex="y", page=2, index=9, number="a_1}\\end{document}\n% ` ```"),
    ],
    "2020/walk.pdf": [
        Formula(
            latex=r"\left\{ \begin{array} { c c } a & b \\ c & d \end{array} \right|",
            flags=("repeats", "oversize"),
            alternatives=(Candidate(latex='"', score=-2.5), Candidate(latex="\n", score=-3.0)),
            symbols=(
                Symbol(token="x", box=Box(x0=1.1, y0=2.5, x1=8.0, y1=9.0), weight=0.7),
                Symbol(token="^", box=None, weight=None),
            ),
        )
    ],
    "image.png": [Formula(page=None, latex=r"e ^ { i \pi } + 1 = 0", png=None)],
    "crashed.pdf": [Formula(latex="", score=float("-inf"), confidence=0.0, flags=("crashed",))],
    "evil.pdf": [
        Formula(latex="$$ \\end{formula}\n\n# no\r\n```", valid=False, index=0),
        Formula(latex=r"\input { / e t c / p a s s w d }", valid=False, index=1),
        Formula(latex="\N{GREEK SMALL LETTER ALPHA}", index=2),
        Formula(latex=r"} \end{document}", valid=True, index=3),  # as if it parsed
        Formula(latex="% x", valid=True, index=4),
    ],
    "none.pdf": [],
}
"""All types, out of order, and texts that would end what they stand in."""

hostile_names = st.one_of(
    st.sampled_from(NASTY),
    st.binary(max_size=40).map(os.fsdecode),
    st.lists(
        st.sampled_from(["a", "A", "..", ".", "", "b.md", "crops", "a~1", "x" * 260, "caf\udce9"]),
        min_size=1,
        max_size=6,
    ).map("/".join),
)
"""Names that file systems and archives can hold, and some that they cannot."""
