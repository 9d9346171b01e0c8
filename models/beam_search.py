"""Batched beam search over a step function. Knows no model, no tokenizer and no LaTeX.

In: something that advances every hypothesis by one token and can keep some of them. Out: for each
input the best hypotheses, best first, with real log-probabilities and, if asked, what each of them
looked at.

Shapes: B inputs still searched, K hypotheses of each (the beam), V vocabulary, T tokens so far,
L places of the attention.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor


class Stepper(Protocol):
    """What the search needs of a model."""

    def step(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Feed one token (B, K) to every hypothesis.

        Returns:
            float log-probabilities (B, K, V) of the next token, attention (B, K, L) that led to it.
        """
        ...

    def select(self, rows: Tensor, parents: Tensor) -> None:
        """Go on with inputs `rows` (R,), hypothesis k from hypothesis `parents[r, k]` (R, K)."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class BeamConfig:
    """How to search. The paper's setting: beam 10, penalty 1.0, at most 171 steps."""

    bos: int
    eos: int
    beam_size: int = 5
    max_length: int = 256
    """Most tokens of a hypothesis, end of sequence included; 171 in the paper."""
    length_penalty: float = 1.0
    """Exponent of the GNMT penalty, see `length_norm`; 1.0 in the paper."""
    record_attention: bool = False
    """Give each hypothesis its attention, at the cost of keeping that of the whole beam."""


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


def length_norm(length: int, penalty: float) -> float:
    """What the log-probability of `length` tokens, eos not counted, is divided by for ranking.

    ((5 + length) / 6) ** penalty, as in GNMT (arXiv 1609.08144, equation 14) and the paper.
    """
    return ((5 + length) / 6) ** penalty


@torch.inference_mode()
def beam_search(
    stepper: Stepper, batch_size: int, config: BeamConfig, device: torch.device | str = "cpu"
) -> list[list[Hypothesis]]:
    """Search all inputs of a batch at once; each leaves the batch when it is done.

    An input is done when `beam_size` hypotheses have finished, or none goes on, or at `max_length`.
    With `beam_size` 1 this is greedy decoding. Returns at most `beam_size` hypotheses per input,
    the finished ones first, each kind by penalised log-probability.
    """
    beam = config.beam_size
    found = _Found(batch_size, config)
    inputs = torch.arange(batch_size, device=device)  # (B,) which input a row is
    scores = torch.full((batch_size, beam), float("-inf"), device=device)
    scores[:, 0] = 0.0  # all hypotheses start alike: only the first may branch
    lowest = torch.zeros(batch_size, beam, device=device)
    # (B, K, T, 2) each token of a hypothesis, and which of the K its past was at that step.
    history = torch.empty(batch_size, beam, 0, 2, dtype=torch.long, device=device)
    tokens = torch.full((batch_size, beam), config.bos, device=device)
    for length in range(1, config.max_length + 1):
        log_probabilities, attention = stepper.step(tokens)
        found.see(inputs, attention)
        # 1. The best 2K extensions: even if K of them end here, K can go on.
        extended = scores[:, :, None] + log_probabilities
        vocabulary = extended.shape[-1]
        width = min(2 * beam, beam * vocabulary)
        best, index = extended.flatten(1).topk(width)
        parents, chosen = index // vocabulary, index % vocabulary
        lows = torch.minimum(lowest.gather(1, parents), best - scores.gather(1, parents))
        # 2. Those that end among the first K are done.
        ended = (chosen == config.eos) & (best > float("-inf"))
        found.finish(inputs, history, best, lows, parents, ended[:, :beam])
        # 3. The first K of the others go on, for inputs that are not done.
        best = best.masked_fill(chosen == config.eos, float("-inf"))
        scores, order = best.topk(min(beam, width))
        parents, tokens = parents.gather(1, order), chosen.gather(1, order)
        lowest = lows.gather(1, order)
        if scores.shape[1] < beam:  # a vocabulary smaller than the beam
            scores, lowest, parents, tokens = _widen(scores, lowest, parents, tokens, beam)
        alive = (scores > float("-inf")).any(1)  # a stepper may let nothing follow
        searching = [
            not found.has_all(i) and more
            for i, more in zip(inputs.tolist(), alive.tolist(), strict=True)
        ]
        rows = torch.tensor(searching, device=device).nonzero()[:, 0]
        if not len(rows):
            return found.ranked()
        parents, tokens, inputs = parents[rows], tokens[rows], inputs[rows]
        scores, lowest = scores[rows], lowest[rows]
        latest = torch.stack([tokens, parents], -1)[:, :, None]
        history = torch.cat([history[rows[:, None], parents], latest], 2)
        if length < config.max_length:
            stepper.select(rows, parents)
    found.cut(inputs, history, scores, lowest)
    return found.ranked()


