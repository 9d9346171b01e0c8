"""Pictures of pages with the found formulas drawn over them, to see what extraction sees.

In: a PDF or image file. Out: one PNG per page: display formulas red, inline ones green, equation
numbers blue, each formula labelled with its index on the page and its number.
"""

from __future__ import annotations

import io
from pathlib import Path

import pymupdf
from PIL import Image, ImageDraw

from i2l_batch.config import ExtractConfig
from i2l_batch.extract import extract_chunk
from i2l_batch.extract.glyphs import Rect
from i2l_batch.extract.pages import select_pages
from i2l_batch.extract.pdf import load_text, open_pdf, page_formulas
from i2l_batch.input_files import media_of

COLOURS = {"display": "red", "inline": "green", "image": "red", "page": "orange", "number": "blue"}
_DPI = 110
"""Enough to read the page on a screen."""


def draw_boxes(path: str, config: ExtractConfig, output_dir: str | Path) -> list[Path]:
    """Write `<name>-<page>.png` for each selected page into `output_dir`; returns their paths.

    Raises:
        SourceError: the file cannot be read.
        UsageError: the page selection cannot be understood.
    """
    folder = Path(output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    if media_of(path) == "image":
        return _draw_image(path, config, folder)
    written: list[Path] = []
    with open_pdf(path, config.pdf_password) as document:
        for number in select_pages(config.pages, len(document)):
            target = folder / f"{Path(path).stem}-{number:04d}.png"
            _draw_page(document[number - 1], config).save(target)
            written.append(target)
    return written


def _draw_page(page: pymupdf.Page, config: ExtractConfig) -> Image.Image:
    text = load_text(page)
    pixmap = page.get_pixmap(dpi=_DPI, colorspace=pymupdf.csRGB)
    picture = Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)
    draw = ImageDraw.Draw(picture)
    for index, (formula, _) in enumerate(page_formulas(page, text, config)):
        label = f"{index}" if formula.number is None else f"{index}: ({formula.number})"
        _frame(draw, formula.box, COLOURS[formula.kind], label)
        for box in formula.number_boxes:
            _frame(draw, box, COLOURS["number"])
    return picture


def _frame(draw: ImageDraw.ImageDraw, box: Rect, colour: str, label: str = "") -> None:
    """A frame two pixels outside of a box in points, with a label above its left corner."""
    zoom = _DPI / 72
    x0, y0, x1, y1 = (value * zoom for value in box)
    draw.rectangle((x0 - 3, y0 - 3, x1 + 3, y1 + 3), outline=colour, width=1)
    draw.text((x0 - 3, y0 - 14), label, fill=colour)


def _draw_image(path: str, config: ExtractConfig, folder: Path) -> list[Path]:
    """The frames of an image file as they are taken, with their kind."""
    written: list[Path] = []
    first: int | None = 1
    while first is not None:
        extraction = extract_chunk(path, "image", config, first)
        for crop in extraction.crops:
            picture = Image.open(io.BytesIO(crop.png)).convert("RGB")
            draw = ImageDraw.Draw(picture)
            draw.rectangle(
                (0, 0, picture.width - 1, picture.height - 1), outline=COLOURS[crop.kind]
            )
            draw.text((2, 0), crop.kind, fill=COLOURS[crop.kind])
            target = folder / f"{Path(path).stem}-{crop.page or 1:04d}.png"
            picture.save(target)
            written.append(target)
        first = extraction.next_page
    return written
