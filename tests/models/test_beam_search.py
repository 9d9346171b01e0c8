"""The search against brute force, and laws that hold for any model."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from i2l_batch.models.beam_search import BeamConfig, beam_search
from i2l_batch.models.hypothesis import Hypothesis, length_norm

BOS, EOS = 0, 1


class TableModel:
    """Log-probabilities of the next token from the last two tokens and the input: a fixed table."""

    def __init__(self, seed: int, batch: int, vocabulary: int, beam: int, sharpness: float) -> None:
        generator = torch.Generator().manual_seed(seed)
        shape = (batch, vocabulary, vocabulary, vocabulary)
        table = torch.randn(shape, generator=generator, dtype=torch.float64) * sharpness
        table[..., BOS] = float("-inf")
        self.table = table.log_softmax(-1)
        self.rows = torch.arange(batch)
        self.last = torch.full((batch, beam), BOS)
        self.steps = 0

    def step(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The attention spells what was fed: input, token before last, last token."""
        self.steps += 1
        result = self.table[self.rows[:, None], self.last, tokens]
        fed = torch.stack([self.rows[:, None].expand_as(tokens), self.last, tokens], -1)
        self.last = tokens
        return result, fed

    def select(self, rows: Tensor, parents: Tensor) -> None:
        self.rows = self.rows[rows]
        self.last = self.last[rows[:, None], parents]

    def log_probabilities(self, row: int, tokens: tuple[int, ...]) -> list[float]:
        steps = zip((BOS, BOS, *tokens), (BOS, *tokens), tokens, strict=False)
        return [float(self.table[row, before, last, token]) for before, last, token in steps]


def brute_force(model: TableModel, row: int, config: BeamConfig) -> Hypothesis:
    """The best of all token sequences that end within `max_length`."""
    words = [t for t in range(model.table.shape[-1]) if t not in (BOS, EOS)]
    candidates = [
        Hypothesis(
            tokens=tokens,
            log_probability=sum(model.log_probabilities(row, (*tokens, EOS))),
            lowest=min(model.log_probabilities(row, (*tokens, EOS))),
            finished=True,
        )
        for n in range(config.max_length)
        for tokens in itertools.product(words, repeat=n)
    ]
    return max(
        candidates,
        key=lambda h: h.log_probability / length_norm(len(h.tokens), config.length_penalty),
    )


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
def test_a_beam_as_wide_as_the_space_finds_what_brute_force_finds(
    seed: int, length_penalty: float
) -> None:
    beam = 3**4 * 2
    model = TableModel(seed, batch=3, vocabulary=5, beam=beam, sharpness=2.0)
    config = BeamConfig(
        bos=BOS, eos=EOS, beam_size=beam, max_length=5, length_penalty=length_penalty
    )
    found = beam_search(model, 3, config)
    for row in range(3):
        best = brute_force(model, row, config)
        assert found[row][0].tokens == best.tokens
        assert found[row][0].log_probability == pytest.approx(best.log_probability, abs=1e-6)


@pytest.mark.parametrize("beam_size", [1, 2, 3, 5])
def test_log_probabilities_are_those_of_the_returned_tokens(beam_size: int) -> None:
    model = TableModel(7, batch=6, vocabulary=9, beam=beam_size, sharpness=1.5)
    config = BeamConfig(bos=BOS, eos=EOS, beam_size=beam_size, max_length=12)
    for row, hypotheses in enumerate(beam_search(model, 6, config)):
        assert 1 <= len(hypotheses) <= beam_size
        assert len({(h.tokens, h.finished) for h in hypotheses}) == len(hypotheses)
        for h in hypotheses:
            tokens = (*h.tokens, EOS) if h.finished else h.tokens
            steps = model.log_probabilities(row, tokens)
            assert h.log_probability == pytest.approx(sum(steps), abs=1e-5)
            assert h.lowest == pytest.approx(min(steps), abs=1e-5)
            assert EOS not in h.tokens
            assert h.finished or len(h.tokens) == config.max_length


