"""The separate marks of a picture."""

from __future__ import annotations

import numpy as np
import pytest

from i2l_batch.marks import mark_boxes


def test_connected_marks_by_construction() -> None:
    drawing = """
        ##....#...#
        .#...#....#
        ......#.###
        #........#.
        """
    rows = [list(line.strip()) for line in drawing.split()]
    boxes = mark_boxes(np.array(rows) == "#").tolist()
    assert sorted(boxes) == [[0, 0, 2, 2], [0, 3, 1, 4], [5, 0, 7, 3], [8, 0, 11, 4]]


@pytest.mark.parametrize("seed", range(20))
def test_connected_marks_are_those_of_a_flood_fill(seed: int) -> None:
    solid = np.random.default_rng(seed).random((12, 17)) < 0.1 + 0.04 * seed
    assert sorted(mark_boxes(solid).tolist()) == sorted(flood_boxes(solid))


def flood_boxes(solid: np.ndarray) -> list[list[int]]:
    left = set(zip(*np.nonzero(solid), strict=True))
    boxes = []
    while left:
        reached, edge = set(), [left.pop()]
        while edge:
            y, x = edge.pop()
            reached.add((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            edge += near
        ys, xs = zip(*reached, strict=True)
        boxes.append([int(min(xs)), int(min(ys)), int(max(xs)) + 1, int(max(ys)) + 1])
    return boxes
