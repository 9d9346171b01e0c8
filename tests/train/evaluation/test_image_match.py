"""Image match on pictures whose verdict is known by construction."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from i2l_batch.train.evaluation.image_match import (
    FAINT,
    INK,
    Comparison,
    compare,
    filled,
    symbols,
    trimmed,
)

HEIGHT = 30


def page(height: int = HEIGHT, width: int = 200) -> np.ndarray:
    """A white picture."""
    return np.full((height, width), 255, np.uint8)


def symbol(picture: np.ndarray, x: int, kind: int, width: int = 10, top: int = 5) -> None:
    """A block whose columns are 10 pixels of ink each; those of two kinds differ in 20."""
    picture[top + 10 * kind : top + 10 + 10 * kind, x : x + width] = 0


def formula(*places: tuple[int, int]) -> np.ndarray:
    """Symbols (x, kind) between two frames that keep the picture's size."""
    picture = page()
    for x in (0, 195):
        picture[:, x : x + 5] = 0
    for x, kind in places:
        symbol(picture, x, kind)
    return picture


GOLD = formula((20, 0), (60, 1))


def verdicts(outcome: Comparison) -> tuple[bool, bool, bool]:
    return outcome.harvard, outcome.harvard_with_space, outcome.strict


def test_the_same_picture_matches_wherever_it_is_on_its_page() -> None:
    assert verdicts(compare(GOLD, GOLD)) == (True, True, True)
    moved = np.pad(GOLD, ((3, 8), (20, 1)), constant_values=255)
    outcome = compare(GOLD, moved)
    assert verdicts(outcome) == (True, True, True)
    assert (outcome.edits, outcome.columns) == (0, 200)


@pytest.mark.parametrize("shift", [1, 2, 3, 4, 5, 6])
def test_a_symbol_that_moves(shift: int) -> None:
    """Empty columns go on one side of it and come on the other; without them nothing differs."""
    moved = compare(GOLD, formula((20, 0), (60 + shift, 1)))
    assert verdicts(moved) == (True, shift < 5, shift < 3)
    assert moved.edits == 2 * shift


@pytest.mark.parametrize(("width", "strict"), [(2, True), (3, False), (5, False), (40, False)])
def test_added_ink_is_a_mismatch_only_strictly(width: int, strict: bool) -> None:
    """Harvard's runs are counted in columns of the gold picture: an insertion has none."""
    within = compare(GOLD, np.insert(GOLD, [70] * width, GOLD[:, 60:61], axis=1))
    assert verdicts(within) == (True, True, strict)
    right = np.insert(GOLD, [200] * width, GOLD[:, 20:21], axis=1)
    assert verdicts(compare(GOLD, right)) == (True, True, width < 5)
    assert verdicts(compare(right, GOLD)) == (width < 5,) * 3


@pytest.mark.parametrize(("width", "harvard"), [(1, True), (4, True), (5, False), (10, False)])
def test_a_replaced_run_of_columns(width: int, harvard: bool) -> None:
    """However narrow: its ink is at another height."""
    changed = GOLD.copy()
    changed[:, 60 : 60 + width] = 255
    symbol(changed, 60, 0, width=width)
    assert verdicts(compare(GOLD, changed)) == (harvard, harvard, False)


@pytest.mark.parametrize(
    ("pixels", "harvard", "strict"),
    [(1, True, True), (2, True, False), (4, True, False), (5, False, False)],
)
def test_columns_that_differ_in_few_pixels(pixels: int, harvard: bool, strict: bool) -> None:
    """A lower symbol: Harvard forgives four pixels in each of its columns."""
    changed = GOLD.copy()
    changed[15 : 15 + pixels, 60:70] = 255
    assert verdicts(compare(GOLD, changed)) == (harvard, harvard, strict)
    assert verdicts(compare(changed, GOLD)) == (harvard, harvard, strict)


