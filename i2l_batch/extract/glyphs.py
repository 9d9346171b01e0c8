"""The text layer of one PDF page as pieces with exact ink boxes, and its drawings as boxes.

In: a PyMuPDF page. Out: a `PageText` in PDF points, origin top left, rotation undone. Says which
pieces look mathematical or like words; does not know what a line, a column or a formula is.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pymupdf

from i2l_batch.extract.fonts import (
    count_word_letters,
    has_math_chars,
    is_math_font,
    is_nameless_font,
)

# Without the corrections and with accurate boxes MuPDF gives the glyphs' real vertical extents;
# otherwise the boxes of CMEX and other symbol fonts are off by up to the glyph's height.
pymupdf.TOOLS.unset_quad_corrections(True)
_FLAGS = (
    pymupdf.TEXT_ACCURATE_BBOXES
    | pymupdf.TEXT_PRESERVE_LIGATURES
    | pymupdf.TEXT_PRESERVE_WHITESPACE
    | pymupdf.TEXT_MEDIABOX_CLIP
    | pymupdf.TEXT_COLLECT_VECTORS
)
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
THIN = 1.6
"""Points; a drawn rectangle thinner than this is a rule."""


@dataclass(slots=True, eq=False)
class Piece:
    """A run of characters without a space, in one font."""

    text: str
    font: str
    size: float
    x0: float
    y0: float
    x1: float
    y1: float
    baseline: float
    letters: int
    """Letters in words of prose."""
    math: bool
    """Set in a mathematical font, or with mathematical signs in it."""
    bar: float | None = None
    """y of the fraction bar that it stands over or under."""

    @property
    def width(self) -> float:
        """Points."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Points, of the ink."""
        return self.y1 - self.y0

    @property
    def loose(self) -> bool:
        """Says nothing about a baseline: taller than text, or hanging from it as TeX's roots do."""
        height = self.y1 - self.y0
        hangs = height > 0.5 * self.size and self.baseline - self.y0 < 0.25 * height
        return hangs or height > 1.3 * self.size


Rect = tuple[float, float, float, float]
"""x0, y0, x1, y1 in points."""


@dataclass(slots=True)
class PageText:
    """What a page's content stream holds, as far as formulas need it."""

    lines: list[list[Piece]] = field(default_factory=list)
    """As MuPDF joins them: neighbours on about one baseline."""
    rules: list[Rect] = field(default_factory=list)
    """Thin horizontal rules: fraction bars, roots, table rules."""
    drawings: list[Rect] = field(default_factory=list)
    """Everything else that is drawn, but for plain rectangles behind the text."""
    images: list[Rect] = field(default_factory=list)


def read_page(page: pymupdf.Page) -> PageText:
    """The pieces and drawings of a page; text that does not run from left to right is left out."""
    text = PageText()
    blocks: list[dict[str, Any]] = page.get_text("rawdict", flags=_FLAGS)["blocks"]  # pyright: ignore
    for block in blocks:
        if block["type"] == 0:
            for line in block["lines"]:
                if line["dir"][0] > 0.99:
                    pieces = [piece for span in line["spans"] for piece in _pieces(span)]
                    if pieces:
                        text.lines.append(pieces)
        elif block["type"] == 3:
            _sort_vector(block, text)
    if page.get_images():  # finding their places costs as much as reading the text
        text.images = [tuple(info["bbox"]) for info in page.get_image_info()]
    _judge_fonts(text.lines)
    return text


def _pieces(span: dict[str, Any]) -> list[Piece]:
    """A span cut at its spaces."""
    font, size = span["font"], span["size"]
    math_font = is_math_font(font)
    pieces: list[Piece] = []
    run: list[dict[str, Any]] = []
    for char in span["chars"]:
        if not char["c"].isspace():
            run.append(char)
        elif run:
            pieces.append(_piece(run, font, size, math_font))
            run = []
    if run:
        pieces.append(_piece(run, font, size, math_font))
    return pieces


def _piece(run: list[dict[str, Any]], font: str, size: float, math_font: bool) -> Piece:
    text = "".join([char["c"] for char in run])
    x0, y0, x1, y1 = run[0]["bbox"]
    for char in run[1:]:
        _, top, x1, bottom = char["bbox"]
        if top < y0:
            y0 = top
        if bottom > y1:
            y1 = bottom
    letters = 0 if math_font else count_word_letters(text)
    math = math_font or has_math_chars(text)
    return Piece(text, font, size, x0, y0, x1, y1, run[0]["origin"][1], letters, math)


def _judge_fonts(lines: list[list[Piece]]) -> None:
    """Correct what the names of fonts say by what the fonts are used for on this page.

    A font with a mathematical name that sets whole words (STIX, Asana) is a text font; one without
    a real name (bitmap fonts) that sets no word at all is taken for a mathematical one.
    """
    letters: Counter[str] = Counter()
    in_words: Counter[str] = Counter()
    pieces = [piece for line in lines for piece in line]
    for piece in pieces:
        if is_math_font(piece.font) or is_nameless_font(piece.font):
            letters[piece.font] += sum(map(str.isalpha, piece.text))
            # Products of variables such as `RUV` look like short words.
            in_words[piece.font] += sum(map(len, _LONG_WORD.findall(piece.text)))
    for piece in pieces:
        if piece.font not in letters:
            continue
        if in_words[piece.font] > max(60, letters[piece.font] / 2):
            piece.letters = count_word_letters(piece.text)
            piece.math = has_math_chars(piece.text)
        elif is_nameless_font(piece.font) and in_words[piece.font] == 0:
            piece.letters, piece.math = 0, True


def _sort_vector(block: dict[str, Any], text: PageText) -> None:
    x0, y0, x1, y1 = block["bbox"]
    if min(x1 - x0, y1 - y0) >= THIN and block["isrect"] and not block["stroked"]:
        return
    if y1 - y0 < THIN and x1 - x0 > 2:
        text.rules.append((x0, y0, x1, y1))
    else:
        text.drawings.append((x0, y0, x1, y1))
