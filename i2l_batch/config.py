"""The options of a run: frozen, checked on creation, each field with its unit and meaning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from i2l_batch.errors import UsageError

BeamSize = int | Literal["auto"]


def check_beam_size(size: BeamSize) -> None:
    """Raise UsageError unless the search takes it."""
    if size != "auto" and not 1 <= size <= 50:
        raise UsageError(f"--beam-size {size} is out of range: use 1 to 50, or auto")


def check_positive(**options: int | None) -> None:
    """Raise UsageError for the first option, named as in Python, that is given and less than 1."""
    for name, value in options.items():
        if value is not None and value < 1:
            raise UsageError(f"--{name.replace('_', '-')} {value}: use 1 or more")


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtractConfig:
    """What to take out of a document, and how far it may go. The first four change the rows."""

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
    """MiB that extracting one document may take; enforced on Linux only."""
    chunk_pages: int = 50
    """Pages that are extracted at a time, so that a long book needs no more memory than a paper."""

    def __post_init__(self) -> None:
        if not 50 <= self.dpi <= 1200:
            raise UsageError(f"--dpi {self.dpi} is out of range: use 50 to 1200")
        if self.document_timeout <= 0:
            raise UsageError(f"--document-timeout {self.document_timeout} must be positive")
        if self.memory_limit < 128:
            raise UsageError(
                f"--memory-limit {self.memory_limit} MiB is too little: use 128 or more"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class TranscribeConfig:
    """A run of `i2l transcribe`."""

    extract: ExtractConfig = ExtractConfig()
    model: Path | None = None
    """Folder of a checkpoint; null for the one that comes with the package."""
    beam_size: BeamSize = "auto"
    """Hypotheses followed per formula (1-50); 1 is greedy, and fastest. auto: 1, and 4 for the
    formulas of which the model is unsure then."""
    batch_size: int | None = None
    """Most formulas that are decoded at once; null for 32 on a CPU, 256 on a GPU."""
    max_length: int = 256
    """Most tokens of a formula."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    workers: int | None = None
    """Documents that are extracted at the same time; null to choose by the number of cores."""
    gpus: int | None = None
    """GPUs to use; null for all of them."""
    models_per_gpu: int = 1
    """Models that share a GPU, which one alone leaves idle while its program prepares a step."""
    ray_address: str | None = None
    """A running Ray cluster; null starts one on this machine."""
    attention: bool = False
    """Also find where each symbol of a formula stands."""
    keep_crops: bool = True
    """Store the picture of each formula with its row."""
    retry_failed: bool = False
    """Also do documents again that failed, or were read in part, in an earlier run."""
    overwrite: bool = False
    """Replace the folder's earlier results, as soon as there are new ones."""
    commit_seconds: float = 60.0
    """Finished documents are on the disk after this many seconds at the latest."""
    fail_fast: bool = False
    """Stop at the first document that fails."""
    max_files: int | None = None
    """Take only the first so many inputs."""

    def __post_init__(self) -> None:
        check_beam_size(self.beam_size)
        options = ("batch_size", "max_length", "workers", "gpus", "models_per_gpu", "max_files")
        check_positive(**{option: getattr(self, option) for option in options})

    def settings(self) -> dict[str, str | int | bool | None]:
        """The options that change rows; a results folder holds rows of one such set only."""
        extract = self.extract
        return {
            "dpi": extract.dpi,
            "inline": extract.inline,
            "pages": extract.pages,
            "images": extract.images,
            "beam_size": self.beam_size,
            "max_length": self.max_length,
            "attention": self.attention,
            "keep_crops": self.keep_crops,
        }
