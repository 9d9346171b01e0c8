"""How good transcriptions are: BLEU, edit distance, exact match, all over tokens.

In: predicted and true token lists, pair by pair. Out: numbers between 0 and 1 (edit distance may
exceed 1). A `Tally` grows pair by pair and adds up with others, so that a data set need not be held
at once. Knows nothing of models, pictures or files.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from rapidfuzz.distance import Levenshtein

ORDER = 4
"""Longest n-gram of BLEU (paper, section 2.4)."""

VERSIONS = {
    "bleu": "bleu-4/1",
    "edit_distance": "levenshtein-by-length/1",
    "exact_match": "exact/1",
}
"""Name and version of each metric's definition: figures with the same one can be compared."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """Metrics of a set of transcriptions."""

    num_formulas: int
    bleu: float
    """Corpus BLEU-4, no smoothing, one reference (paper, section 2.4); 0-1."""
    edit_distance: float
    """Levenshtein distance / length of the truth, mean over formulas."""
    exact_match: float
    """Share of formulas whose tokens are all right; 0-1."""


@dataclass(kw_only=True, slots=True)
class Tally:
    """What the metrics of a set of transcriptions follow from."""

    num_formulas: int = 0
    predicted_tokens: int = 0
    true_tokens: int = 0
    matched: list[int] = field(default_factory=lambda: [0] * ORDER)
    """Predicted 1- to 4-grams that the truths hold too."""
    predicted: list[int] = field(default_factory=lambda: [0] * ORDER)
    """All predicted 1- to 4-grams."""
    edits: float = 0.0
    """Sum of the edit distances."""
    exact: int = 0

    def add(self, prediction: Sequence[str], truth: Sequence[str]) -> None:
        """Count one transcription."""
        self.num_formulas += 1
        self.predicted_tokens += len(prediction)
        self.true_tokens += len(truth)
        for n in range(1, ORDER + 1):
            found, wanted = _ngrams(prediction, n), _ngrams(truth, n)
            self.matched[n - 1] += (found & wanted).total()
            self.predicted[n - 1] += found.total()
        self.edits += edit_distance(prediction, truth)
        self.exact += list(prediction) == list(truth)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            num_formulas=self.num_formulas + other.num_formulas,
            predicted_tokens=self.predicted_tokens + other.predicted_tokens,
            true_tokens=self.true_tokens + other.true_tokens,
            matched=[a + b for a, b in zip(self.matched, other.matched, strict=True)],
            predicted=[a + b for a, b in zip(self.predicted, other.predicted, strict=True)],
            edits=self.edits + other.edits,
            exact=self.exact + other.exact,
        )

    @property
    def bleu(self) -> float:
        """Geometric mean of the n-gram precisions of all formulas, times the brevity penalty."""
        if not all(self.matched):
            return 0.0
        brevity = min(0.0, 1 - self.true_tokens / self.predicted_tokens)
        logs = [math.log(m / p) for m, p in zip(self.matched, self.predicted, strict=True)]
        return math.exp(brevity + sum(logs) / ORDER)

    def scores(self) -> Scores:
        """The metrics; all 0 of nothing."""
        count = max(self.num_formulas, 1)
        return Scores(
            num_formulas=self.num_formulas,
            bleu=self.bleu,
            edit_distance=self.edits / count,
            exact_match=self.exact / count,
        )


def score(predictions: Sequence[Sequence[str]], truths: Sequence[Sequence[str]]) -> Scores:
    """All metrics of predictions against their truths."""
    if len(predictions) != len(truths):
        raise ValueError(f"{len(predictions)} predictions for {len(truths)} truths")
    tally = Tally()
    for prediction, truth in zip(predictions, truths, strict=True):
        tally.add(prediction, truth)
    return tally.scores()


def edit_distance(prediction: Sequence[str], truth: Sequence[str]) -> float:
    """Fewest insertions, deletions and replacements of tokens, over the length of the truth."""
    return Levenshtein.distance(prediction, truth) / max(len(truth), 1)


def _ngrams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))
