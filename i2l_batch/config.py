"""The options of a run: frozen, checked on creation, each field with its unit and meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from i2l_batch.errors import UsageError


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtractConfig:
    """What to take out of a document, and how far it may go. All of it changes the rows."""

    dpi: int = 200
    """Resolution of the stored crops of a PDF, in dots per inch (50-1200)."""
    inline: bool = False
    """Also take formulas inside lines of text."""
    pages: str | None = None
    """1-based pages to read, such as `1-4,7,12-`; null for all."""
    images: Literal["auto", "crop", "page"] = "auto"
    """What an image file is: one formula, or a page. auto decides by its size in pixels."""
    pdf_password: str | None = None
    document_timeout: float = 300.0
    """Seconds that one document may take to extract."""
    memory_limit: int = 2048
    """MiB that extracting one document may take."""
    chunk_pages: int = 50
    """Pages that are extracted at a time, so that a long book needs no more memory than a paper."""

    def __post_init__(self) -> None:
        if not 50 <= self.dpi <= 1200:
            raise UsageError(f"--dpi {self.dpi} is out of range: use 50 to 1200")
        if self.document_timeout <= 0:
            raise UsageError(f"--document-timeout {self.document_timeout} must be positive")
        if self.memory_limit < 128:
            raise UsageError(f"--memory-limit {self.memory_limit} MiB is too little: use 128 or more")
