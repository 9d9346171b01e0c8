"""Rows of formulas: found where TeX sets several, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from i2l_batch.images import MARGIN, prepare
from i2l_batch.picture_rows import RowBox, find_rows

EM = 20.0
"""Pixels; a point is 2 of them."""


def drawing(*marks: tuple[float, float, float, float]) -> np.ndarray:
    """Ink of boxes x0 y0 x1 y1, in body sizes: bars where they are thin, letters where not."""
    size = np.ceil(np.array(marks).max(0)[2:] * EM).astype(int)
    ink = np.zeros((size[1], size[0]), np.uint8)
    for x0, y0, x1, y1 in (np.array(marks) * EM).round().astype(int):
        letters = np.arange(x1 - x0) % 12 < 8
        ink[y0:y1, x0:x1] = 255 if y1 - y0 < 3 else np.where(letters, 255, 0)
    return ink


def count(*marks: tuple[float, float, float, float]) -> int:
    return len(find_rows(drawing(*marks), EM))


FRACTION = [(1.0, 0.0, 2.0, 0.9), (0.8, 1.3, 2.2, 1.35), (1.0, 1.8, 2.0, 2.7)]
SUM = [(0.3, 0.0, 0.7, 0.3), (0.0, 0.5, 1.0, 1.9), (0.2, 2.2, 0.8, 2.5)]
LINE = (0.0, 0.0, 9.0, 1.0)
"""Letters with brackets."""


def below(mark: tuple[float, float, float, float], y: float) -> tuple[float, float, float, float]:
    return (mark[0], mark[1] + y, mark[2], mark[3] + y)


def test_boxes_are_those_of_the_ink() -> None:
    marks = [(2.0, 0.0, 9.0, 1.0), (5.0, 1.5, 12.0, 3.0), (0.5, 4.0, 1.5, 5.0)]
    found = find_rows(drawing(*marks), EM)
    assert found == [RowBox(*(int(EM * edge) for edge in mark)) for mark in marks]


@pytest.mark.parametrize("scale", [0.6, 1.0, 2.3])
def test_rows_do_not_depend_on_the_resolution(scale: float) -> None:
    big = drawing(LINE, below(LINE, 1.6), below(LINE, 3.1)).repeat(5, 0).repeat(5, 1)
    step = round(5 / scale)
    ink = big[::step, ::step]
    assert len(find_rows(ink, EM * 5 / step)) == 3


@pytest.mark.parametrize(
    ("what", "marks"),
    [
        ("nothing", [(0.0, 0.0, 0.1, 0.1)]),
        ("one line", [LINE]),
        ("brackets around two lines", [LINE, below(LINE, 1.5), (9.2, 0.0, 9.6, 2.5)]),
        ("tight lines", [LINE, below(LINE, 1.15)]),
        ("a fraction", FRACTION),
        (
            "a fraction behind a relation",
            [*FRACTION, (0.0, 1.2, 0.6, 1.25), (0.0, 1.4, 0.6, 1.45)],
        ),
        (
            "limits of a sum",
            [*SUM, (1.2, 0.7, 4.0, 1.7)],
        ),
        ("a tall limit", [(0.0, 0.0, 1.0, 1.4), (0.0, 1.7, 1.0, 2.3), (1.2, 0.2, 4.0, 1.2)]),
    ],
)
def test_what_belongs_together_stays_together(
    what: str, marks: list[tuple[float, float, float, float]]
) -> None:
    assert count(*marks) <= 1, what


def test_rows_are_prepared_as_if_they_were_alone() -> None:
    grey = 255 - np.pad(drawing(LINE, below((3.0, 0.0, 7.0, 1.4), 2.0)), ((7, 5), (11, 3)))
    whole = prepare(grey, EM, by_rows=True)
    assert "rows" in whole.flags
    assert whole.ink.shape == prepare(grey, EM).ink.shape
    assert prepare(grey, EM).rows == ()
    for row in whole.rows:
        alone = np.full_like(grey, 255)
        height, width = row.sharp.shape
        part = (slice(row.top, row.top + height), slice(row.left, row.left + width))
        alone[part] = grey[part]
        expected = prepare(alone, EM)
        assert np.array_equal(row.ink, expected.ink)
        assert np.array_equal(row.sharp, expected.sharp)
        assert (row.left, row.top, row.scale) == (expected.left, expected.top, expected.scale)
        corner = np.array([MARGIN, MARGIN, MARGIN, MARGIN])
        assert row.to_given(corner).tolist() == [row.left, row.top] * 2


def test_many_rows_are_not_shrunk_although_all_together_are() -> None:
    lines = [below(LINE, 1.6 * i) for i in range(40)]
    whole = prepare(255 - np.pad(drawing(*lines), 9), EM, max_size=(512, 1536), by_rows=True)
    assert len(whole.rows) == 40
    assert whole.ink.shape[0] <= 512
    assert {row.scale for row in whole.rows} == {16 / EM}
    assert "oversize" not in whole.flags
