"""How good transcriptions are: BLEU, edit distance, exact match, all over tokens.

In: predicted and true token lists, pair by pair. Out: numbers between 0 and 1 (edit distance may
exceed 1). Knows nothing of models or files.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """Metrics of a set of transcriptions."""

    num_formulas: int
    bleu: float
    """Corpus BLEU-4, no smoothing, one reference (paper, section 4.1); 0-1."""
    edit_distance: float
    """Levenshtein distance / length of the truth, mean over formulas."""
    exact_match: float
    """Share of formulas whose tokens are all right; 0-1."""


def score(predictions: Sequence[Sequence[str]], truths: Sequence[Sequence[str]]) -> Scores:
    """All metrics of predictions against their truths."""
    if len(predictions) != len(truths):
        raise ValueError(f"{len(predictions)} predictions for {len(truths)} truths")
    pairs = list(zip(predictions, truths, strict=True))
    count = max(len(pairs), 1)
    return Scores(
        num_formulas=len(pairs),
        bleu=corpus_bleu(predictions, truths),
        edit_distance=sum(levenshtein(p, t) / max(len(t), 1) for p, t in pairs) / count,
        exact_match=sum(list(p) == list(t) for p, t in pairs) / count,
    )


def corpus_bleu(
    predictions: Sequence[Sequence[str]], truths: Sequence[Sequence[str]], order: int = 4
) -> float:
    """Geometric mean of the n-gram precisions of the whole corpus, times the brevity penalty."""
    matched = [0] * order
    total = [0] * order
    for prediction, truth in zip(predictions, truths, strict=True):
        for n in range(1, order + 1):
            found, wanted = _ngrams(prediction, n), _ngrams(truth, n)
            matched[n - 1] += (found & wanted).total()
            total[n - 1] += found.total()
    if not all(matched):
        return 0.0
    predicted, true = sum(map(len, predictions)), sum(map(len, truths))
    brevity = min(0.0, 1 - true / predicted)
    logs = [math.log(m / t) for m, t in zip(matched, total, strict=True)]
    return math.exp(brevity + sum(logs) / order)


def levenshtein(a: Sequence[str], b: Sequence[str]) -> int:
    """Fewest insertions, deletions and replacements of tokens that make `a` into `b`."""
    if len(a) < len(b):
        a, b = b, a
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def _ngrams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))
