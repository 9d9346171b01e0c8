"""The search against brute force, and laws that hold for any model."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from i2l_batch.models.beam_search import BeamConfig, Hypothesis, beam_search, length_norm

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

    def step(self, tokens: Tensor) -> Tensor:
        result = self.table[self.rows[:, None], self.last, tokens]
        self.last = tokens
        return result

    def select(self, rows: Tensor, parents: Tensor) -> None:
        self.rows = self.rows[rows]
        self.last = self.last[rows[:, None], parents]

    def log_probability(self, row: int, tokens: tuple[int, ...]) -> float:
        total, before, last = 0.0, BOS, BOS
        for token in tokens:
            total += float(self.table[row, before, last, token])
            before, last = last, token
        return total


def brute_force(model: TableModel, row: int, config: BeamConfig) -> Hypothesis:
    """The best of all token sequences that end within `max_length`."""
    words = [t for t in range(model.table.shape[-1]) if t not in (BOS, EOS)]
    candidates = [
        Hypothesis(
            tokens=tokens,
            log_probability=model.log_probability(row, (*tokens, EOS)),
            finished=True,
        )
        for n in range(config.max_length)
        for tokens in itertools.product(words, repeat=n)
    ]
    return max(
        candidates,
        key=lambda h: h.log_probability / length_norm(h.num_steps, config.length_penalty),
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
            assert h.log_probability == pytest.approx(model.log_probability(row, tokens), abs=1e-5)
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


def test_a_hypothesis_that_never_ends_is_cut_and_says_so() -> None:
    model = TableModel(1, batch=2, vocabulary=4, beam=2, sharpness=1.0)
    model.table[..., EOS] = float("-inf")
    found = beam_search(model, 2, BeamConfig(bos=BOS, eos=EOS, beam_size=2, max_length=6))
    assert all(not h.finished and len(h.tokens) == 6 for row in found for h in row)
