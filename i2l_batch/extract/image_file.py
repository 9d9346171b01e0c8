"""An image file -> `Extraction`: each frame is one formula, or one page, as a grey PNG.

In: PNG, JPEG, TIFF (all frames) or WebP of any mode. Out: pixels as they are, upright and on white,
without rescaling or inverting.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from i2l_batch.config import ExtractConfig
from i2l_batch.errors import SourceError
from i2l_batch.extract.crops import encode_png
from i2l_batch.extract.files import file_sha256
from i2l_batch.records import Box, Crop, Extraction

MAX_PIXELS = 100_000_000
"""A frame with more is refused: decoding it would take about a gigabyte."""


def extract_image(path: str, config: ExtractConfig, first_page: int) -> Extraction:
    """Frames of an image file, at most `config.chunk_pages` from `first_page` (1-based) on.

    Raises:
        SourceError: empty, no image, damaged, too large, or not readable at all.
    """
    digest = file_sha256(path)
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")
            frames = getattr(image, "n_frames", 1)
            last = min(frames, first_page + config.chunk_pages - 1)
            crops = list(_crops(image, path, config, first_page, last, frames > 1))
    except UnidentifiedImageError as error:
        raise _no_image(path, error) from error
    except Image.DecompressionBombError as error:
        raise SourceError("unsupported", f"{path} is too large: {error}") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise SourceError("corrupt", f"{path} is a damaged image: {error}") from error
    next_page = last + 1 if last < frames else None
    return Extraction(source_sha256=digest, num_pages=frames, crops=crops, next_page=next_page)


def _no_image(path: str, error: Exception) -> SourceError:
    with open(path, "rb") as file:
        if not file.read(1):
            return SourceError("corrupt", f"{path} is empty (0 bytes)")
    return SourceError("unsupported", f"{path} is no image that can be read: {error}")


def _crops(
    image: Image.Image, path: str, config: ExtractConfig, first: int, last: int, many: bool
) -> Iterator[Crop]:
    for frame in range(first, last + 1):
        if many:
            image.seek(frame - 1)
        if image.width * image.height > MAX_PIXELS:
            raise SourceError(
                "unsupported",
                f"{path} has {image.width} x {image.height} pixels, more than "
                f"{MAX_PIXELS // 1_000_000} million: scale it down",
            )
        grey = to_grey(image)
        kind = "page" if _is_page(grey, config) else "image"
        yield Crop(
            page=frame if many else None,
            index=0,
            kind=kind,
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