@pytest.mark.parametrize("more", [1, 4, 5])
def test_a_taller_picture(more: int) -> None:
    """A speck below leaves the rest in place; one above moves it down, which strict allows for."""
    below = np.pad(GOLD, ((0, more), (0, 0)), constant_values=255)
    above = np.pad(GOLD, ((more, 0), (0, 0)), constant_values=255)
    below[-1, 100:102] = above[0, 100:102] = 0
    assert verdicts(compare(GOLD, below)) == (True, True, more < 5)
    moved = compare(GOLD, above)
    assert moved.strict == (more < 5)
    assert moved.harvard == (more == 1)  # a block that moves by 1 differs in 2 pixels, by 4 in 8


@pytest.mark.parametrize(("size", "strict"), [(2, True), (3, False)])
def test_a_speck(size: int, strict: bool) -> None:
    specked = GOLD.copy()
    specked[14, 120 : 120 + size] = 0
    assert verdicts(compare(GOLD, specked)) == (True, True, strict)


def test_wider_gaps_count_where_empty_columns_do() -> None:
    gap = np.insert(GOLD, [100] * 30, GOLD[:, 100:101], axis=1)
    assert verdicts(compare(gap, GOLD)) == (True, False, False)
    assert verdicts(compare(GOLD, gap)) == (True, True, False)


def test_empty_pictures() -> None:
    assert verdicts(compare(page(), page())) == (True, True, True)
    for pair in ((GOLD, page()), (page(), GOLD)):
        outcome = compare(*pair)
        assert verdicts(outcome) == (False, False, False)
        assert outcome.edits == outcome.columns == 200


def test_grey_is_ink_up_to_the_middle() -> None:
    grey = np.array([[255, 129, 128, 0, 200, 255]], np.uint8)
    assert trimmed(grey, INK).tolist() == [[True, True]]
    assert trimmed(grey, FAINT).tolist() == [[False, True, True, False]]
    assert trimmed(page(), INK).shape == trimmed(page(), FAINT).shape == (0, 0)


@pytest.mark.parametrize("rows", [1, 4])
def test_a_faint_row_on_top_stays_where_the_field_keeps_it(rows: int) -> None:
    """im2markup cuts pictures to what is not white and takes ink for black later: all moves down,
    and a block that moves by 1 differs in 2 pixels a column, by 4 in 8."""
    faint = np.pad(GOLD, ((rows, 0), (0, 0)), constant_values=255)
    faint[:rows, 100:110] = 240
    for outcome in (compare(GOLD, faint), compare(faint, GOLD)):
        assert verdicts(outcome) == (rows == 1, rows == 1, True)
        assert outcome.edits == 0
    below = faint[::-1]
    assert verdicts(compare(GOLD[::-1], below)) == (True, True, True)


pictures = st.tuples(st.integers(1, 9), st.integers(1, 14)).flatmap(
    lambda shape: st.lists(
        st.booleans(), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]
    ).map(lambda bits: np.where(np.reshape(bits, shape), 0, 255).astype(np.uint8))
)


@settings(max_examples=200, deadline=None)
@given(pictures, pictures)
def test_strict_is_symmetric_and_no_laxer(a: np.ndarray, b: np.ndarray) -> None:
    there, back = compare(a, b), compare(b, a)
    assert there.strict == back.strict
    assert (there.edits, there.columns) == (back.edits, back.columns)
    assert there.edits <= there.columns
    if trimmed(a, INK).shape[0] == trimmed(b, INK).shape[0]:
        assert there.harvard_with_space or not there.strict


@settings(max_examples=100, deadline=None)
@given(pictures, pictures)
def test_symbols_are_those_of_the_definition(a: np.ndarray, b: np.ndarray) -> None:
    """Column by column, gold first: the first symbol whose first column is near, or a new one."""
    height = max(len(a), len(b))
    one, other = filled(a == 0, height, 0), filled(b == 0, height, 0)
    for tolerance in (0, 1, 4):
        first: list[np.ndarray] = []
        wanted = []
        for column in np.concatenate([one, other], 1).T:
            near = (i for i, seen in enumerate(first) if (seen != column).sum() <= tolerance)
            wanted.append(next(near, len(first)))
            if wanted[-1] == len(first):
                first.append(column)
        gold, answer = symbols(one, other, tolerance)
        found = gold + answer
        for i, j in product(range(len(found)), repeat=2):
            assert (found[i] == found[j]) == (wanted[i] == wanted[j])