class _Found:
    """The hypotheses that are done, and what the beam looked at on the way."""

    def __init__(self, batch_size: int, config: BeamConfig) -> None:
        self._config = config
        self._hypotheses: list[list[Hypothesis]] = [[] for _ in range(batch_size)]
        self._seen: list[tuple[dict[int, int], Tensor]] = []
        """Of each step: the row of each input, and the attention (B, K, L) of all rows."""

    def see(self, inputs: Tensor, attention: Tensor) -> None:
        """Keep the attention (B, K, L) of a step, if it is wanted."""
        if self._config.record_attention:
            rows = {i: row for row, i in enumerate(inputs.tolist())}
            self._seen.append((rows, attention.float()))

    def finish(
        self,
        inputs: Tensor,
        history: Tensor,
        best: Tensor,
        lows: Tensor,
        parents: Tensor,
        ended: Tensor,
    ) -> None:
        """Note the hypotheses that end at this step."""
        for row, k in ended.nonzero().tolist():
            parent = int(parents[row, k])
            past, scores = history[row, parent], (best[row, k], lows[row, k])
            self._add(inputs[row], past[:, 0], [*past[:, 1].tolist(), parent], *scores, True)

    def cut(self, inputs: Tensor, history: Tensor, scores: Tensor, lowest: Tensor) -> None:
        """Note the hypotheses that were still open at the maximum length."""
        for row, k in (scores > float("-inf")).nonzero().tolist():
            past, of_past = history[row, k], (scores[row, k], lowest[row, k])
            self._add(inputs[row], past[:, 0], past[:, 1].tolist(), *of_past, False)

    def has_all(self, i: int) -> bool:
        """Whether a whole beam of input `i` has ended."""
        return len(self._hypotheses[i]) >= self._config.beam_size

    def ranked(self) -> list[list[Hypothesis]]:
        """Of each input the best, at most `beam_size`."""

        def rank(hypothesis: Hypothesis) -> tuple[bool, float]:
            norm = length_norm(len(hypothesis.tokens), self._config.length_penalty)
            return hypothesis.finished, hypothesis.log_probability / norm

        return [
            sorted(hypotheses, key=rank, reverse=True)[: self._config.beam_size]
            for hypotheses in self._hypotheses
        ]

    def _add(
        self,
        i: Tensor,
        tokens: Tensor,
        slots: list[int],
        log_probability: Tensor,
        lowest: Tensor,
        finished: bool,
    ) -> None:
        attention = None
        if self._config.record_attention:
            steps = zip(self._seen, slots, strict=True)
            attention = torch.stack([seen[rows[int(i)], slot] for (rows, seen), slot in steps])
        self._hypotheses[int(i)].append(
            Hypothesis(
                tokens=tuple(tokens.tolist()),
                log_probability=float(log_probability),
                finished=finished,
                lowest=float(lowest),
                attention=attention,
            )
        )


def _widen(
    scores: Tensor, lowest: Tensor, parents: Tensor, tokens: Tensor, beam: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Fill the beam with impossible hypotheses."""
    missing = (scores.shape[0], beam - scores.shape[1])
    return (
        torch.cat([scores, scores.new_full(missing, float("-inf"))], 1),
        torch.cat([lowest, lowest.new_zeros(missing)], 1),
        torch.cat([parents, parents.new_zeros(missing)], 1),
        torch.cat([tokens, tokens.new_zeros(missing)], 1),
    )
