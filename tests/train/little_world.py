"""A little world to learn: digits drawn by hand, side by side. No TeX."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from PIL import Image

from i2l_batch.models.tokenizer import Tokenizer
from i2l_batch.train.data import Sample

torch.set_num_threads(1)  # the pictures are too small for more

GLYPHS = {
    "1": ".#. ##. .#. .#. ###",
    "2": "##. ..# .#. #.. ###",
    "3": "##. ..# .#. ..# ##.",
    "4": "#.# #.# ### ..# ..#",
    "7": "### ..# .#. .#. .#.",
}
TOKENIZER = Tokenizer.from_tokens(GLYPHS)
DOT = 4
"""Pixels of a glyph's dot."""


def sample(digits: str) -> Sample:
    """A picture of the digits, one after the other, a dot apart."""
    glyphs = [np.array([list(row) for row in GLYPHS[d].split()]) == "#" for d in digits]
    columns = [np.pad(glyph, ((0, 0), (0, 1))) for glyph in glyphs]
    dots = np.concatenate(columns, 1)[:, :-1]
    ink = np.kron(dots, np.ones((DOT, DOT), bool)).astype(np.uint8) * 255
    boxes = [[4 * i * DOT, 0, (4 * i + 3) * DOT, 5 * DOT] for i in range(len(digits))]
    ids = np.array(TOKENIZER.encode(list(digits)), np.int32)
    return Sample(ink, ids, np.array(boxes, np.int16))


def samples(count: int, longest: int, seed: int = 0, shortest: int = 1) -> list[Sample]:
    rng = np.random.default_rng(seed)
    return [
        sample("".join(rng.choice(list(GLYPHS), rng.integers(shortest, longest + 1))))
        for _ in range(count)
    ]


def write_dataset(
    folder: Path,
    train: Sequence[Sample],
    validation: Sequence[Sample],
    *,
    em: float = 16.0,
    padding: int = 0,
    boxes: bool = True,
    vocabulary: Sequence[str] = TOKENIZER.vocabulary[4:],
) -> Path:
    """A finished data set folder of these samples, two files per split."""
    for name, members in (("train", train), ("validation", validation)):
        (folder / name).mkdir(parents=True)
        rows = [row(sample, em, padding, boxes) for sample in members]
        for part, start in enumerate((0, len(rows) // 2)):
            table = pa.Table.from_pylist(rows[start : len(rows) // 2 if part == 0 else None])
            pq.write_table(table, folder / name / f"part-{part:05d}.parquet")
    report = {"name": folder.name, "vocabulary": list(vocabulary)}
    (folder / "dataset.json").write_text(json.dumps(report), "utf-8")
    return folder


def row(sample: Sample, em: float, padding: int, boxes: bool) -> dict[str, object]:
    """A row as the data set builder writes it, as far as training reads it."""
    picture = np.pad(255 - sample.ink, padding, constant_values=255)
    png = io.BytesIO()
    Image.fromarray(picture).save(png, "PNG")
    places = (sample.boxes + padding * sample.boxes.any(1, keepdims=True)).astype(np.int16)
    return {
        "tokens": [TOKENIZER.vocabulary[i] for i in sample.ids],
        "image": png.getvalue(),
        "height": picture.shape[0],
        "width": picture.shape[1],
        "boxes": places.tobytes() if boxes else b"",
        "em": em,
    }
