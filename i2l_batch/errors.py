"""Everything this package raises on purpose.

    I2LError
    ├── UsageError        what the user asked for cannot be done as asked (exit code 2)
    ├── SourceError       one input cannot be read; carries the `error_type` of its documents row
    ├── StoreError        the results folder is locked, foreign, or made with other settings
    ├── CheckpointError   weights, vocabulary and configuration do not fit together
    ├── RenderError       TeX is missing or cannot render
    └── FormulaError      one formula of a list cannot be read; carries a `reason` to count by

A message is one line: what is wrong, where, and what to do next.
"""

from __future__ import annotations

from typing import Literal, get_args

ErrorType = Literal[
    "encrypted", "corrupt", "timeout", "out_of_memory", "crashed", "unsupported", "unreadable"
]
"""Why a document failed, as stored in the documents table."""

ERROR_TYPES: tuple[ErrorType, ...] = get_args(ErrorType)


class I2LError(Exception):
    """Base of all errors that carry a message for the user."""


class UsageError(I2LError):
    """The request itself is wrong: an option, a path, a combination."""


class SourceError(I2LError):
    """One input cannot be read. The run goes on; the document gets a row with this type."""

    def __init__(self, error_type: ErrorType, message: str) -> None:
        super().__init__(message)
        self.error_type: ErrorType = error_type

    def __reduce__(self) -> tuple[type[SourceError], tuple[ErrorType, str]]:
        # Exceptions pickle by args alone; without this the type is lost between processes.
        return type(self), (self.error_type, str(self))


class StoreError(I2LError):
    """The results folder cannot be used as asked."""


class CheckpointError(I2LError):
    """A checkpoint is missing a part, or its parts contradict each other."""


class RenderError(I2LError):
    """Formulas cannot be rendered at all (TeX is missing or broken)."""


class FormulaError(I2LError):
    """One formula cannot be normalised. The reason holds nothing of the formula."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the formula {reason}")
        self.reason = reason

    def __reduce__(self) -> tuple[type[FormulaError], tuple[str]]:
        return type(self), (self.reason,)
