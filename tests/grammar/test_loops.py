"""Loops are found in lists and in searches alike."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from i2l_batch.grammar.loop_watch import LoopWatch
from i2l_batch.grammar.loops import LEAST, LONGEST, REPEATS, find_loop
from tests.grammar.test_grammar import GRAMMAR, TOKENIZER


@given(st.lists(st.integers(0, 9), max_size=9), st.integers(1, LONGEST), st.integers(1, 40))
def test_a_loop_is_enough_equal_turns_that_are_long_enough(
    before: list[int], period: int, times: int
) -> None:
    turn = list(range(100, 100 + period))  # tokens that are nowhere else, all distinct
    found = find_loop([*before, *turn * times, 7])
    if times >= REPEATS and times * period >= LEAST:
        assert found == (len(before), period)
    else:
        assert found is None


def test_what_authors_write_is_no_loop() -> None:
    assert find_loop(list(range(300))) is None
    assert find_loop([1] * 20) is None  # `\;` as a poor man's tabulator
    assert find_loop([1, 2] * 12) is None  # a row of zeros
    assert find_loop([*range(20)] * 5) is None  # rows of a matrix


@pytest.mark.parametrize(
    ("before", "loop"),
    [
        (r"x = \begin{matrix} a", r"& & \\ & & & & \\ & & & \\ & \\ " * 3),
        ("x", r"\qquad \quad { } \; \quad \qquad { } { } " * 4),
        ("x", r"\boldsymbol { \mathbf { \boldsymbol { " * 6),
        ("x", r"+ \; y ~ + \, y \: " * 5),
    ],
)
def test_what_draws_nothing_is_all_the_same(before: str, loop: str) -> None:
    start = len(before.split())
    tokens = TOKENIZER.encode([*before.split(), *loop.split()])
    found = GRAMMAR.loop(tokens)
    assert found
    assert found[0] == start
    assert GRAMMAR.one_turn(tokens) == tokens[: start + found[1]]
    assert GRAMMAR.loop(tokens[:LEAST]) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_watch_sees_what_is_in_the_lists(seed: int) -> None:
    """Hypotheses that live, die and branch, over few tokens, so that there are loops."""
    generator = torch.Generator().manual_seed(seed)
    faces = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2]  # to a watch, 10 is 2
    watch, pasts = LoopWatch(3, 2, faces), torch.empty(3, 2, 0, dtype=torch.long)
    seen = 0
    for step in range(120):
        turn = torch.full((len(pasts), 2, 1), step % 3)
        noise = torch.rand(turn.shape, generator=generator) < 0.01
        tokens = torch.where(noise, 9, turn)
        changed = (tokens == 2) & (torch.rand(turn.shape, generator=generator) < 0.5)
        watch.see(torch.where(changed, 10, tokens)[..., 0])
        pasts = torch.cat([pasts, tokens], -1)
        expected = [[_is_in_loop(past.tolist()) for past in row] for row in pasts]
        assert watch.found().tolist() == expected
        seen += sum(map(sum, expected))
        rows = torch.arange(len(pasts))[(1 if step == 60 else 0) :]
        parents = torch.randint(2, (len(rows), 2), generator=generator)
        watch.select(rows, parents)
        pasts = pasts[rows[:, None], parents]
    assert seen


def _is_in_loop(tokens: list[int]) -> bool:
    """Whether so many of the last tokens that they make a loop equal those a period before."""
    tails = (
        (period, tokens[-max(REPEATS * period, LEAST) :])
        for period in range(1, LONGEST + 1)
        if len(tokens) >= max(REPEATS * period, LEAST)
    )
    return any(tail[period:] == tail[:-period] for period, tail in tails)
