"""An image file -> `Extraction`: it is one formula, or one page, as a grey PNG.

In: PNG, JPEG, TIFF or WebP of any mode. A TIFF has pages; of other files with several pictures
(animations, a phone's previews beside its photo) the first is taken. Out: pixels as they are,
upright and on white, without rescaling or inverting.
"""

from __future__ import annotations

import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from i2l_batch.config import ExtractConfig
from i2l_batch.errors import SourceError
from i2l_batch.extract.crops import encode_png
from i2l_batch.extract.files import file_sha256, is_failed_allocation
from i2l_batch.extract.pages import page_chunk
from i2l_batch.records import Box, Crop, Extraction

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")
"""What Pillow may open, whatever the file is called; JPEG includes its several pictures, MPO."""

MAX_PIXELS = 100_000_000
"""A picture with more is refused: decoding it would take about a gigabyte."""


def extract_image(path: str, config: ExtractConfig, first_page: int) -> Extraction:
    """The picture in an image file, or a chunk of a TIFF's pages from `first_page` (1-based) on.

    Raises:
        SourceError: empty, no image, damaged, too large, or not readable at all.
        UsageError: the page selection cannot be understood.
    """
    digest = file_sha256(path)
    try:
        with warnings.catch_warnings(), Image.open(path, formats=FORMATS) as image:
            warnings.simplefilter("ignore")
            pages = _count_pages(image)
            if pages > 1:
                return _extract_pages(image, pages, digest, config, first_page)
            crops = [_crop(image, None, config)]
    except UnidentifiedImageError as error:
        raise _no_image(path, error) from error
    except Image.DecompressionBombError as error:
        raise SourceError("unsupported", f"{path} is too large: {error}") from error
    except (OSError, SyntaxError, TypeError, ValueError, EOFError) as error:
        raise SourceError("corrupt", f"{path} is a damaged image: {error}") from error
    return Extraction(source_sha256=digest, num_pages=1, crops=crops, next_page=None)


def _no_image(path: str, error: Exception) -> SourceError:
    with open(path, "rb") as file:
        if not file.read(1):
            return SourceError("corrupt", f"{path} is empty (0 bytes)")
    return SourceError("unsupported", f"{path} is no image that can be read: {error}")


def _count_pages(image: Image.Image) -> int:
    """1 for what is no TIFF. The first page of which nothing can be found counts as the last."""
    page = 0
    while image.format == "TIFF":
        try:
            image.seek(page)
        except EOFError:
            return page
        except Exception:  # whatever Pillow stumbles over in a file that is cut short
            return page + 1
        page += 1
    return 1


def _extract_pages(
    image: Image.Image, pages: int, digest: str, config: ExtractConfig, first_page: int
) -> Extraction:
    chunk, next_page, notes = page_chunk(config, pages, first_page)
    crops: list[Crop] = []
    errors: list[str] = []
    for page in chunk:
        try:
            image.seek(page - 1)
            crop = _crop(image, page, config)
        except Exception as error:  # whatever is wrong with one page, the others go on
            if is_failed_allocation(error):
                raise
            errors.append(f"page {page}: {type(error).__name__}: {error}")
            continue
        crops.append(crop)
    return Extraction(
        source_sha256=digest,
        num_pages=pages,
        crops=crops,
        next_page=next_page,
        page_errors=errors,
        notes=notes,
    )


def _crop(image: Image.Image, page: int | None, config: ExtractConfig) -> Crop:
    if image.width * image.height > MAX_PIXELS:
        raise Image.DecompressionBombError(
            f"{image.width} x {image.height} pixels are more than "
            f"{MAX_PIXELS // 1_000_000} million: scale it down"
        )
    grey = to_grey(image)
    return Crop(
        page=page,
        index=0,
        kind="page" if _is_page(grey, config) else "image",
        number=None,
        box=Box(x0=0, y0=0, x1=grey.width, y1=grey.height),
        page_width=grey.width,
        page_height=grey.height,
        dpi=None,
        em=None,
        png=encode_png(np.asarray(grey)),
    )


def _is_page(image: Image.Image, config: ExtractConfig) -> bool:
    """Portrait paper (height 1.15 to 1.75 of the width) from about 80 dpi on is a page."""
    if config.images != "auto":
        return config.images == "page"
    return image.width >= 700 and 1.15 <= image.height / image.width <= 1.75


def to_grey(image: Image.Image) -> Image.Image:
    """Any picture as 8-bit grey: upright by its EXIF tag, transparency on white."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image).astype(np.float64)
        # 16-bit samples (in 32 bits too) go by their full range, smaller ones are 8-bit already.
        scale = 255.0 if values.max(initial=0) <= 255 else 65535.0
        if values.max(initial=0) > scale:
            scale = float(values.max())
        return Image.fromarray((values.clip(0) * (255 / scale)).round().astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("L")
