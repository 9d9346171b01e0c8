"""Our metrics against the libraries of the field, and against cases done by hand."""

from __future__ import annotations

import random
from functools import cache

import pytest
import sacrebleu

from i2l_batch.metrics import Tally, edit_distance, score


def corpus(seed: int, size: int) -> tuple[list[list[str]], list[list[str]]]:
    """Predictions and truths: copies with some tokens changed, lost and added; some are empty."""
    rng = random.Random(seed)
    words = [chr(ord("a") + i) for i in range(rng.choice([3, 8, 26]))]
    truths = [rng.choices(words, k=rng.randint(1, 30)) for _ in range(size)]
    predictions = []
    for truth in truths:
        kept = [rng.choice(words) if rng.random() < 0.1 else w for w in truth if rng.random() < 0.9]
        predictions.append(kept + rng.choices(words, k=rng.choice([0, 0, 3])))
    predictions[0] = []
    return predictions, truths


def distance_by_definition(a: list[str], b: list[str]) -> int:
    """The recursion that defines the Levenshtein distance."""

    @cache
    def distance(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        changed = distance(i - 1, j - 1) + (a[i - 1] != b[j - 1])
        return min(changed, distance(i - 1, j) + 1, distance(i, j - 1) + 1)

    return distance(len(a), len(b))


@pytest.mark.parametrize("seed", range(12))
def test_bleu_is_sacrebleus(seed: int) -> None:
    predictions, truths = corpus(seed, 1 + 5 * seed)
    reference = sacrebleu.corpus_bleu(
        [" ".join(p) for p in predictions],
        [[" ".join(t) for t in truths]],
        tokenize="none",
        force=True,
        smooth_method="none",
    )
    assert score(predictions, truths).bleu == pytest.approx(reference.score / 100, abs=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_edit_distance_is_what_it_is_defined_as(seed: int) -> None:
    for prediction, truth in zip(*corpus(seed, 30), strict=True):
        wanted = distance_by_definition(prediction, truth) / len(truth)
        assert edit_distance(prediction, truth) == pytest.approx(wanted)


@pytest.mark.parametrize("cut", [0, 1, 20, 40])
def test_tallies_of_parts_add_up_to_that_of_the_whole(cut: int) -> None:
    predictions, truths = corpus(7, 40)
    parts = [Tally(), Tally()]
    for i, (prediction, truth) in enumerate(zip(predictions, truths, strict=True)):
        parts[i < cut].add(prediction, truth)
    total, whole = (parts[0] + parts[1]).scores(), score(predictions, truths)
    assert total.bleu == whole.bleu
    assert total.edit_distance == pytest.approx(whole.edit_distance)
    assert (total.num_formulas, total.exact_match) == (whole.num_formulas, whole.exact_match)


def test_a_perfect_transcription() -> None:
    truths = [list("abcde"), list("xyzxyz")]
    result = score(truths, truths)
    assert (result.bleu, result.edit_distance, result.exact_match) == (1.0, 0.0, 1.0)
    assert result.num_formulas == 2


def test_a_formula_of_each_kind() -> None:
    """One right, one with a token lost out of four, one empty."""
    truths = [list("abcde"), list("abcd"), list("ab")]
    result = score([list("abcde"), list("abd"), []], truths)
    assert result.edit_distance == pytest.approx((0 + 1 / 4 + 1) / 3)
    assert result.exact_match == pytest.approx(1 / 3)


def test_tokens_count_and_not_characters() -> None:
    assert edit_distance([r"\alpha", "x"], [r"\beta", "x"]) == 1 / 2


def test_nothing_scores_nothing() -> None:
    assert score([], []).bleu == 0.0
    assert score([[]], [[]]).exact_match == 1.0
    assert score([list("ab")], [[]]).edit_distance == 2.0


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="1 predictions for 2 truths"):
        score([["a"]], [["a"], ["b"]])
