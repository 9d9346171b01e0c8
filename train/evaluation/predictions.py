"""Answers as a table: one row per formula, in parquet.

In: judged formulas, batch by batch. Out: a file that is whole or absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from i2l_batch.canonical import canonicalize
from i2l_batch.durable import whole_file
from i2l_batch.metrics import edit_distance
from i2l_batch.train.evaluation.summary import Judged, bin_of

PREDICTION_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("tokens", pa.list_(pa.string()), nullable=False),
        pa.field("latex", pa.string(), nullable=False),
        pa.field("prediction", pa.string()),  # null: the results hold no such formula
        pa.field("confidence", pa.float32()),
        pa.field("score", pa.float32()),
        pa.field("lowest", pa.float32()),
        pa.field("num_tokens", pa.int32()),
        pa.field("stop", pa.string()),
        pa.field("valid", pa.bool_(), nullable=False),
        pa.field("edit_distance", pa.float32(), nullable=False),
        pa.field("exact", pa.bool_(), nullable=False),
        pa.field("exact_canonical", pa.bool_(), nullable=False),
        pa.field("image_match_harvard", pa.bool_()),  # null: not compared, or the label
        pa.field("image_match_strict", pa.bool_()),  # gives no picture
        pa.field("bin", pa.int32(), nullable=False),
        pa.field("flags", pa.list_(pa.string()), nullable=False),
    ]
)

Write = Callable[[Sequence[Judged]], None]


@contextmanager
def prediction_file(path: Path | None) -> Iterator[Write]:
    """A function that writes rows; the file has its name when all of them are in it.

    Args:
        path: null to write nothing.

    Raises:
        StoreError: the folder cannot be written.
    """
    if path is None:
        yield lambda _: None
        return
    with (
        whole_file(path) as file,
        pq.ParquetWriter(file, PREDICTION_SCHEMA, compression="zstd") as writer,
    ):
        yield lambda formulas: writer.write_table(
            pa.Table.from_pylist([row(formula) for formula in formulas], PREDICTION_SCHEMA)
        )


def row(formula: Judged) -> dict[str, Any]:
    """A row of PREDICTION_SCHEMA."""
    label, answer, pictures = formula.label, formula.answer, formula.pictures
    return {
        "id": label.name,
        "tokens": label.tokens,
        "latex": label.latex,
        "prediction": answer and answer.latex,
        "confidence": answer and answer.confidence,
        "score": answer and answer.score,
        "lowest": answer and answer.lowest,
        "num_tokens": answer and answer.num_tokens,
        "stop": answer and answer.stop,
        "valid": formula.valid,
        "edit_distance": edit_distance(formula.tokens, label.tokens),
        "exact": formula.tokens == label.tokens,
        "exact_canonical": canonicalize(formula.tokens) == canonicalize(label.tokens),
        "image_match_harvard": pictures and pictures.harvard,
        "image_match_strict": pictures and pictures.strict,
        "bin": bin_of(label),
        "flags": list(answer.flags) if answer else [],
    }
