"""Batched beam search over a step function. Knows no model, no tokenizer and no LaTeX.

In: something that advances every hypothesis by one token and can keep some of them. Out: for each
input the best hypotheses, best first, with real log-probabilities and, if asked, what each of them
looked at.

Shapes: B inputs still searched, K hypotheses of each (the beam), V vocabulary, T tokens so far,
L places of the attention.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from i2l_batch.models.hypothesis import Hypothesis, length_norm, ranked


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
    eager: bool = False
    """An input is done as soon as its best finished hypothesis outranks what is unfinished, were
    that to end now: in 15 % less time hardly worse."""
    record_attention: bool = False
    """Give each hypothesis its attention, at the cost of keeping that of the whole beam."""


@torch.inference_mode()
def beam_search(
    stepper: Stepper, batch_size: int, config: BeamConfig, device: torch.device | str = "cpu"
) -> list[list[Hypothesis]]:
    """Search all inputs of a batch at once; each leaves the batch when it is done.

    An input is done when `beam_size` hypotheses have finished, or none goes on, or at `max_length`,
    or earlier if that is wanted.
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
        # A stepper may let nothing follow.
        searched = enumerate(zip(inputs.tolist(), scores.amax(1).tolist(), strict=True))
        going = [
            row
            for row, (i, best) in searched
            if best > float("-inf") and not found.is_done(i, length, best)
        ]
        if not going:
            return found.ranked()
        rows = torch.tensor(going, device=device)
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
        rows, k = ended.nonzero(as_tuple=True)
        if not len(rows):  # as in most steps
            return
        last = parents[rows, k]
        tokens, slots = history[rows, last].unbind(-1)
        slots = torch.cat([slots, last[:, None]], 1)
        self._add(inputs[rows], tokens, slots, best[rows, k], lows[rows, k], finished=True)

    def cut(self, inputs: Tensor, history: Tensor, scores: Tensor, lowest: Tensor) -> None:
        """Note the hypotheses that were still open at the maximum length."""
        rows, k = (scores > float("-inf")).nonzero(as_tuple=True)
        tokens, slots = history[rows, k].unbind(-1)
        self._add(inputs[rows], tokens, slots, scores[rows, k], lowest[rows, k], finished=False)

    def is_done(self, i: int, length: int, best: float) -> bool:
        """Whether to leave input `i`, of which `length` tokens have at best a score of `best`."""
        found, config = self._hypotheses[i], self._config
        if len(found) >= config.beam_size or not config.eager or not found:
            return len(found) >= config.beam_size
        norm = length_norm(length, config.length_penalty)
        return max(h.rank(config.length_penalty) for h in found) >= (True, best / norm)

    def ranked(self) -> list[list[Hypothesis]]:
        """Of each input the best, at most `beam_size`."""
        return [
            ranked(hypotheses, self._config.length_penalty)[: self._config.beam_size]
            for hypotheses in self._hypotheses
        ]

    def _add(
        self,
        inputs: Tensor,
        tokens: Tensor,
        slots: Tensor,
        scores: Tensor,
        lows: Tensor,
        *,
        finished: bool,
    ) -> None:
        """Note N hypotheses: of which inputs, tokens (N, T), and which of the K each was when it
        looked for them (N, steps). All numbers are fetched at once: a GPU is slow to be asked."""
        columns = [column.tolist() for column in (inputs, tokens, slots, scores, lows)]
        for i, said, seen_at, score, low in zip(*columns, strict=True):
            self._hypotheses[i].append(
                Hypothesis(
                    tokens=tuple(said),
                    log_probability=score,
                    finished=finished,
                    lowest=low,
                    attention=self._attention(i, seen_at),
                )
            )

    def _attention(self, i: int, slots: list[int]) -> Tensor | None:
        """What a hypothesis of an input looked at (steps, L)."""
        if not self._config.record_attention:
            return None
        steps = zip(self._seen, slots, strict=True)
        return torch.stack([seen[rows[i], slot] for (rows, seen), slot in steps])


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
