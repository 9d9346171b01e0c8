"""A PDF, chunk by chunk of pages -> `Extraction`s.

In: a path and an `ExtractConfig`. Out: crops of the formulas, one line per page that failed, and
notes about scanned pages. Runs in whatever process calls it: limits are the guard's business.
"""

from __future__ import annotations

from dataclasses import replace

import pymupdf

from i2l_batch.config import ExtractConfig
from i2l_batch.errors import SourceError
from i2l_batch.extract.crops import PageCamera
from i2l_batch.extract.files import file_sha256, is_failed_allocation
from i2l_batch.extract.formulas import Formula, find_formulas
from i2l_batch.extract.glyphs import PageText, Rect, read_page
from i2l_batch.extract.pages import page_chunk
from i2l_batch.records import Box, Crop, Extraction

pymupdf.TOOLS.mupdf_display_errors(False)
pymupdf.TOOLS.mupdf_display_warnings(False)


def extract_pdf(path: str, config: ExtractConfig, first_page: int) -> Extraction:
    """Formulas of at most `config.chunk_pages` selected pages, from `first_page` (1-based) on.

    Raises:
        SourceError: the document cannot be opened at all.
        UsageError: the page selection cannot be understood.
    """
    digest = file_sha256(path)
    with open_pdf(path, config.pdf_password) as document:
        chunk, next_page, notes = page_chunk(config, len(document), first_page)
        crops: list[Crop] = []
        errors: list[str] = []
        scans: list[int] = []
        for number in chunk:
            try:
                page = document[number - 1]
                text = load_text(page)
                found = page_crops(page, text, config)
            except Exception as error:  # whatever one page does to MuPDF, the others go on
                if is_failed_allocation(error):
                    raise
                errors.append(f"page {number}: {type(error).__name__}: {error}")
                continue
            if is_scan(text):
                scans.append(number)
            crops += found
        if scans and config.images != "page":
            notes.append(_about_scans(scans))
        return Extraction(
            source_sha256=digest,
            num_pages=len(document),
            crops=crops,
            next_page=next_page,
            page_errors=errors,
            notes=notes,
        )


def open_pdf(path: str, password: str | None) -> pymupdf.Document:
    """Open a PDF that has pages, with its password if it needs one.

    Raises:
        SourceError: encrypted, corrupt or unreadable, with a message that says what to do.
    """
    try:
        with open(path, "rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise SourceError("unreadable", f"{path} cannot be read: {error.strerror}") from error
    if empty:
        raise SourceError("corrupt", f"{path} is empty (0 bytes)")
    try:
        document = _open(path)
        pages = len(document)
    except RuntimeError as error:
        if is_failed_allocation(error):
            raise
        raise SourceError("corrupt", f"{path} is no PDF that can be read: {error}") from error
    if document.needs_pass and not document.authenticate(password or ""):
        document.close()
        wrong = "the password is wrong" if password else "a password is needed"
        raise SourceError("encrypted", f"{path} is encrypted and {wrong}: use --pdf-password")
    if not document.is_pdf or pages == 0:
        document.close()
        raise SourceError("corrupt", f"{path} is no PDF, or one without pages")
    return document


def _open(path: str) -> pymupdf.Document:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:  # MuPDF finds no file whose name is not UTF-8
        with open(path, "rb") as file:
            return pymupdf.open(stream=file.read(), filetype="pdf")
    return pymupdf.open(path, filetype="pdf")


def load_text(page: pymupdf.Page) -> PageText:
    """The text layer, with the page turned as it is shown."""
    if page.rotation:
        page.remove_rotation()
    return read_page(page)


def page_crops(page: pymupdf.Page, text: PageText, config: ExtractConfig) -> list[Crop]:
    """Everything on one page that is to be transcribed, in reading order."""
    if is_scan(text):
        if config.images != "page":
            return []
        box = (0.0, 0.0, page.rect.width, page.rect.height)
        whole = Formula("page", box, [], None, None)
        return [_crop(page, 0, whole, config, PageCamera(page, config.dpi).whole())]
    found = page_formulas(page, text, config)
    return [_crop(page, i, formula, config, png) for i, (formula, png) in enumerate(found)]


def is_scan(text: PageText) -> bool:
    """Whether there is something to see on a page, but no text layer to read."""
    return not text.lines and bool(text.images or text.drawings)


def page_formulas(
    page: pymupdf.Page, text: PageText, config: ExtractConfig
) -> list[tuple[Formula, bytes]]:
    """The formulas on a page, their boxes drawn in to the ink, with a PNG of each."""
    formulas = find_formulas(text, page.rect.width, inline=config.inline)
    if not formulas:
        return []
    camera = PageCamera(page, config.dpi)
    found: list[tuple[Formula, bytes]] = []
    for formula in formulas:
        cut = camera.cut(formula.box, *_own_and_foreign(formula, text))
        if cut:
            box, png = cut
            found.append((replace(formula, box=box), png))
    return found


def _own_and_foreign(formula: Formula, text: PageText) -> tuple[list[Rect], list[Rect]]:
    """Boxes of the formula's glyphs, and of the glyphs near it that are not its own."""
    own = {id(piece) for piece in formula.pieces}
    x0, y0, x1, y1 = formula.box
    near = [
        p
        for line in text.lines
        for p in line
        if p.x0 < x1 + 5 and p.x1 > x0 - 5 and p.y0 < y1 + 5 and p.y1 > y0 - 5
    ]
    return (
        [(p.x0, p.y0, p.x1, p.y1) for p in near if id(p) in own],
        [(p.x0, p.y0, p.x1, p.y1) for p in near if id(p) not in own],
    )


def _crop(
    page: pymupdf.Page, index: int, formula: Formula, config: ExtractConfig, png: bytes
) -> Crop:
    x0, y0, x1, y1 = formula.box
    return Crop(
        page=(page.number or 0) + 1,
        index=index,
        kind=formula.kind,
        number=formula.number,
        box=Box(x0=x0, y0=y0, x1=x1, y1=y1),
        page_width=page.rect.width,
        page_height=page.rect.height,
        dpi=config.dpi,
        em=formula.size * config.dpi / 72 if formula.size else None,
        png=png,
    )


def _about_scans(pages: list[int]) -> str:
    listed = ", ".join(str(page) for page in pages[:10]) + (", ..." if len(pages) > 10 else "")
    return (
        f"{len(pages)} pages without a text layer (scans?): {listed}; "
        "--images page takes such pages whole"
    )
