"""A search within the grammar, over models that know nothing of LaTeX."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from i2l_batch.answers import formula
from i2l_batch.grammar import Grammar
from i2l_batch.grammar.constraint import Constrained, Masks
from i2l_batch.grammar.loops import LEAST
from i2l_batch.latex import is_valid
from i2l_batch.models.beam_search import BeamConfig, beam_search
from i2l_batch.models.hypothesis import Hypothesis
from i2l_batch.models.tokenizer import BOS, EOS, Tokenizer

TOKENIZER = Tokenizer.from_tokens(
    r"x y + & \\ { } ^ _ \frac \left( \right) \sum \limits \big | c \hspace 1mm \ "
    r"\begin{array} \end{array} \begin{cases} \end{cases} \sqrt [ ]".split(" ")
)
GRAMMAR = Grammar(TOKENIZER.vocabulary)
MASKS = Masks(GRAMMAR, "cpu")


class Babbler:
    """Log-probabilities of the next token from the input and the last token: a fixed table."""

    def __init__(self, tables: Tensor) -> None:
        self.tables = tables.log_softmax(-1)
        self.rows = torch.arange(len(tables))

    def step(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        result = self.tables[self.rows[:, None], tokens]
        return result, torch.ones(*tokens.shape, 1)

    def select(self, rows: Tensor, parents: Tensor) -> None:
        del parents
        self.rows = self.rows[rows]


def random_tables(count: int, spread: float = 3.0) -> Tensor:
    """A model with a larger spread is sure of more, slips among it."""
    size = (count, len(TOKENIZER), len(TOKENIZER))
    return torch.randn(size, generator=torch.Generator().manual_seed(3)) * spread


def search(tables: Tensor, beam_size: int, max_length: int = 40) -> list[list[Hypothesis]]:
    config = BeamConfig(bos=BOS, eos=EOS, beam_size=beam_size, max_length=max_length)
    stepper = Constrained(Babbler(tables), MASKS, len(tables), beam_size)
    return beam_search(stepper, len(tables), config)


def latex_of(hypothesis: Hypothesis) -> str:
    return TOKENIZER.decode(formula(hypothesis, GRAMMAR).tokens)


@pytest.mark.parametrize("spread", [3.0, 12.0])
@pytest.mark.parametrize("beam_size", [1, 4])
def test_every_hypothesis_parses(beam_size: int, spread: float) -> None:
    beams = search(random_tables(40, spread), beam_size)
    hypotheses = [hypothesis for beam in beams for hypothesis in beam]
    assert len(hypotheses) > 30 * beam_size
    for hypothesis in hypotheses:
        assert is_valid(latex_of(hypothesis)), latex_of(hypothesis)
    assert {hypothesis.finished for hypothesis in hypotheses} == {True, False}
    as_read = [formula(h, GRAMMAR).tokens == h.tokens for h in hypotheses if h.finished]
    assert {True, False} == set(as_read)


def test_neighbours_do_not_matter() -> None:
    tables = random_tables(12)
    together = search(tables, 3)
    for i, beam in enumerate(together):
        [alone] = search(tables[i : i + 1], 3)
        assert [h.tokens for h in alone] == [h.tokens for h in beam]


def test_what_remains_keeps_its_probability() -> None:
    tables = random_tables(8)
    for table, beam in zip(tables.log_softmax(-1), search(tables, 3), strict=True):
        for hypothesis in beam:
            ends = [EOS] if hypothesis.finished else []
            path = [BOS, *hypothesis.tokens, *ends]
            total = sum(float(table[a, b]) for a, b in itertools.pairwise(path))
            assert hypothesis.log_probability == pytest.approx(total, abs=1e-3)


def test_a_loop_is_left_and_one_turn_stays() -> None:
    x, plus = TOKENIZER.encode(["x", "+"])
    tables = torch.zeros(1, len(TOKENIZER), len(TOKENIZER))
    tables[0, [BOS, plus], x] = tables[0, x, plus] = 9.0
    [[stuck]] = search(tables, 1, max_length=200)
    assert LEAST <= len(stuck.tokens) <= LEAST + 1
    assert stuck.finished
    assert latex_of(stuck) == "x +"
    [beam] = search(tables, 4, max_length=200)
    assert latex_of(beam[0]) == "x +" if len(beam[0].tokens) >= LEAST else beam[0].finished


def chain(tokens: str) -> Tensor:
    """The table of a model that is sure of these tokens, each of them once, and of the end."""
    ids = [BOS, *TOKENIZER.encode(tokens.split()), EOS]
    tables = torch.zeros(1, len(TOKENIZER), len(TOKENIZER))
    for a, b in itertools.pairwise(ids):
        tables[0, a, b] = 12.0
    return tables


@pytest.mark.parametrize("beam_size", [1, 3])
@pytest.mark.parametrize(
    ("meant", "written"),
    [
        (r"x } + y", r"x + y"),
        (r"x \right) + y", r"x + y"),
        (r"\begin{array} { c } x & y \end{cases}", r"\begin{array} { c c } x & y \end{array}"),
        (r"\left( x", r"\left( x \right)"),
        (r"\sqrt { x", r"\sqrt { x }"),
    ],
)
def test_a_model_has_its_way_where_that_can_be_mended(
    meant: str, written: str, beam_size: int
) -> None:
    best = search(chain(meant), beam_size)[0][0]
    assert latex_of(best) == written
    assert best.tokens[: len(meant.split())] == tuple(TOKENIZER.encode(meant.split()))
