r"""A results folder of any size, as two long runs would have left it.

    python benchmarks/synthetic_results.py OUT [--rows 100000] [--seed 1]

In: a number of formulas and a seed. Out: a folder written by the store, with LaTeX out of a small
grammar in our spelling, pictures, confidences, flags, beams, documents of every status and error,
and names that try to break things. The same seed gives the same rows; only the run ids and the
times of the runs are new. The pictures show strokes, not the LaTeX of their rows.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import math
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from benchmarks.synthetic_readings import Library, Reading
from i2l_batch.account import Account
from i2l_batch.errors import ErrorType
from i2l_batch.records import Box, Crop, Document
from i2l_batch.store import Store, formula_row

MODEL = {"id": "compact-5e2d9c", "sha256": "5e2d9c" + 58 * "0"}
SETTINGS = {"dpi": 200, "inline": True, "pages": None}
PER_PAPER = (4, 76)
HOSTILE_NAMES = [
    "<script>alert('1')</script>.pdf",
    "[bold]100%[/bold] & \"quoted\" 'names'.pdf",
    "r\udce9sum\udce9 \udcff.pdf",  # Latin-1 bytes
    r"back\slash\x41.pdf",
    "two\nlines\tand \x1b[31mred.pdf",
    "DROP TABLE formulas; --.pdf",
    "année/数学 \u202efdp.exe.pdf",
    "-rf.pdf",
    "a|b*c?[1].pdf",
    "=cmd()|' '!A0.pdf",
]
MESSAGES: dict[ErrorType, str] = {
    "encrypted": "{} asks for a password: give it with --pdf-password",
    "corrupt": "cannot open {}: no objects found",
    "timeout": "extraction took longer than 120 s: give a higher --document-timeout",
    "out_of_memory": "extraction wanted more than 2048 MiB: give a higher --memory-limit",
    "crashed": "the PDF library died over {} (SIGSEGV)",
    "unsupported": "{} is neither a PDF nor an image of a known kind",
    "unreadable": "cannot open {}: Permission denied",
}


Rows = list[dict[str, Any]]


def documents(library: Library, rows: int) -> Iterator[tuple[Document, Rows]]:
    """Documents until there are `rows` formulas, and between them those without any.

    What is rare comes early: twenty documents hold all that users ever saw.
    """
    rng, left, kinds = library.rng, rows, get_args(ErrorType)
    for number in itertools.count(1):
        if not left:
            return
        document = _document(number, rng)
        kind = kinds[(number - 3) // 2 % 7 if number < 17 else number // 20 % 7]
        if number in (3, 5, 7, 9, 11, 13, 15) or (number > 20 and number % 20 == 5):
            message = MESSAGES[kind].format(document.source)
            yield replace(document, status="failed", error_type=kind, error_message=message), []
        elif number == 17 or number % 20 == 12:
            yield replace(document, status="empty", error_message="pages 1-8 are scans"), []
        elif number % 20 == 19:
            yield _image(document, library)
            left -= 1
        else:
            made = _rows(document, library, min(left, rng.randrange(*PER_PAPER)))
            left -= len(made)
            pages = max(document.pages, made[-1]["page"])
            document = replace(document, status="ok", formulas=len(made), pages=pages)
            yield _partial(document, made, kind) if number % 25 == 6 else document, made


def _document(number: int, rng: random.Random) -> Document:
    name = f"{1990 + number % 35}/{number:07d}.pdf"
    if number <= 20 and number % 2 == 0:
        name = HOSTILE_NAMES[number // 2 - 1]
    return Document(
        source=name,
        path=f"/data/papers/{name}",
        source_sha256=_sha256(name),
        num_bytes=rng.randrange(40_000, 3_000_000),
        pages=rng.randrange(4, 40),
        formulas=0,
        status="failed",
        seconds=rng.lognormvariate(0.5, 0.8),
        attempts=1,
        run="",
    )


def _sha256(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()


def _partial(document: Document, made: Rows, kind: ErrorType) -> Document:
    """The document without some pages, or with a formula over which the model died."""
    message = f"pages 2, 3: {MESSAGES[kind].format(document.source)}"
    if kind == "crashed":
        nothing = {"latex": "", "num_tokens": 0, "alternatives": [], "valid": True}
        made[0] |= nothing | {"flags": ["crashed"], "confidence": 0.0, "score": -math.inf}
        message = "the model died over 1 formula"
    return replace(document, status="partial", error_type=kind, error_message=message)


def _image(document: Document, library: Library) -> tuple[Document, Rows]:
    """A file that is one formula."""
    name = document.source.replace(".pdf", ".png")
    document = replace(
        document, source=name, path=f"/data/papers/{name}", source_sha256=_sha256(name), pages=1
    )
    reading = library.read()
    box = Box(x0=0.0, y0=0.0, x1=reading.picture.width, y1=reading.picture.height)
    crop = Crop(
        page=None,
        index=0,
        kind="image",
        number=None,
        box=box,
        page_width=box.x1,
        page_height=box.y1,
        dpi=None,
        em=None,
        png=reading.png,
    )
    return replace(document, status="ok", formulas=1), [_row(document, crop, reading)]


def _rows(document: Document, library: Library, count: int) -> Rows:
    rows, rng, page, index = [], library.rng, 1, -1
    for number in range(1, count + 1):
        step = rng.choice([0, 0, 0, 0, 1, 2]) if number > 1 else 0
        page, index = page + step, 0 if step else index + 1
        reading, y = library.read(), 72.0 + 40 * index
        width, height = (
            size * 72 / 200 for size in (reading.picture.width, reading.picture.height)
        )
        crop = Crop(
            page=page,
            index=index,
            kind="inline" if rng.random() < 0.15 else "display",
            number=f"{1 + page // 6}.{number}" if rng.random() < 0.6 else None,
            box=Box(x0=90.0, y0=y, x1=90.0 + width, y1=y + height),
            page_width=612.0,
            page_height=792.0,
            dpi=200,
            em=28.0,
            png=reading.png,
        )
        rows.append(_row(document, crop, reading))
    return rows


def _row(document: Document, crop: Crop, reading: Reading) -> dict[str, Any]:
    assert document.source_sha256 is not None
    return formula_row(
        document.source,
        document.source_sha256,
        crop,
        reading.transcript,
        keep_crop=True,
        model=MODEL["id"],
    )


def write_results(folder: Path, rows: int, seed: int = 1) -> None:
    """Write a new results folder of so many formulas (at least one), in two runs.

    The second run does the last tenth of the formulas, and tries the first document that failed
    again, in vain. Raises StoreError where there are other results in the folder.
    """
    assert rows > 0, rows
    made = documents(Library(seed), rows)
    failed = _run(folder, made, rows - rows // 10, None)
    _run(folder, made, rows, failed)


def _run(
    folder: Path, made: Iterator[tuple[Document, Rows]], formulas: int, again: Document | None
) -> Document | None:
    """Write documents up to so many formulas; the first of them that failed."""
    account, seconds, failed = Account(), 0.0, None
    with Store.open(folder, settings=SETTINGS, model=MODEL, part_seconds=math.inf) as store:
        retried = [(replace(again, attempts=2), [])] if again else []
        for document, rows in itertools.chain(retried, made):
            store.add(replace(document, run=store.run), rows)
            account.found += 1
            account.note(document.status, document.formulas)
            seconds += document.seconds
            failed = failed or (document if document.status == "failed" else None)
            if account.formulas >= formulas:
                break
        total = seconds / 3 + 1
        timings = {"extract": seconds, "read": 0.9 * total, "total": total, "busy": 0.9}
        store.close(status="finished", counts=account.counts(), timings=timings)
    return failed


def main() -> None:
    """Options to one call."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    write_results(arguments.out, arguments.rows, arguments.seed)


if __name__ == "__main__":
    main()
