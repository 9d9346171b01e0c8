"""Whether two pictures of formulas look the same: in the field's way, and in a strict one.

In: two grey pictures. Out: a `Comparison`. Knows nothing of LaTeX or rendering.

Both cut the pictures to their ink (grey <= 128), take each pixel column for a symbol, and align the
two rows of symbols by a Levenshtein alignment; runs of fewer than `RUN` columns that do not agree
are forgiven. They differ in what agrees, and in what is a run.

Harvard-compatible (`image-match-harvard/1`: im2markup's "match without whitespace", which the paper
reports): the lower picture is filled up at the bottom; columns that differ in fewer than 5 pixels
share a symbol, the first one seen deciding; empty columns are left out; a run is counted in columns
of the gold picture alone. Ink that the prediction adds is therefore never a mismatch, and neither
is a change of fewer than 5 pixels in each column, such as a minus sign for an equals sign.

Strict (`image-match-strict/1`): heights and widths differ by fewer than 5 pixels; at one of the
heights at which the lower picture fits into the higher, columns share a symbol when they differ in
at most 1 pixel, empty columns count, and a run is the larger of its columns in the two pictures.
Symmetric: it must hold with either picture first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein

VERSIONS = {
    "image_match_harvard": "image-match-harvard/1",
    "image_match_strict": "image-match-strict/1",
    "image_edit": "image-edit-columns/1",
}
"""Name and version of each definition, as in `i2l_batch.metrics`."""

INK = 128
"""Grey levels up to this one are ink, as in im2markup."""

RUN = 5
"""Columns (and pixels of size) from which on a difference counts."""

_HARVARD_TOLERANCE = 4
_STRICT_TOLERANCE = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What two pictures have in common."""

    harvard: bool
    """They match without empty columns: the figure that papers report."""
    harvard_with_space: bool
    """They match in the same way with empty columns."""
    strict: bool
    edits: int
    """Levenshtein distance of the columns, where only equal ones agree."""
    columns: int
    """Columns of the wider picture: at most so many edits."""
    drawn: bool = True
    """There are two pictures to compare."""


def compare(gold: np.ndarray, prediction: np.ndarray) -> Comparison:
    """Compare two grey pictures (H, W) uint8, black on white."""
    a, b = trimmed(gold), trimmed(prediction)
    columns = max(a.shape[1], b.shape[1])
    if np.array_equal(a, b):
        return Comparison(
            harvard=True, harvard_with_space=True, strict=True, edits=0, columns=columns
        )
    first, second = filled(a, len(b), 0), filled(b, len(a), 0)
    return Comparison(
        harvard=_harvard(first[:, first.any(0)], second[:, second.any(0)]),
        harvard_with_space=_harvard(first, second),
        strict=_strict(a, b),
        edits=Levenshtein.distance(*symbols(first, second, 0)),
        columns=columns,
    )


def trimmed(grey: np.ndarray) -> np.ndarray:
    """Ink (h, w) bool of a grey picture (H, W), cut to it; (0, 0) where there is none."""
    ink = grey <= INK
    ys, xs = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    return ink[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1] if len(ys) else ink[:0, :0]


def _harvard(gold: np.ndarray, prediction: np.ndarray) -> bool:
    if not gold.size or not prediction.size:
        return gold.size == prediction.size
    runs = Levenshtein.opcodes(*symbols(gold, prediction, _HARVARD_TOLERANCE))
    return all(run.tag == "equal" or run.src_end - run.src_start < RUN for run in runs)


def _strict(a: np.ndarray, b: np.ndarray) -> bool:
    if len(a) > len(b):
        a, b = b, a
    spare = len(b) - len(a)
    if spare >= RUN or abs(a.shape[1] - b.shape[1]) >= RUN or not a.size or not b.size:
        return False
    placed = [filled(a, len(b), above) for above in range(spare + 1)]
    return any(_strictly_aligned(p, b) and _strictly_aligned(b, p) for p in placed)


def _strictly_aligned(a: np.ndarray, b: np.ndarray) -> bool:
    return all(
        run.tag == "equal" or max(run.src_end - run.src_start, run.dest_end - run.dest_start) < RUN
        for run in Levenshtein.opcodes(*symbols(a, b, _STRICT_TOLERANCE))
    )


def filled(ink: np.ndarray, height: int, above: int) -> np.ndarray:
    """Ink (h, w) with `above` empty rows on top, and as many below as make it `height` high."""
    return np.pad(ink, ((above, max(0, height - above - len(ink))), (0, 0)))


def symbols(a: np.ndarray, b: np.ndarray, tolerance: int) -> tuple[list[int], list[int]]:
    """The columns of two pictures (h, w) as symbols: columns that differ in at most `tolerance`
    pixels share one. In the order of their columns, symbols claim all columns near to their first.
    """
    numbers: dict[bytes, int] = {}
    packed = np.packbits(np.concatenate([a, b], 1), 0).T
    columns = [numbers.setdefault(column.tobytes(), len(numbers)) for column in packed]
    if tolerance:
        first_seen = np.unique(columns, return_index=True)[1]
        distinct = np.concatenate([a, b], 1)[:, first_seen].astype(np.float32)
        claimed = _claim(distinct, tolerance)
        columns = [claimed[column] for column in columns]
    return columns[: a.shape[1]], columns[a.shape[1] :]


def _claim(columns: np.ndarray, tolerance: int) -> list[int]:
    """Symbol of each column (h, n) float 0 or 1."""
    ink = columns.sum(0)
    near = ink[:, None] + ink - 2 * columns.T @ columns <= tolerance
    owner = np.full(len(ink), -1)
    for column in range(len(ink)):
        if owner[column] < 0:
            owner[near[column] & (owner < 0)] = column
    return owner.tolist()
