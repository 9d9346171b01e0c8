"""Small PDFs made on the spot: good ones, and ones made to do harm."""

from __future__ import annotations

import zlib
from pathlib import Path

import pymupdf

PROSE = (
    "The quick brown fox jumps over the lazy dog and runs along the river",
    "until the evening comes and everyone in the village is fast asleep.",
    "Nothing of this has anything to do with numbers or with equations.",
)


AES_256: int = pymupdf.PDF_ENCRYPT_AES_256  # pyright: ignore[reportAttributeAccessIssue]


def paper(path: Path, *, pages: int = 1, password: str | None = None, first: int = 2) -> Path:
    """A one-column page (or more) with prose, one display formula and its number (page).

    The formulas have the denominators `first`, `first` + 1, and so on.
    """
    document = pymupdf.open()
    for number in range(1, pages + 1):
        page = document.new_page()
        y = prose(page, 100)
        formula(page, 200, y + 22, f"({number})", below=str(first + number - 1))
        prose(page, y + 48)
    if password:
        document.save(path, encryption=AES_256, user_pw=password)
    else:
        document.save(path)
    document.close()
    return path


def prose(page: pymupdf.Page, y: float, *, x: float = 72, size: float = 11) -> float:
    """Three justified-looking lines; returns the y of the next baseline."""
    for line in PROSE:
        page.insert_text((x, y), line, fontname="tiro", fontsize=size)
        y += 1.25 * size
    return y


def formula(
    page: pymupdf.Page, x: float, y: float, number: str = "", *, below: str = "2"
) -> pymupdf.Rect:
    """alpha = beta + x over `below`, with a number at the right; returns its box without that."""
    page.insert_text((x, y), "a = b +", fontname="symb", fontsize=11)
    page.insert_text((x + 45, y - 7), "x", fontname="tiit", fontsize=11)
    page.insert_text((x + 45, y + 9), below, fontname="tiro", fontsize=11)
    page.draw_line((x + 42, y - 3), (x + 54, y - 3), width=0.5)
    if number:
        page.insert_text((378, y), number, fontname="tiro", fontsize=11)
    return pymupdf.Rect(x, y - 12, x + 54, y + 9)


def raw_pdf(path: Path, objects: list[bytes]) -> Path:
    """A PDF out of the bodies of its objects, numbered from 1; the first is the catalog."""
    data = b"%PDF-1.7\n"
    for number, body in enumerate(objects, start=1):
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    data += b"trailer <</Root 1 0 R /Size %d>>\n%%%%EOF\n" % (len(objects) + 1)
    path.write_bytes(data)
    return path


def _stream(content: bytes, entries: bytes = b"") -> bytes:
    packed = zlib.compress(content, 9)
    head = b"<<%s /Filter /FlateDecode /Length %d>>" % (entries, len(packed))
    return head + b"\nstream\n" + packed + b"\nendstream"


_CATALOG = b"<</Type /Catalog /Pages 2 0 R>>"
_FONT = b"<</F <</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>>>"


def hanging(path: Path) -> Path:
    """A form that draws a form ten times, which draws a form ten times ... ten levels deep."""
    levels = 10
    page = b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R"
    page += b" /Resources <</XObject <</X 5 0 R>>>>>>"
    objects = [_CATALOG, b"<</Type /Pages /Kids [3 0 R] /Count 1>>", page, _stream(b"/X Do")]
    for level in range(levels):
        entries = b"/Type /XObject /Subtype /Form /BBox [0 0 99 99] /Resources <<"
        last = level == levels - 1
        entries += b"/Font " + _FONT if last else b"/XObject <</X %d 0 R>>" % (level + 6)
        content = b"BT /F 5 Tf 9 9 Td (word) Tj ET" if last else b"/X Do " * 10
        objects.append(_stream(content, entries + b">>"))
    return raw_pdf(path, objects)


def greedy(path: Path, megabytes: int = 40) -> Path:
    """So much text, well packed, that its layout takes many times its size in memory."""
    line = b"1 0 0 1 9 9 Tm (%s) Tj\n" % (b"x" * 70)
    content = b"BT /F 0.1 Tf " + line * (megabytes * 10_000) + b"ET"
    page = b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R"
    page += b" /Resources <</Font " + _FONT + b">>>>"
    kids = b"<</Type /Pages /Kids [3 0 R] /Count 1>>"
    return raw_pdf(path, [_CATALOG, kids, page, _stream(content)])


def without_pages(path: Path) -> Path:
    """A valid PDF with an empty page tree."""
    return raw_pdf(path, [_CATALOG, b"<</Type /Pages /Kids [] /Count 0>>"])
