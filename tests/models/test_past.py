"""The tree of what hypotheses have said: the same as a past of its own for each of them."""

from __future__ import annotations

import pytest
import torch

from i2l_batch.models.past import ROOM, State

HEADS, DIM = 2, 3


@pytest.mark.parametrize("beams", [1, 2, 5])
def test_each_hypothesis_has_the_nodes_of_its_parents(beams: int) -> None:
    """Nodes are filled with numbers that tell step and slot; a plain list keeps the same."""
    generator = torch.Generator().manual_seed(beams)
    pictures, steps = 4, 3 * ROOM
    state = State([torch.empty(pictures, HEADS, 7, DIM)] * 2, beams)
    past: list[list[list[int]]] = [[[] for _ in range(beams)] for _ in range(pictures)]
    for step in range(steps):
        bias = state.grow()
        assert (bias is None) == (beams == 1)
        numbers = torch.arange(len(past) * beams).view(-1, 1, beams, 1) + 1000 * step
        for i in range(2):
            for nodes in state.layer(i):
                nodes[:, :, -beams:] = numbers.float()
        for row in range(len(past)):
            for k in range(beams):
                past[row][k].append(int(numbers[row, 0, k, 0]))
                keys, values = state.layer(1)
                own = slice(None) if bias is None else bias[row, 0, k] == 0
                for nodes in (keys, values):
                    for head in range(HEADS):
                        assert nodes[row, head, own, -1].tolist() == past[row][k]
        gone = step % 11 == 10 and len(past) > 1
        rows = torch.arange(len(past))[1 if gone else 0 :]
        parents = torch.randint(0, beams, (len(rows), beams), generator=generator)
        state = state.select(rows, parents)
        past = [
            [list(past[row][parent]) for parent in of_row]
            for row, of_row in zip(rows.tolist(), parents.tolist(), strict=True)
        ]
    assert state.length == steps


def test_nodes_that_no_hypothesis_needs_are_left_out() -> None:
    state = State([torch.empty(1, HEADS, 7, DIM)], 4)
    most = 0
    for _ in range(10 * ROOM):
        state.grow()
        most = max(most, state.layer(0)[0].shape[2])
        state = state.select(torch.tensor([0]), torch.zeros(1, 4, dtype=torch.long))
    assert most <= 10 * ROOM + 4 * ROOM  # not four times ten
