"""From the hypotheses of a beam to the answer, and what is to be said about it.

In: hypotheses, best first. Out: a `Transcript`. Knows nothing of pictures and models.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from i2l_batch.calibration import Calibration
from i2l_batch.grammar import Grammar, find_loop
from i2l_batch.latex import is_valid
from i2l_batch.models.hypothesis import Hypothesis
from i2l_batch.models.tokenizer import Tokenizer
from i2l_batch.records import Candidate, Symbol, Transcript

NOTHING = [Hypothesis(tokens=(), log_probability=0.0, finished=True, lowest=0.0)]
"""What is read in a blank picture. A model would recite something."""


def completed(hypothesis: Hypothesis, grammar: Grammar) -> tuple[tuple[int, ...], int]:
    """Its tokens as a formula, and how many of them were read: one turn of a loop, and what is
    still open closed."""
    tokens = hypothesis.tokens
    if loop := find_loop(tokens):
        start, period = loop
        tokens = tokens[: start + period]
    elif hypothesis.finished:
        return tokens, len(tokens)
    return grammar.completed(tokens), len(tokens)


def transcript(
    hypotheses: Sequence[Hypothesis],
    tokenizer: Tokenizer,
    grammar: Grammar,
    flags: tuple[str, ...],
    calibration: Calibration | None = None,
    symbols: Sequence[Symbol] | None = None,
) -> Transcript:
    """The best hypothesis of a beam as the answer.

    Args:
        hypotheses: best first.
        tokenizer: of the model.
        grammar: of its vocabulary.
        flags: what was noticed of the picture.
        calibration: of the model; without one the confidence is the geometric mean of the tokens'
            probabilities, which says what is better, but not how good it is.
        symbols: of the answer, if they are wanted.
    """
    answers = [completed(hypothesis, grammar) for hypothesis in hypotheses]
    latex, *others = (tokenizer.decode(tokens) for tokens, _ in answers)
    best, (tokens, num_read) = hypotheses[0], answers[0]
    if not best.finished:
        flags = (*flags, "max_length")
    if num_read < len(best.tokens):  # what was left out are the other turns of a loop
        flags = (*flags, "repeats")
    valid = is_valid(latex)
    return Transcript(
        latex=latex,
        confidence=_confidence(best, flags, calibration),
        score=best.score,
        lowest=best.lowest,
        num_tokens=len(tokens),
        stop="eos" if best.finished else "length",
        valid=valid,
        flags=flags if valid else (*flags, "invalid"),
        alternatives=tuple(
            Candidate(latex=other, score=h.score)
            for other, h in zip(others, hypotheses[1:], strict=True)
        ),
        symbols=None if symbols is None else tuple(symbols),
    )


def _confidence(best: Hypothesis, flags: tuple[str, ...], calibration: Calibration | None) -> float:
    if not {"blank", "max_length", "repeats"}.isdisjoint(flags):
        return 0.0  # nothing was read, or surely not all of it
    if calibration is None:
        return math.exp(min(best.score, 0.0))
    return calibration.confidence(best.score, best.lowest, len(best.tokens))
