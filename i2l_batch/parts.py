"""Rows, and one parquet file of them.

In: records. Out: rows of the two schemas, and a file under its final name, whole or not at all.
Knows nothing of which parts belong together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from i2l_batch.locations import Location
from i2l_batch.records import Crop, Document, Symbol, Transcript, formula_id
from i2l_batch.schema import FORMULA_SCHEMA
from i2l_batch.source_names import stored_name

_PICTURE = "crop.bytes"
"""The column that is compressed already (PNG)."""

FORMULA_PART = FORMULA_SCHEMA.with_metadata(
    {"huggingface": json.dumps({"info": {"features": {"crop": {"_type": "Image"}}}})}
)
"""Tells the datasets library (seen with 5.2) to decode crops to pictures; others pass it by."""


def formula_row(
    source: str,
    source_sha256: str,
    crop: Crop,
    transcript: Transcript,
    *,
    keep_crop: bool,
    model: str,
) -> dict[str, Any]:
    """A row of FORMULA_SCHEMA. source: `Source.name`; model: id of the weights.

    The crop's path is `<formula_id>.png`: a name to save it under; nothing lies there.
    """
    name = formula_id(source, source_sha256, crop.page, crop.index)
    return {
        "formula_id": name,
        "source": stored_name(source),
        "source_sha256": source_sha256,
        "page": crop.page,
        "index": crop.index,
        "kind": crop.kind,
        "number": _text(crop.number),
        "x0": crop.box.x0,
        "y0": crop.box.y0,
        "x1": crop.box.x1,
        "y1": crop.box.y1,
        "page_width": crop.page_width,
        "page_height": crop.page_height,
        "dpi": crop.dpi,
        "latex": transcript.latex,
        "confidence": transcript.confidence,
        "score": transcript.score,
        "lowest": transcript.lowest,
        "num_tokens": transcript.num_tokens,
        "stop": transcript.stop,
        "valid": transcript.valid,
        "flags": list(transcript.flags),
        "alternatives": [asdict(candidate) for candidate in transcript.alternatives],
        "symbols": None if transcript.symbols is None else list(map(_symbol, transcript.symbols)),
        "crop": {"bytes": crop.png, "path": f"{name}.png"} if keep_crop else None,
        "model": model,
    }


def _symbol(symbol: Symbol) -> dict[str, Any]:
    edges = asdict(symbol.box) if symbol.box else {}  # what is missing is stored as null
    return {"token": symbol.token, **edges, "weight": symbol.weight}


def document_row(document: Document) -> dict[str, Any]:
    """A row of DOCUMENT_SCHEMA."""
    return {
        "source": stored_name(document.source),
        "path": None if document.path is None else stored_name(document.path),
        "modified": document.modified,
        "source_sha256": document.source_sha256,
        "bytes": document.num_bytes,
        "pages": document.pages,
        "formulas": document.formulas,
        "status": document.status,
        "error_type": document.error_type,
        "error_message": _text(document.error_message),
        "seconds": document.seconds,
        "attempts": document.attempts,
        "run": document.run,
    }


def write_part(
    folder: Location, name: str, rows: Sequence[Mapping[str, Any]], schema: pa.Schema
) -> None:
    """Write rows of `schema` to a parquet file, whole or not at all. Raises StoreError."""
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
    text = [column for column in _leaf_columns(schema) if column != _PICTURE]
    options: dict[str, Any] = {
        "compression": {_PICTURE: "none"} | dict.fromkeys(text, "zstd"),
        # A dictionary or a minimum of pictures costs time and serves no query.
        "use_dictionary": text,
        "write_statistics": text,
    }
    with folder.whole_file(name) as file, pq.ParquetWriter(file, schema, **options) as writer:
        writer.write_table(table)


def _leaf_columns(schema: pa.Schema) -> list[str]:
    """Paths of the parquet columns, as the writer's options name them (`crop.bytes`)."""
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    columns = pq.ParquetFile(pa.BufferReader(sink.getvalue())).schema
    return [columns.column(number).path for number in range(len(columns))]


def _text(text: str | None) -> str | None:
    """Text that came out of a file, made storable: lone surrogates become escapes."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")
