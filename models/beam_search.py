"""Batched beam search over a step function. Knows no model, no tokenizer and no LaTeX.

In: something that advances every hypothesis by one token and can keep some of them. Out: for each
input the best hypotheses, best first, with real log-probabilities.

Shapes: B inputs still searched, K hypotheses of each (the beam), V vocabulary, T tokens so far.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Stepper(Protocol):
    """What the search needs of a model."""

    def step(self, tokens: Tensor) -> Tensor:
        """Feed one token (B, K) to every hypothesis: log-probabilities (B, K, V), float."""
        ...

    def select(self, rows: Tensor, parents: Tensor) -> None:
        """Go on with inputs `rows` (R,), hypothesis k from hypothesis `parents[r, k]` (R, K)."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class BeamConfig:
    """How to search."""

    bos: int
    eos: int
    beam_size: int = 5
    max_length: int = 256
    """Most tokens of a hypothesis, end of sequence included."""
    length_penalty: float = 1.0
    """Exponent of the GNMT penalty ((5 + length) / 6) that log-probabilities are divided by when
    hypotheses of different lengths are ranked; the paper's 1.0 (section 3)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hypothesis:
    """One output of the search."""

    tokens: tuple[int, ...]
    """Without bos and eos."""
    log_probability: float
    """Sum over the tokens, and eos where it was reached."""
    finished: bool
    """Ends with eos; else it was cut at `max_length`."""

    @property
    def num_steps(self) -> int:
        """Tokens that were predicted, eos included."""
        return len(self.tokens) + self.finished

    @property
    def score(self) -> float:
        """Mean log-probability per predicted token."""
        return self.log_probability / max(self.num_steps, 1)


def length_norm(length: int, penalty: float) -> float:
    """What the log-probability of `length` predicted tokens is divided by for ranking."""
    return ((5 + length) / 6) ** penalty


@torch.inference_mode()
def beam_search(
    stepper: Stepper, batch_size: int, config: BeamConfig, device: torch.device | str = "cpu"
) -> list[list[Hypothesis]]:
    """Search all inputs of a batch at once; each leaves the batch when it is done.

    An input is done when `beam_size` hypotheses have finished, or at `max_length`. With
    `beam_size` 1 this is greedy decoding. Returns at most `beam_size` hypotheses per input, the
    finished ones first, each kind by penalised log-probability.
    """
    beam = config.beam_size
    found: list[list[Hypothesis]] = [[] for _ in range(batch_size)]
    inputs = torch.arange(batch_size, device=device)  # (B,) which input a row is
    scores = torch.full((batch_size, beam), float("-inf"), device=device)
    scores[:, 0] = 0.0  # all hypotheses start alike: only the first may branch
    history = torch.empty(batch_size, beam, 0, dtype=torch.long, device=device)  # (B, K, T)
    tokens = torch.full((batch_size, beam), config.bos, device=device)
    for length in range(1, config.max_length + 1):
        log_probabilities = stepper.step(tokens)
        # 1. The best 2K extensions: even if K of them end here, K can go on.
        extended = scores[:, :, None] + log_probabilities
        vocabulary = extended.shape[-1]
        width = min(2 * beam, beam * vocabulary)
        best, index = extended.flatten(1).topk(width)
        parents, chosen = index // vocabulary, index % vocabulary
        # 2. Those that end among the first K are done.
        ended = (chosen == config.eos) & (best > float("-inf"))
        _collect(found, inputs, history, best, parents, ended[:, :beam])
        # 3. The first K of the others go on, for inputs that are not done.
        best = best.masked_fill(chosen == config.eos, float("-inf"))
        scores, order = best.topk(min(beam, width))
        parents, tokens = parents.gather(1, order), chosen.gather(1, order)
        if scores.shape[1] < beam:  # a vocabulary smaller than the beam
            scores, parents, tokens = _widen(scores, parents, tokens, beam)
        searching = [len(found[i]) < beam for i in inputs.tolist()]
        rows = torch.tensor(searching, device=device).nonzero()[:, 0]
        if not len(rows):
            return [_ranked(hypotheses, config) for hypotheses in found]
        parents, tokens, scores, inputs = parents[rows], tokens[rows], scores[rows], inputs[rows]
        history = torch.cat([history[rows[:, None], parents], tokens[:, :, None]], 2)
        if length < config.max_length:
            stepper.select(rows, parents)
    _collect_cut(found, inputs, history, scores)
    return [_ranked(hypotheses, config) for hypotheses in found]


def _collect(
    found: list[list[Hypothesis]],
    inputs: Tensor,
    history: Tensor,
    best: Tensor,
    parents: Tensor,
    ended: Tensor,
) -> None:
    """Note the hypotheses that end at this step."""
    for row, k in ended.nonzero().tolist():
        found[inputs[row]].append(
            Hypothesis(
                tokens=tuple(history[row, parents[row, k]].tolist()),
                log_probability=float(best[row, k]),
                finished=True,
            )
        )


def _collect_cut(
    found: list[list[Hypothesis]], inputs: Tensor, history: Tensor, scores: Tensor
) -> None:
    """Note the hypotheses that were still open at the maximum length."""
    for row, k in (scores > float("-inf")).nonzero().tolist():
        found[inputs[row]].append(
            Hypothesis(
                tokens=tuple(history[row, k].tolist()),
                log_probability=float(scores[row, k]),
                finished=False,
            )
        )


def _widen(
    scores: Tensor, parents: Tensor, tokens: Tensor, beam: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Fill the beam with impossible hypotheses."""
    missing = (scores.shape[0], beam - scores.shape[1])
    return (
        torch.cat([scores, scores.new_full(missing, float("-inf"))], 1),
        torch.cat([parents, parents.new_zeros(missing)], 1),
        torch.cat([tokens, tokens.new_zeros(missing)], 1),
    )


def _ranked(hypotheses: list[Hypothesis], config: BeamConfig) -> list[Hypothesis]:
    def rank(hypothesis: Hypothesis) -> tuple[bool, float]:
        norm = length_norm(hypothesis.num_steps, config.length_penalty)
        return hypothesis.finished, hypothesis.log_probability / norm

    return sorted(hypotheses, key=rank, reverse=True)[: config.beam_size]
