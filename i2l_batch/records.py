"""The nouns of a run, in the order the data meets them.

A `Source` is one input file (a `Problem` one that cannot be tried). Extraction turns it into
`Extraction`s, one per chunk of pages, with `Crop`s in them; the transcriber gives each crop a
`Transcript`; a document ends as a `Document`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from i2l_batch.errors import ErrorType

Kind = Literal["display", "inline", "image", "page"]
"""display, inline: found in a PDF. image: a file that is one formula. page: a whole page image."""

Status = Literal["ok", "empty", "partial", "failed"]
"""ok: formulas found. empty: read, none found. partial: some pages or formulas failed.
failed: nothing read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One input file, as listed; its content is not read yet."""

    path: str
    """Absolute path, for opening; or the URI of an object in a store."""
    name: str
    """Identity within the run: path relative to the input root it was found under, with `/`.
    Bytes that are no UTF-8 are surrogates, as in `path`; `results.stored_name` makes it text."""
    num_bytes: int
    media: Literal["pdf", "image"]
    modified: datetime | None = None
    """When an object was last written, as its store says, UTC without a zone; null for files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One input that cannot even be tried: named but missing, no regular file, of another kind.

    It still ends as a failed row of the documents table.
    """

    path: str
    """Absolute path."""
    name: str
    """Identity within the run, as in `Source`."""
    num_bytes: int
    """0 where the size is not known."""
    error_type: ErrorType
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A rectangle, origin top left, x to the right, y down; points in a PDF, pixels in an image."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """Extent in x."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Extent in y."""
        return self.y1 - self.y0

    def is_centred_in(self, x0: float, y0: float, x1: float, y1: float) -> bool:
        """Whether its centre is in a rectangle, edges included."""
        x, y = (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2
        return x0 <= x <= x1 and y0 <= y <= y1


@dataclass(frozen=True, kw_only=True, slots=True)
class Crop:
    """One formula cut out of a page or an image file."""

    page: int | None
    """1-based page; null for image files (frame of a multi-page TIFF: 1-based)."""
    index: int
    """0-based position on the page in reading order."""
    kind: Kind
    number: str | None
    """Equation number as printed, without its parentheses."""
    box: Box
    page_width: float
    page_height: float
    dpi: int | None
    """Resolution of `png`; null for image files, whose pixels are taken as they are."""
    em: float | None
    """Size of the formula's main font in pixels of `png`; null where it is not known."""
    png: bytes
    """The crop, 8-bit grey, PNG, as on the page (not inverted, not rescaled)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extraction:
    """What extraction found in one chunk of pages of a document."""

    source_sha256: str
    num_pages: int
    """Pages of the whole document (frames of an image file)."""
    crops: list[Crop]
    next_page: int | None
    """1-based page the next chunk starts at; null when the document is finished."""
    page_errors: list[str] = field(default_factory=list)
    """One line per page that could not be read; the others are done."""
    notes: list[str] = field(default_factory=list)
    """Lines for the user about pages that are fine but give nothing, such as scans."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Symbol:
    """One token of a transcription and where it stands."""

    token: str
    box: Box | None
    """In the unit of the crop's own box; null for a token that draws nothing, or was not found."""
    weight: float | None
    """Share of the model's attention that was on the box, 0 to 1; null like the box."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One transcription out of the beam."""

    latex: str
    score: float
    """Mean log-probability per token, end of sequence included; at most 0."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """What the model reads in one crop. The first candidate is the answer."""

    latex: str
    confidence: float
    """Probability that `latex` is exactly right, 0 to 1; see `calibration`."""
    score: float
    lowest: float
    """Log-probability of the least probable token, end of sequence included; at most 0."""
    num_tokens: int
    stop: Literal["eos", "length"]
    valid: bool
    """The LaTeX parses (math-core)."""
    flags: tuple[str, ...]
    alternatives: tuple[Candidate, ...]
    """The rest of the beam, best first."""
    symbols: tuple[Symbol, ...] | None = None
    """One for each token of `latex`; null when nobody asked where they stand."""

    @property
    def is_read(self) -> bool:
        """Whether a model gave an answer at all."""
        return UNREAD.keys().isdisjoint(self.flags)


UNREAD = {"crashed": "crash the model", "out_of_memory": "do not fit into the memory of the device"}
"""Flags of formulas that no model could read, and what they do."""


def unread(flag: Literal["crashed", "out_of_memory"], flags: tuple[str, ...] = ()) -> Transcript:
    """The answer for such a formula; `flags` are what was noticed of its picture before."""
    return Transcript(
        latex="",
        confidence=0.0,
        score=float("-inf"),
        lowest=float("-inf"),
        num_tokens=0,
        stop="length",
        valid=False,
        flags=(*flags, flag),
        alternatives=(),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """How one input ended: a row of the documents table."""

    source: str
    path: str | None = None
    """Absolute path, or URI."""
    modified: datetime | None = None
    """As in `Source`."""
    source_sha256: str | None
    num_bytes: int
    pages: int
    formulas: int
    status: Status
    error_type: ErrorType | None = None
    error_message: str | None = None
    seconds: float
    attempts: int
    run: str


def formula_id(source: str, source_sha256: str, page: int | None, index: int) -> str:
    """Stable name of a formula: the same file under the same name gives the same ids, always."""
    key = hashlib.sha256(f"{source}\0{source_sha256}".encode("utf-8", "surrogateescape"))
    return f"{key.hexdigest()[:16]}-{page or 0:04d}-{index:03d}"
