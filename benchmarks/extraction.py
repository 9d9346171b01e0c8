"""Recall, precision and speed of extraction against pages marked by hand.

    python benchmarks/extraction.py FOLDER [--verbose]

FOLDER is searched for the PDFs that `extraction_truth/*.json` names by their sha256; the PDFs
themselves are not part of the project. A found box and a marked one are a pair where their
intersection over union is at least 0.5 (best pairs first); a pair is tight where all four edges
differ by at most 3 points. A crop holds prose or a number where a word of three letters or more,
or the marked number, stands in its box, outside of the marked box, and shows in its pixels.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import resource
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
from PIL import Image

from i2l_batch.config import ExtractConfig
from i2l_batch.errors import SourceError
from i2l_batch.extract import extract_chunk
from i2l_batch.extract.crops import MARGIN
from i2l_batch.extract.files import file_sha256
from i2l_batch.records import Crop

TRUTH = Path(__file__).parent / "extraction_truth"
LEAST_IOU = 0.5
EDGE = 3.0
"""Points."""

Edges = tuple[float, float, float, float]
Mark = dict[str, Any]
"""`box` (x0, y0, x1, y1 in points) and `number` (as printed, or null)."""


def main() -> None:
    """Measure all marked pages found under the folder and print the table."""
    parser = argparse.ArgumentParser(description="extraction against pages marked by hand")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--verbose", action="store_true", help="name every fault")
    options = parser.parse_args()
    pdfs = {file_sha256(str(path)): path for path in sorted(options.folder.rglob("*.pdf"))}
    total: Counter[str] = Counter()
    print(f"{'document':20} pages marked found recall precision tight number prose-in number-in")
    for file in sorted(TRUTH.glob("*.json")):
        truth = json.loads(file.read_text())
        if truth["sha256"] not in pdfs:
            print(f"{file.stem:20} not found")
            continue
        counts = measure(truth["pages"], pdfs[truth["sha256"]], options.verbose)
        print(_line(file.stem, counts))
        total += counts
    print(_line("all", total))
    print(_speed(list(pdfs.values())))


def measure(pages: dict[str, list[Mark]], path: Path, verbose: bool) -> Counter[str]:
    """Counts of one document over its marked pages."""
    counts: Counter[str] = Counter()
    crops = extract_chunk(str(path), "pdf", ExtractConfig(pages=",".join(pages))).crops
    with pymupdf.open(path) as document:
        for page, marks in pages.items():
            found = [crop for crop in crops if crop.page == int(page)]
            words: list[Any] = document[int(page) - 1].get_text("words")  # pyright: ignore
            pairs = _pairs(marks, found)
            counts.update(pages=1, marked=len(marks), found=len(found), pairs=len(pairs))
            faults = [f"missed {m}" for i, m in enumerate(marks) if i not in dict(pairs)]
            hits = {j for _, j in pairs}
            faults += [f"false {_edges(c)}" for j, c in enumerate(found) if j not in hits]
            for i, j in pairs:
                verdict = _judge(marks[i], found[j], words)
                counts.update(verdict)
                if not (verdict["tight"] and verdict["number"]) or verdict["prose"]:
                    faults.append(
                        f"#{j}: {dict(verdict)}, marked {marks[i]}, found {_edges(found[j])}"
                    )
            for fault in faults if verbose else []:
                print(f"  page {page}: {fault}")
    return counts


def _pairs(marks: list[Mark], crops: list[Crop]) -> list[tuple[int, int]]:
    """Indices of marks and crops that belong together, best overlap first."""
    scored = sorted(
        (
            (_iou(mark["box"], _edges(crop)), i, j)
            for i, mark in enumerate(marks)
            for j, crop in enumerate(crops)
        ),
        reverse=True,
    )
    pairs: dict[int, int] = {}
    for score, i, j in scored:
        if score >= LEAST_IOU and i not in pairs and j not in pairs.values():
            pairs[i] = j
    return list(pairs.items())


def _judge(mark: Mark, crop: Crop, words: list[Any]) -> Counter[str]:
    """What is right and wrong about one pair."""
    verdict: Counter[str] = Counter()
    found = _edges(crop)
    verdict["tight"] = all(abs(a - b) <= EDGE for a, b in zip(mark["box"], found, strict=True))
    verdict["number"] = mark["number"] == crop.number
    numbers = {f"({n})" for n in (mark["number"] or "").split(",")}
    for x0, y0, x1, y1, text, *_ in words:
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        if _holds(found, middle) and not _holds(mark["box"], middle) and _shows(crop, middle):
            verdict["number_in"] |= text in numbers
            verdict["prose"] |= re.fullmatch(r"[A-Za-z]{3,}[.,:;]?", text) is not None
    return verdict


def _shows(crop: Crop, point: tuple[float, float]) -> bool:
    """Whether there is ink in the crop within 2 points of a place on the page."""
    assert crop.dpi
    zoom = crop.dpi / 72
    pixels = np.asarray(Image.open(io.BytesIO(crop.png))).astype(int)
    column = int((point[0] - crop.box.x0 + MARGIN) * zoom)
    row = int((point[1] - crop.box.y0 + MARGIN) * zoom)
    reach = int(2 * zoom)
    near = pixels[max(0, row - reach) : row + reach, max(0, column - reach) : column + reach]
    return near.size > 0 and int(near.max()) - int(near.min()) > 60


def _edges(crop: Crop) -> Edges:
    return crop.box.x0, crop.box.y0, crop.box.x1, crop.box.y1


def _holds(box: Edges, point: tuple[float, float]) -> bool:
    return box[0] < point[0] < box[2] and box[1] < point[1] < box[3]


def _iou(a: Edges, b: Edges) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (areas - width * height)


def _line(name: str, n: Counter[str]) -> str:
    def share(part: str, whole: str) -> str:
        return f"{n[part] / n[whole]:.3f}" if n[whole] else "-"

    return (
        f"{name:20} {n['pages']:5} {n['marked']:6} {n['found']:5} {share('pairs', 'marked'):>6} "
        f"{share('pairs', 'found'):>9} {share('tight', 'pairs'):>5} "
        f"{share('number', 'pairs'):>6} {n['prose']:8} {n['number_in']:9}"
    )


def _speed(paths: list[Path]) -> str:
    """Pages per second of CPU time over the documents with formulas, and the peak memory."""
    pages, seconds = 0, 0.0
    for path in paths:
        first: int | None = 1
        while first is not None:
            begin = time.process_time()
            try:
                chunk = extract_chunk(str(path), "pdf", ExtractConfig(), first)
            except SourceError:
                break
            if chunk.crops:
                seconds += time.process_time() - begin
                pages += min(50, chunk.num_pages - first + 1)
            first = chunk.next_page
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rate = pages / max(seconds, 1e-9)
    return (
        f"{pages} pages in {seconds:.2f} s of CPU: {rate:.1f} pages/s; peak memory {peak:.0f} MiB"
    )


if __name__ == "__main__":
    main()
