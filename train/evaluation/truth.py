"""Formulas with known LaTeX: what an evaluation measures against.

In: a record of a truth file. Out: the texts in it, and labels. Knows nothing of files or models.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from i2l_batch.errors import UsageError
from i2l_batch.latex import tokenize
from i2l_batch.train.records_file import LATEX_KEYS


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """One formula as it should be read."""

    name: str
    """What it is called in the predictions: a path, or the place in a data set."""
    latex: str
    tokens: list[str]
    """As `i2l_batch.latex.tokenize` splits it, like the answers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A formula to read."""

    label: Label
    picture: np.ndarray
    """(H, W) uint8 grey."""
    em: float | None
    """Body size in pixels, where it is known."""


class Truth(Protocol):
    """Samples with known LaTeX, and where they are from."""

    def __len__(self) -> int:
        """How many samples there are."""
        ...

    def batches(self, size: int) -> Iterator[list[Sample]]:
        """All samples in order, at most `size` of them at a time."""
        ...

    def facts(self) -> dict[str, Any]:
        """What names the samples in a report."""
        ...


def label(name: str, latex: str) -> Label:
    """The label of a formula."""
    return Label(name=name, latex=latex, tokens=tokenize(latex))


def text_of(record: Mapping[str, Any], place: str, *keys: str) -> str:
    """The first of several keys that a record has. Raises UsageError unless it is a text."""
    value = next((record[key] for key in keys if record.get(key) is not None), None)
    if not isinstance(value, str):
        raise UsageError(f"{place} needs the key {' or '.join(f'`{k}`' for k in keys)}, a text")
    return value


def latex_of(record: Mapping[str, Any], place: str) -> str:
    """The formula of a record. Raises UsageError."""
    return text_of(record, place, *LATEX_KEYS)


def file_sha256(path: Path) -> str:
    """Hash of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
