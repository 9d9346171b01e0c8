"""Whether two pictures of formulas look the same: in the field's way, and in a strict one.

In: two grey pictures. Out: a `Comparison`. Knows nothing of LaTeX or rendering.

Both cut the pictures, take each pixel column of their ink (grey <= 128) for a symbol, and align the
two rows of symbols by a Levenshtein alignment; runs of fewer than `RUN` columns that do not agree
are forgiven. They differ in how they cut, in what agrees, and in what is a run.

Harvard-compatible (`image-match-harvard/1`: im2markup's "match without whitespace", which the paper
reports): pictures are cut to what is not white, so that a faint edge keeps its row; the lower one
is filled up at the bottom; columns that differ in fewer than 5 pixels share a symbol, the first one
seen deciding; empty columns are left out; a run is counted in columns of the gold picture alone.
Ink that the prediction adds is therefore never a mismatch, and neither is a change of fewer than 5
pixels in each column, such as a minus sign for an equals sign.

Strict (`image-match-strict/1`): pictures are cut to their ink; heights and widths differ by fewer
than 5 pixels; at one of the heights at which the lower picture fits into the higher, columns align
in the same way, but empty ones count, and a run is the larger of its columns in the two pictures;
and where the alignment brings columns together, fewer than 3 pixels of ink in each picture have no
ink of the other around them, within 1 pixel up and down and 2 columns. Symmetric: it must hold with
either picture first.

What both forms forgive is measured in benchmarks/evaluation.md.
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

FAINT = 254
"""Grey levels up to this one are not white."""

RUN = 5
"""Columns (and pixels of size) from which on a difference counts."""

_TOLERANCE = 4
"""Pixels in which columns with the same symbol may differ."""

_REACH = (1, 2)
"""Pixels down and across within which strict looks for the other picture's ink."""

_NUM_BITS = np.array([byte.bit_count() for byte in range(256)])

_STRAY = 2
"""Pixels of ink that may have none of the other picture's around them."""


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
    a, b = trimmed(gold, INK), trimmed(prediction, INK)
    faint_a, faint_b = trimmed(gold, FAINT), trimmed(prediction, FAINT)
    columns = max(a.shape[1], b.shape[1])
    if np.array_equal(faint_a, faint_b):  # so are a and b
        return Comparison(
            harvard=True, harvard_with_space=True, strict=True, edits=0, columns=columns
        )
    first, second = _level(faint_a, faint_b)
    return Comparison(
        harvard=_harvard(first[:, first.any(0)], second[:, second.any(0)]),
        harvard_with_space=_harvard(first, second),
        strict=_strict(a, b),
        edits=Levenshtein.distance(*symbols(*_level(a, b), tolerance=0)),
        columns=columns,
    )


def trimmed(grey: np.ndarray, lightest: int) -> np.ndarray:
    """Ink (h, w) bool of a grey picture (H, W), cut to what is at most as light as `lightest`;
    (0, 0) where nothing is.
    """
    kept = grey <= lightest
    ys, xs = np.flatnonzero(kept.any(1)), np.flatnonzero(kept.any(0))
    ink = grey <= INK
    return ink[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1] if len(ys) else ink[:0, :0]


def _level(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both pictures (h, w) at the height of the higher one, filled up at the bottom."""
    return filled(a, len(b), 0), filled(b, len(a), 0)


def _harvard(gold: np.ndarray, prediction: np.ndarray) -> bool:
    if not gold.size or not prediction.size:
        return gold.size == prediction.size
    runs = Levenshtein.opcodes(*symbols(gold, prediction))
    return all(run.tag == "equal" or run.src_end - run.src_start < RUN for run in runs)


def _strict(a: np.ndarray, b: np.ndarray) -> bool:
    if len(a) > len(b):
        a, b = b, a
    spare = len(b) - len(a)
    if spare >= RUN or abs(a.shape[1] - b.shape[1]) >= RUN or not a.size or not b.size:
        return False
    for above in range(spare + 1):
        placed = filled(a, len(b), above)
        if _strictly_aligned(placed, b) and _strictly_aligned(b, placed):
            return True
    return False


def _strictly_aligned(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether pictures (h, w) of one height agree, with the columns of `a` seen first."""
    runs = Levenshtein.opcodes(*symbols(a, b))
    of_a, of_b = np.zeros(a.shape[1], int), np.zeros(b.shape[1], int)
    for run in runs:
        wide, other = run.src_end - run.src_start, run.dest_end - run.dest_start
        if run.tag != "equal" and max(wide, other) >= RUN:
            return False
        # A column that has no counterpart is held against its neighbour's.
        of_a[run.src_start : run.src_end] = run.dest_start + min(1, other) * np.arange(wide)
        of_b[run.dest_start : run.dest_end] = run.src_start + min(1, wide) * np.arange(other)
    ahead = b[:, np.minimum(of_a, b.shape[1] - 1)]
    back = a[:, np.minimum(of_b, a.shape[1] - 1)]
    return max((a & ~_spread(ahead)).sum(), (b & ~_spread(back)).sum()) <= _STRAY


def _spread(ink: np.ndarray) -> np.ndarray:
    """Where there is ink within `_REACH`, (h, w) bool."""
    down, across = _REACH
    height, width = ink.shape
    padded = np.pad(ink, ((down, down), (across, across)))
    rows = np.logical_or.reduce([padded[k : k + height] for k in range(2 * down + 1)])
    return np.logical_or.reduce([rows[:, k : k + width] for k in range(2 * across + 1)])


def filled(ink: np.ndarray, height: int, above: int) -> np.ndarray:
    """Ink (h, w) with `above` empty rows on top, and as many below as make it `height` high."""
    return np.pad(ink, ((above, max(0, height - above - len(ink))), (0, 0)))


def symbols(
    a: np.ndarray, b: np.ndarray, tolerance: int = _TOLERANCE
) -> tuple[list[int], list[int]]:
    """The columns of two pictures (h, w) as symbols: columns that differ in at most `tolerance`
    pixels share one. In the order of their columns, symbols claim all columns near to their first.
    """
    numbers: dict[bytes, int] = {}
    packed = np.packbits(np.concatenate([a, b], 1), 0).T
    columns = [numbers.setdefault(column.tobytes(), len(numbers)) for column in packed]
    if tolerance:
        claimed = _claim(packed[np.unique(columns, return_index=True)[1]], tolerance)
        columns = [claimed[column] for column in columns]
    return columns[: a.shape[1]], columns[a.shape[1] :]


def _claim(columns: np.ndarray, tolerance: int) -> list[int]:
    """Symbol of each column, given as its pixels in bits (n, bytes) uint8."""
    # Without a matrix product: its threads would fight for the cores of the other processes.
    owner = np.full(len(columns), -1)
    for column in range(len(columns)):
        if owner[column] < 0:
            free = np.flatnonzero(owner < 0)
            differing = _NUM_BITS[columns[free] ^ columns[column]].sum(1)
            owner[free[differing <= tolerance]] = column
    return owner.tolist()
