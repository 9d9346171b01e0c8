"""A data set folder as `i2l dataset build` writes it, out of pictures that are given."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from i2l_batch.latex import tokenize
from i2l_batch.train.dataset.split import length_bin

SCHEMA = pa.schema(
    [
        ("tokens", pa.list_(pa.string())),
        ("formula", pa.string()),
        ("image", pa.binary()),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("boxes", pa.binary()),
        ("em", pa.float32()),
        ("font", pa.string()),
        ("split", pa.string()),
        ("bin", pa.int32()),
    ]
)


def write_dataset(
    folder: Path, formulas: Sequence[tuple[str, np.ndarray]], *, em: float, part_size: int = 3
) -> Path:
    """Formulas of LaTeX and grey picture as the split `test`, `part_size` to a file."""
    (folder / "test").mkdir(parents=True)
    rows = [_row(latex, picture, em) for latex, picture in formulas]
    for k in range(0, len(rows), part_size):
        table = pa.Table.from_pylist(rows[k : k + part_size], SCHEMA)
        pq.write_table(table, folder / "test" / f"part-{k // part_size:05d}.parquet")
    (folder / "recipe.json").write_text("{}")
    report = {"name": "tiny", "splits": {"train": 0, "validation": 0, "test": len(rows)}}
    (folder / "dataset.json").write_text(json.dumps(report))
    return folder


def _row(latex: str, picture: np.ndarray, em: float) -> dict[str, object]:
    png = io.BytesIO()
    Image.fromarray(picture).save(png, "PNG")
    tokens = tokenize(latex)
    return {
        "tokens": tokens,
        "formula": latex,
        "image": png.getvalue(),
        "height": picture.shape[0],
        "width": picture.shape[1],
        "boxes": b"",
        "em": em,
        "font": "computer-modern",
        "split": "test",
        "bin": length_bin(len(tokens)),
    }
