"""From the hypotheses of a beam to the answer: which one it is, and what is to be said about it.

In: hypotheses, best first. Out: a `Transcript`. Knows nothing of pictures and models.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from i2l_batch.latex import is_valid
from i2l_batch.models.beam_search import Hypothesis
from i2l_batch.models.tokenizer import Tokenizer
from i2l_batch.records import Candidate, Symbol, Transcript

NOTHING = [Hypothesis(tokens=(), log_probability=0.0, finished=True)]
"""What is read in a blank picture. A model would recite something."""


def chosen(hypotheses: Sequence[Hypothesis], tokenizer: Tokenizer) -> int:
    """Index of the answer: the best hypothesis that parses, or the best if none does."""
    valid = (i for i, h in enumerate(hypotheses) if is_valid(tokenizer.decode(h.tokens)))
    return next(valid, 0)


def transcript(
    hypotheses: Sequence[Hypothesis],
    tokenizer: Tokenizer,
    flags: tuple[str, ...],
    symbols: Sequence[Symbol] | None = None,
) -> Transcript:
    """The answer out of a beam (see `chosen`); `symbols` are its own, if they are wanted."""
    latexes = [tokenizer.decode(h.tokens) for h in hypotheses]
    answer = chosen(hypotheses, tokenizer)
    best, latex = hypotheses[answer], latexes[answer]
    if not best.finished:
        flags = (*flags, "max_length")
    if has_loop(best.tokens):
        flags = (*flags, "repeats")
    valid = is_valid(latex)
    return Transcript(
        latex=latex,
        # The geometric mean of the token probabilities; not calibrated to accuracy.
        confidence=0.0 if "blank" in flags else math.exp(min(best.score, 0.0)),
        score=best.score,
        num_tokens=len(best.tokens),
        stop="eos" if best.finished else "length",
        valid=valid,
        flags=flags if valid else (*flags, "invalid"),
        alternatives=tuple(
            Candidate(latex=other, score=h.score)
            for i, (other, h) in enumerate(zip(latexes, hypotheses, strict=True))
            if i != answer
        ),
        symbols=None if symbols is None else tuple(symbols),
    )


def has_loop(tokens: Sequence[int], repeats: int = 6) -> bool:
    """Whether a run of 2 to 12 tokens comes `repeats` times in a row, as a stuck decoder does."""
    for period in range(2, 13):
        matches = 0
        for i in range(period, len(tokens)):
            matches = matches + 1 if tokens[i] == tokens[i - period] else 0
            if matches >= period * (repeats - 1):
                return True
    return False
