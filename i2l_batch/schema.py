"""The columns of the two parquet tables; what they mean is said in docs/schema.md."""

from __future__ import annotations

import pyarrow as pa

_PLACE = [(name, pa.float32()) for name in ("x0", "y0", "x1", "y1", "weight")]

FORMULA_SCHEMA = pa.schema(
    [
        pa.field("formula_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_sha256", pa.string(), nullable=False),
        pa.field("page", pa.int32()),
        pa.field("index", pa.int32(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("number", pa.string()),
        pa.field("x0", pa.float32()),
        pa.field("y0", pa.float32()),
        pa.field("x1", pa.float32()),
        pa.field("y1", pa.float32()),
        pa.field("page_width", pa.float32()),
        pa.field("page_height", pa.float32()),
        pa.field("dpi", pa.int32()),
        pa.field("latex", pa.string(), nullable=False),
        pa.field("confidence", pa.float32(), nullable=False),
        pa.field("score", pa.float32(), nullable=False),
        pa.field("lowest", pa.float32(), nullable=False),
        pa.field("num_tokens", pa.int32(), nullable=False),
        pa.field("stop", pa.string(), nullable=False),
        pa.field("valid", pa.bool_(), nullable=False),
        pa.field("flags", pa.list_(pa.string()), nullable=False),
        pa.field(
            "alternatives",
            pa.list_(pa.struct([("latex", pa.string()), ("score", pa.float32())])),
            nullable=False,
        ),
        pa.field("symbols", pa.list_(pa.struct([("token", pa.string()), *_PLACE]))),
        # The Image convention of the datasets library: bytes are the encoded picture.
        pa.field("crop", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        pa.field("model", pa.string(), nullable=False),
    ]
)

DOCUMENT_SCHEMA = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("path", pa.string()),
        pa.field("modified", pa.timestamp("us")),
        pa.field("source_sha256", pa.string()),
        pa.field("bytes", pa.int64(), nullable=False),
        pa.field("pages", pa.int32(), nullable=False),
        pa.field("formulas", pa.int32(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("error_type", pa.string()),
        pa.field("error_message", pa.string()),
        pa.field("seconds", pa.float32(), nullable=False),
        pa.field("attempts", pa.int32(), nullable=False),
        pa.field("run", pa.string(), nullable=False),
    ]
)