@pytest.mark.parametrize("seed", range(8))
def test_a_beam_of_one_is_greedy(seed: int) -> None:
    model = TableModel(seed, batch=1, vocabulary=7, beam=1, sharpness=1.0)
    found = beam_search(model, 1, BeamConfig(bos=BOS, eos=EOS, beam_size=1, max_length=20))
    expected: list[int] = []
    before, last = BOS, BOS
    while len(expected) < 20:
        token = int(model.table[0, before, last].argmax())
        if token == EOS:
            break
        expected.append(token)
        before, last = last, token
    assert list(found[0][0].tokens) == expected


@pytest.mark.parametrize("beam_size", [1, 4])
def test_an_input_does_not_depend_on_its_neighbours(beam_size: int) -> None:
    config = BeamConfig(bos=BOS, eos=EOS, beam_size=beam_size, max_length=15)
    together = beam_search(TableModel(3, 8, 8, beam_size, 1.2), 8, config)
    for row in range(8):
        alone = TableModel(3, 8, 8, beam_size, 1.2)
        alone.rows, alone.last = alone.rows[row : row + 1], alone.last[row : row + 1]
        assert beam_search(alone, 1, config)[0] == together[row]


@pytest.mark.parametrize("beam_size", [1, 3, 8])
@pytest.mark.parametrize("max_length", [3, 12])
def test_attention_is_that_of_the_tokens_own_past(beam_size: int, max_length: int) -> None:
    """Slots of the beam change hands at every step; what was seen must follow the hypothesis."""
    model = TableModel(5, batch=6, vocabulary=6, beam=beam_size, sharpness=1.0)
    config = BeamConfig(
        bos=BOS, eos=EOS, beam_size=beam_size, max_length=max_length, record_attention=True
    )
    for row, hypotheses in enumerate(beam_search(model, 6, config)):
        for h in hypotheses:
            fed = [BOS, BOS, *h.tokens][: h.num_steps + 1]
            expected = [[row, before, last] for before, last in itertools.pairwise(fed)]
            assert h.attention is not None
            assert h.attention.tolist() == expected


def test_recording_changes_nothing_else() -> None:
    config = BeamConfig(bos=BOS, eos=EOS, beam_size=4, max_length=15)
    plain = beam_search(TableModel(3, 8, 8, 4, 1.2), 8, config)
    assert all(h.attention is None for row in plain for h in row)
    recorded = beam_search(TableModel(3, 8, 8, 4, 1.2), 8, replace(config, record_attention=True))
    assert plain == recorded


def test_the_penalised_length_does_not_count_the_end() -> None:
    """The paper's: `word eos` has length 1. Counting eos would rank these two the other way."""
    never, rare, word = float("-inf"), -9.0, 2
    model = TableModel(0, batch=1, vocabulary=4, beam=2, sharpness=1.0)
    model.table[:] = torch.tensor([never, -0.98, rare, rare])
    model.table[0, BOS, BOS] = torch.tensor([never, -1.0, -0.2, rare])
    found = beam_search(model, 1, BeamConfig(bos=BOS, eos=EOS, beam_size=2, max_length=9))[0]
    # -1.18 / (6 / 6) against -1.00 / (5 / 6); with eos -1.18 / (7 / 6) against -1.00 / (6 / 6).
    assert [h.tokens for h in found] == [(word,), ()]
    assert [h.log_probability for h in found] == pytest.approx([-1.18, -1.0])


def test_a_hypothesis_that_never_ends_is_cut_and_says_so() -> None:
    model = TableModel(1, batch=2, vocabulary=4, beam=2, sharpness=1.0)
    model.table[..., EOS] = float("-inf")
    found = beam_search(model, 2, BeamConfig(bos=BOS, eos=EOS, beam_size=2, max_length=6))
    assert all(not h.finished and len(h.tokens) == 6 for row in found for h in row)


@pytest.mark.parametrize("seed", range(6))
def test_an_eager_search_takes_fewer_steps_and_at_best_finds_the_same(seed: int) -> None:
    config = BeamConfig(bos=BOS, eos=EOS, beam_size=4, max_length=30)
    patient, eager = (TableModel(seed, 6, 8, 4, 1.5) for _ in range(2))
    full = beam_search(patient, 6, config)
    early = beam_search(eager, 6, replace(config, eager=True))
    assert eager.steps < patient.steps
    for found, kept in zip(full, early, strict=True):
        assert kept[0].finished
        assert found[0].rank(1.0) >= kept[0].rank(1.0)
    assert sum(f[0] == k[0] for f, k in zip(full, early, strict=True)) >= 4
