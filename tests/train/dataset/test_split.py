"""What is drawn for a formula depends on it and the seed alone, and is drawn fairly."""

from __future__ import annotations

from collections import Counter

import pytest

from i2l_batch.train.dataset.split import BIN_EDGES, choose, choose_split, draw_lot, length_bin

FORMULAS = [f"x _ {{ {n} }}" for n in range(4000)]


def test_a_lot_is_the_same_every_time_and_another_for_another_seed() -> None:
    assert draw_lot("a + b", 0) == draw_lot("a + b", 0)
    assert draw_lot("a + b", 0) != draw_lot("a + b", 1)
    assert draw_lot("a + b", 0) != draw_lot("a + c", 0)
    lots = [draw_lot(formula, 0) for formula in FORMULAS]
    assert all(0 <= part < 1 for lot in lots for part in lot)


def test_the_parts_of_a_lot_are_drawn_apart() -> None:
    """Each half of one part meets each half of another in a quarter of the formulas."""
    lots = [draw_lot(formula, 3) for formula in FORMULAS]
    for a in range(4):
        for b in range(a):
            quarters = Counter((lot[a] < 0.5, lot[b] < 0.5) for lot in lots)
            # Five standard deviations.
            assert all(abs(n - 1000) < 140 for n in quarters.values())
            assert len(quarters) == 4


def test_splits_have_their_shares() -> None:
    places = [draw_lot(formula, 0).split for formula in FORMULAS]
    counts = Counter(choose_split(place, (80, 10, 10)) for place in places)
    assert counts["train"] == pytest.approx(3200, abs=130)
    assert counts["validation"] == pytest.approx(400, abs=95)
    assert counts["test"] == pytest.approx(400, abs=95)


def test_a_share_of_nothing_is_never_chosen() -> None:
    almost = 1 - 2**-53
    for shares in ((0, 1, 0), (0.1, 0.2, 0), (0, 0.3, 0.7), (1e-9, 0, 1)):
        for place in (0.0, 0.25, 0.5, 0.75, almost):
            assert shares[choose(place, shares)] > 0


@pytest.mark.parametrize(
    ("num_tokens", "edge"),
    [(1, 28), (28, 28), (29, 35), (105, 105), (106, 150), (150, 150), (151, 200), (250, 250)],
)
def test_the_edge_belongs_to_the_bin(num_tokens: int, edge: int) -> None:
    assert length_bin(num_tokens) == edge


def test_bins_never_shrink() -> None:
    bins = [length_bin(n) for n in range(1, 600)]
    assert bins == sorted(bins)
    assert set(BIN_EDGES) <= set(bins)
    assert all(n <= edge for n, edge in enumerate(bins, 1))
