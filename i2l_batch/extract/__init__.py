"""Documents -> formula crops: the one door to everything in this package.

`extract_chunk` is a plain function without limits of time and memory; `i2l_batch.guard` runs it in
a child process that has them. PyMuPDF is loaded on the first call, not on import.
"""

from __future__ import annotations

from typing import Literal

from i2l_batch.config import ExtractConfig
from i2l_batch.records import Extraction


def extract_chunk(
    path: str, media: Literal["pdf", "image"], config: ExtractConfig, first_page: int = 1
) -> Extraction:
    """Crops of the next `config.chunk_pages` pages of a document, from `first_page` (1-based) on.

    Pages that fail alone are told in `page_errors`; `next_page` says where to go on.

    Raises:
        SourceError: the document as a whole cannot be read; carries the error type.
        UsageError: `config.pages` cannot be understood.
    """
    if media == "pdf":
        from i2l_batch.extract.pdf import extract_pdf

        return extract_pdf(path, config, first_page)
    from i2l_batch.extract.image_file import extract_image

    return extract_image(path, config, first_page)
