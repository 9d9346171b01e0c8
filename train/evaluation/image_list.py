"""Images with known LaTeX, through the code that reads users' images.

In: JSON lines of image paths and LaTeX. Out: samples; the body size of their text is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from i2l_batch.config import ExtractConfig
from i2l_batch.errors import UsageError
from i2l_batch.extract import extract_chunk
from i2l_batch.images import decode_png
from i2l_batch.input_files import media_of
from i2l_batch.train.evaluation.truth import (
    Label,
    Sample,
    file_sha256,
    label,
    latex_of,
    text_of,
)
from i2l_batch.train.records_file import read_records


class ImageList:
    """The images that a truth file names."""

    def __init__(
        self,
        path: Path,
        *,
        images: Path | None = None,
        max_tokens: int | None = None,
        limit: int | None = None,
    ) -> None:
        """Read the labels and look whether the images are there.

        Args:
            path: JSON lines or CSV with `image` (or `img`) and `latex`.
            images: folder that the paths start at; null for the file's own.
            max_tokens: leave out formulas with more tokens in their label.
            limit: take only the first so many.

        Raises:
            UsageError: the file cannot be read, nothing is left of it, an image is missing.
        """
        self.path, self.max_tokens, self.limit = path, max_tokens, limit
        self.labels: list[Label] = []
        self.images: list[Path] = []
        for place, record in read_records(path):
            name = text_of(record, place, "image", "img")
            read = label(name, latex_of(record, place))
            if max_tokens is None or len(read.tokens) <= max_tokens:
                self.labels.append(read)
                self.images.append(_checked((images or path.parent) / name))
            if len(self.labels) == limit:
                break
        if not self.labels:
            within = "" if max_tokens is None else f" of at most {max_tokens} tokens"
            raise UsageError(f"{path} holds no formula{within}")

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self, size: int) -> Iterator[list[Sample]]:
        """All samples in order, at most `size` at a time. Raises SourceError."""
        for start in range(0, len(self), size):
            yield [
                Sample(label=self.labels[i], picture=_picture(self.images[i]), em=None)
                for i in range(start, min(start + size, len(self)))
            ]

    def facts(self) -> dict[str, Any]:
        """What names the samples in a report."""
        return {
            "kind": "images",
            "name": self.path.stem,
            "path": str(self.path),
            "split": None,
            "sha256": file_sha256(self.path),
            "max_tokens": self.max_tokens,
            "limit": self.limit,
        }


def _checked(path: Path) -> Path:
    if media_of(str(path)) != "image":
        raise UsageError(f"{path} is no image: PNG, JPEG, TIFF or WebP is needed")
    if not path.is_file():
        raise UsageError(f"{path} does not exist: see --images for the folder that paths start at")
    return path


def _picture(path: Path) -> np.ndarray:
    """An image file as the pipeline gives it to the model."""
    found = extract_chunk(str(path), "image", ExtractConfig(images="crop"))
    return decode_png(found.crops[0].png)
