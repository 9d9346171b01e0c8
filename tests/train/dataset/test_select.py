"""The selection: nothing vanishes, splits share nothing, the order of the lists does not matter."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from i2l_batch.errors import UsageError
from i2l_batch.train.dataset.config import SPLITS, DatasetConfig
from i2l_batch.train.dataset.normalize import Rejection
from i2l_batch.train.dataset.select import (
    Given,
    NormalizeJob,
    Selection,
    normalize_chunk,
    select,
)

CONFIG = DatasetConfig(
    min_tokens=3, max_tokens=12, pieces=8, min_frequency=2, split=(70.0, 20.0, 10.0)
)

NORMAL = [f"{a} + {b} - {digit}" for a in "abcde" for b in "abcde" for digit in "1234567"]
SHORT = list("abcde")
LONG = [" + ".join("abcde"[k:] + "12345"[:k] + "abcde") for k in range(5)]
RARE = [r"a + \alpha", r"b + \beta"]
EMPTY = ["", " "]
FORMULAS = NORMAL + SHORT + LONG + RARE + EMPTY + NORMAL[:3]


def chosen(lists: Mapping[Given, Sequence[str]], config: DatasetConfig = CONFIG) -> Selection:
    pairs: dict[Given, list[tuple[str, str | Rejection]]] = {
        kind: list(zip(sources, normalize_chunk(NormalizeJob("canonical", sources)), strict=True))
        for kind, sources in lists.items()
    }
    selection = select(pairs, config)
    counts = selection.funnel.counts
    selected = sum(len(formulas) for formulas in selection.splits.values())
    # The law of the account.
    assert counts["read"] == sum(map(len, lists.values()))
    assert counts["read"] + counts.get("pieces", 0) == selected + selection.funnel.rejected.total()
    return selection


def tokens(selection: Selection) -> dict[str, list[str]]:
    return {name: [f.tokens for f in formulas] for name, formulas in selection.splits.items()}


def test_every_filter_is_counted() -> None:
    selection = chosen({None: FORMULAS}, replace(CONFIG, split=(100.0, 0.0, 0.0)))
    counts = selection.funnel.counts
    left = len(NORMAL) + len(SHORT) + len(LONG) + len(RARE)
    assert counts["read"] == len(FORMULAS)
    assert counts["normalised"] == left + 3
    assert counts["distinct"] == left
    assert counts["min_tokens"] == left - len(SHORT)
    assert counts["min_frequency"] == len(NORMAL) + len(LONG)
    assert counts["max_tokens"] == len(NORMAL)
    assert 0 < counts["pieces"] <= len(LONG)
    assert selection.funnel.rejected == {
        "is empty": 2,
        "stands there more than once": 3,
        "has fewer than 3 tokens": 5,
        "has a rare token": 2,
        "has more than 12 tokens": 5,
    }


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_lists_does_not_matter(seed: int) -> None:
    shuffled = list(FORMULAS)
    random.Random(seed).shuffle(shuffled)
    assert chosen({None: shuffled}).splits == chosen({None: FORMULAS}).splits


def test_of_several_spellings_one_is_kept_whatever_the_order() -> None:
    spellings = ["a+b", "a + b", " a + b"]
    for order in (spellings, spellings[::-1]):
        (formula,) = chosen({None: order}, replace(CONFIG, min_frequency=1)).splits["train"]
        assert formula.source == " a + b"


def test_what_else_is_in_a_list_moves_no_formula_to_another_split() -> None:
    small, large = chosen({None: NORMAL[::2]}), chosen({None: NORMAL})
    for name in SPLITS:
        assert set(tokens(small)[name]) <= set(tokens(large)[name])


def test_splits_are_disjoint_of_about_their_size_and_another_seed_draws_others() -> None:
    first, second = (
        tokens(chosen({None: NORMAL})),
        tokens(chosen({None: NORMAL}, replace(CONFIG, seed=1))),
    )
    for found in (first, second):
        together = [formula for formulas in found.values() for formula in formulas]
        assert sorted(together) == sorted(NORMAL)
        assert len(found["train"]) == pytest.approx(0.7 * len(NORMAL), abs=30)
        assert len(found["validation"]) == pytest.approx(0.2 * len(NORMAL), abs=25)
        assert len(found["test"]) == pytest.approx(0.1 * len(NORMAL), abs=20)
    assert set(first["test"]) != set(second["test"])
    assert first["train"] != sorted(first["train"])  # shuffled


def test_given_lists_take_their_formulas_out_of_the_others() -> None:
    given: dict[Given, list[str]] = {
        None: NORMAL,
        "validation": [*NORMAL[:10], *NORMAL[15:17], "e + e"],
        "test": [*NORMAL[10:20], "d + d"],
    }
    selection = chosen(given)
    found = tokens(selection)
    assert set(found["test"]) == {*NORMAL[10:20], "d + d"}
    assert set(found["validation"]) == {*NORMAL[:10], "e + e"}
    assert set(found["train"]) == set(NORMAL[20:])
    assert selection.funnel.rejected == {
        "stands in the test list too": 10 + 2,
        "stands in the validation list too": 10,
    }


def test_a_given_list_takes_the_place_of_its_share() -> None:
    found = tokens(chosen({None: NORMAL, "test": ["d + d"]}))
    assert found["test"] == ["d + d"]
    assert len(found["validation"]) == pytest.approx(len(NORMAL) * 20 / 90, abs=25)
    with pytest.raises(UsageError, match="--split leaves nothing"):
        chosen({None: NORMAL, "test": ["d + d"]}, replace(CONFIG, split=(0.0, 0.0, 100.0)))


def test_frequencies_are_counted_over_the_training_formulas() -> None:
    r"""`\alpha` is common in the test list alone."""
    lists: dict[Given, list[str]] = {
        None: NORMAL,
        "test": [rf"\alpha + {digit}" for digit in "12345"],
        "validation": ["d + d"],
    }
    selection = chosen(lists)
    assert not selection.splits["test"]
    assert r"\alpha" not in selection.common
    assert selection.funnel.rejected["has a rare token"] == 5


def test_formulas_with_rare_tokens_can_stay() -> None:
    dropped, kept = chosen({None: FORMULAS}), chosen({None: FORMULAS}, replace(CONFIG, rare="unk"))
    more = {f for formulas in tokens(kept).values() for f in formulas}
    less = {f for formulas in tokens(dropped).values() for f in formulas}
    assert more - less >= set(RARE)
    assert less <= more
    assert kept.common == dropped.common
    assert r"\alpha" not in kept.common


def test_without_a_least_frequency_everything_is_common() -> None:
    everything = chosen({None: FORMULAS}, replace(CONFIG, min_frequency=0))
    assert not everything.funnel.rejected["has a rare token"]


def test_a_set_without_training_formulas_counts_them_all() -> None:
    only_test = replace(CONFIG, split=(0.0, 0.0, 100.0))
    assert set(tokens(chosen({None: NORMAL}, only_test))["test"]) == set(NORMAL)


def test_banned_tokens_keep_formulas_out() -> None:
    selection = chosen({None: NORMAL}, replace(CONFIG, banned=("7", "6")))
    kept = [f for formulas in tokens(selection).values() for f in formulas]
    assert kept
    assert not any({"6", "7"} & set(formula.split()) for formula in kept)
    assert selection.funnel.rejected["holds 7, which is banned"] == 25


def test_pieces_are_for_training_and_are_no_formula_of_another_split() -> None:
    long = [" + ".join(random.Random(k).choices("abcdxyz", k=9)) for k in range(200)]
    config = replace(CONFIG, max_tokens=30, split=(50.0, 30.0, 20.0))
    free = chosen({None: long}, config)
    cut = [f for f in tokens(free)["train"] if f not in long]
    assert len(cut) == free.funnel.counts["pieces"] > 50
    assert len(set(cut)) == len(cut)
    assert not {f for name in ("validation", "test") for f in tokens(free)[name]} - set(long)
    # The same pieces, now as formulas to be tested on.
    told = chosen({None: long, "test": cut}, config)
    assert not set(tokens(told)["train"]) & set(cut)


def test_a_rejected_spelling_carries_its_reason() -> None:
    (rejection,) = normalize_chunk(NormalizeJob("canonical", [""]))
    assert isinstance(rejection, Rejection)
    assert rejection.reason == "is empty"
