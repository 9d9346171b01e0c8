"""Documents -> formula crops: the one door to everything in this package.

`extract_chunk` and `extract_prepared` are plain functions without limits of time and memory;
`i2l_batch.guard` runs them in a child process that has them. PyMuPDF is loaded on the first call,
not on import.
"""

from __future__ import annotations

from typing import Literal

from i2l_batch.config import ExtractConfig
from i2l_batch.extract.files import unchanged
from i2l_batch.images import Prepared, decode_png, prepare
from i2l_batch.models.config import PictureFormat
from i2l_batch.records import Extraction


def extract_chunk(
    path: str, media: Literal["pdf", "image"], config: ExtractConfig, first_page: int = 1
) -> Extraction:
    """Crops of the next `config.chunk_pages` pages of a document, from `first_page` (1-based) on.

    Pages that fail alone are told in `page_errors`; `next_page` says where to go on.

    Raises:
        SourceError: the document as a whole cannot be read, or became another one meanwhile;
            carries the error type.
        UsageError: `config.pages` cannot be understood.
    """
    with unchanged(path):
        if media == "pdf":
            from i2l_batch.extract.pdf import extract_pdf

            return extract_pdf(path, config, first_page)
        from i2l_batch.extract.image_file import extract_image

        return extract_image(path, config, first_page)


def extract_prepared(
    path: str,
    media: Literal["pdf", "image"],
    config: ExtractConfig,
    first_page: int,
    pictures: PictureFormat,
    located: bool,
) -> tuple[Extraction, list[Prepared]]:
    """As `extract_chunk`, with the picture of each crop as a model reads it.

    Args:
        path: the document.
        media: what it is.
        config: what to take out of it.
        first_page: 1-based page to start at.
        pictures: what the model reads.
        located: whether anybody wants to know where symbols are.
    """
    extraction = extract_chunk(path, media, config, first_page)
    prepared = [
        prepare(decode_png(crop.png), crop.em, **pictures._asdict()) for crop in extraction.crops
    ]
    if not located:
        prepared = [picture.without_sharp() for picture in prepared]
    return extraction, prepared
