"""A little world to learn: digits drawn by hand, side by side. No TeX."""

from __future__ import annotations

import numpy as np
import torch

from i2l_batch.models.tokenizer import Tokenizer
from i2l_batch.train.batches import Sample

torch.set_num_threads(1)  # the pictures are too small for more

GLYPHS = {
    "1": ".#. ##. .#. .#. ###",
    "2": "##. ..# .#. #.. ###",
    "3": "##. ..# .#. ..# ##.",
    "4": "#.# #.# ### ..# ..#",
    "7": "### ..# .#. .#. .#.",
}
TOKENIZER = Tokenizer.from_tokens(GLYPHS)
SIZE = 4
"""Pixels of a glyph's dot."""


def sample(digits: str) -> Sample:
    """A picture of the digits, one after the other, a dot apart."""
    glyphs = [np.array([list(row) for row in GLYPHS[d].split()]) == "#" for d in digits]
    columns = [np.pad(glyph, ((0, 0), (0, 1))) for glyph in glyphs]
    dots = np.concatenate(columns, 1)[:, :-1]
    ink = np.kron(dots, np.ones((SIZE, SIZE), bool)).astype(np.uint8) * 255
    boxes = [[4 * i * SIZE, 0, (4 * i + 3) * SIZE, 5 * SIZE] for i in range(len(digits))]
    ids = np.array(TOKENIZER.encode(list(digits)), np.int16)
    return Sample(ink, ids, np.array(boxes, np.int16))


def samples(count: int, longest: int, seed: int = 0) -> list[Sample]:
    rng = np.random.default_rng(seed)
    return [
        sample("".join(rng.choice(list(GLYPHS), rng.integers(1, longest + 1))))
        for _ in range(count)
    ]
