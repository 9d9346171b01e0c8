"""One output of the beam search, and what ranks it among others.

Shapes: T tokens, L places of the attention.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class Hypothesis:
    """One output of the search."""

    tokens: tuple[int, ...]
    """Without bos and eos."""
    log_probability: float
    """Sum over the tokens, and eos where it was reached."""
    finished: bool
    """Ends with eos; else it was cut at `max_length`."""
    lowest: float
    """Log-probability of the least probable token, eos included."""
    attention: Tensor | None = field(default=None, compare=False)
    """(T, L) float, a row for each of `num_steps` predictions, eos included; where recorded."""

    @property
    def num_steps(self) -> int:
        """Tokens that were predicted, eos included."""
        return len(self.tokens) + self.finished

    @property
    def score(self) -> float:
        """Mean log-probability per predicted token."""
        return self.log_probability / max(self.num_steps, 1)

    def rank(self, length_penalty: float) -> tuple[bool, float]:
        """What orders hypotheses: the finished ones first, each kind by penalised score."""
        norm = length_norm(len(self.tokens), length_penalty)
        return self.finished, self.log_probability / norm


def length_norm(length: int, penalty: float) -> float:
    """What the log-probability of `length` tokens, eos not counted, is divided by for ranking.

    ((5 + length) / 6) ** penalty, as in GNMT (arXiv 1609.08144, equation 14) and the paper.
    """
    return ((5 + length) / 6) ** penalty


def ranked(hypotheses: Iterable[Hypothesis], length_penalty: float) -> list[Hypothesis]:
    """Of the same input, best first."""
    return sorted(hypotheses, key=lambda h: h.rank(length_penalty), reverse=True)
