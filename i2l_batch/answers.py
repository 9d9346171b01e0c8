"""From the hypotheses of a beam to the answer, and what is to be said about it.

In: hypotheses, best first. Out: a `Transcript`. Knows nothing of pictures and models.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from i2l_batch.calibration import Calibration
from i2l_batch.grammar import Completed, Grammar, completed
from i2l_batch.latex import is_valid
from i2l_batch.models.hypothesis import Hypothesis
from i2l_batch.models.tokenizer import Tokenizer
from i2l_batch.records import Candidate, Symbol, Transcript

NOTHING = [Hypothesis(tokens=(), log_probability=0.0, finished=True, lowest=0.0)]
"""What is read in a blank picture. A model would recite something."""


def formula(hypothesis: Hypothesis, grammar: Grammar) -> Completed:
    """Its tokens as a formula that parses, of a loop one turn.

    What was found without the grammar, and cannot be mended, stays as it is.
    """
    tokens = grammar.one_turn(hypothesis.tokens)
    as_read = Completed(tuple(tokens), tuple(range(len(tokens))))
    return completed(grammar, tokens) or as_read


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
    answers = [formula(hypothesis, grammar).tokens for hypothesis in hypotheses]
    latex, *others = map(tokenizer.decode, answers)
    best = hypotheses[0]
    if not best.finished:
        flags = (*flags, "max_length")
    if grammar.loop(best.tokens):
        flags = (*flags, "repeats")
    valid = is_valid(latex)
    return Transcript(
        latex=latex,
        confidence=confidence(best.score, best.lowest, len(best.tokens), flags, calibration),
        score=best.score,
        lowest=best.lowest,
        num_tokens=len(answers[0]),
        stop="eos" if best.finished else "length",
        valid=valid,
        flags=flags if valid else (*flags, "invalid"),
        alternatives=tuple(
            Candidate(latex=other, score=h.score)
            for other, h in zip(others, hypotheses[1:], strict=True)
        ),
        symbols=None if symbols is None else tuple(symbols),
    )


def confidence(
    score: float,
    lowest: float,
    num_tokens: int,
    flags: tuple[str, ...],
    calibration: Calibration | None,
) -> float:
    """Probability that an answer is right; `score` and so on as in `calibration.features`."""
    if not {"blank", "max_length", "repeats"}.isdisjoint(flags):
        return 0.0  # nothing was read, or surely not all of it
    if calibration is None:
        return math.exp(min(score, 0.0))
    return calibration.confidence(score, lowest, num_tokens)
