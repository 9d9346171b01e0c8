"""A data set as `i2l dataset build` leaves it, of digits drawn by hand: no TeX, a second to write."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from i2l_batch.train.dataset.shards import SAMPLE_SCHEMA
from tests.train.dataset.glyphs import GLYPHS, sample

EM = 14.0
"""Body size that the pictures are said to have, in pixels: the one that the tiny models read."""


def write_dataset(
    folder: Path, *, train: int = 96, validation: int = 16, longest: int = 3, seed: int = 0
) -> Path:
    """So many samples of 1 to `longest` digits in each split; returns the folder."""
    rng = np.random.default_rng(seed)
    sizes = {"train": train, "validation": validation, "test": validation}
    for split, count in sizes.items():
        texts = [
            "".join(rng.choice(list(GLYPHS), rng.integers(1, longest + 1))) for _ in range(count)
        ]
        (folder / split).mkdir(parents=True)
        table = pa.Table.from_pylist([_row(text, split) for text in texts], SAMPLE_SCHEMA)
        pq.write_table(table, folder / split / "part-00000.parquet")
    report = {"name": "digits", "splits": sizes, "vocabulary": sorted(GLYPHS)}
    (folder / "dataset.json").write_text(json.dumps(report), "utf-8")
    return folder


def _row(text: str, split: str) -> dict[str, object]:
    drawn = sample(text)
    png = io.BytesIO()
    Image.fromarray(255 - drawn.ink).save(png, "PNG")
    height, width = drawn.ink.shape
    return {
        "tokens": list(text),
        "formula": text,
        "image": png.getvalue(),
        "height": height,
        "width": width,
        "boxes": drawn.boxes.tobytes(),
        "em": EM,
        "font": "by hand",
        "split": split,
        "bin": 28,
    }
