"""Transcribe the formulas of papers and images to LaTeX, in batches, into a parquet data set.

    results = i2l_batch.transcribe("papers/", "results/")
    results = i2l_batch.open_results("results/")
    transcripts = i2l_batch.Transcriber().transcribe([picture])

What is named here is loaded when it is first used: `import i2l_batch` alone takes no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from i2l_batch.any_picture import grey_picture
    from i2l_batch.api import transcribe
    from i2l_batch.errors import (
        CheckpointError,
        I2LError,
        SourceError,
        StoreError,
        UsageError,
    )
    from i2l_batch.records import Box, Candidate, Symbol, Transcript
    from i2l_batch.results import Results, open_results
    from i2l_batch.transcriber import Transcriber

__version__ = "0.1.0"

__all__ = [
    "Box",
    "Candidate",
    "CheckpointError",
    "I2LError",
    "Results",
    "SourceError",
    "StoreError",
    "Symbol",
    "Transcriber",
    "Transcript",
    "UsageError",
    "grey_picture",
    "open_results",
    "transcribe",
]

_HOMES = {
    "any_picture": ["grey_picture"],
    "api": ["transcribe"],
    "errors": ["CheckpointError", "I2LError", "SourceError", "StoreError", "UsageError"],
    "records": ["Box", "Candidate", "Symbol", "Transcript"],
    "results": ["Results", "open_results"],
    "transcriber": ["Transcriber"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load the module of a public name when it is first asked for."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
