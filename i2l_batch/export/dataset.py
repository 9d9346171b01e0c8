"""Formulas as a folder that the `datasets` library opens, with their pictures shown.

In: a selection. Out: data/train-*.parquet with all columns, and README.md, the card that says what
is in them. Knows nothing of the library; its conventions are those of version 5.2.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from i2l_batch import __version__
from i2l_batch.export.selection import Selection
from i2l_batch.parts import FORMULA_PART
from i2l_batch.results import open_results

ROWS_PER_FILE = 100_000
"""About 500 MB of pictures, which is what the hub advises."""

ROWS_PER_GROUP = 100
"""Rows that are written, and later read, at a time: a viewer wants few, with pictures."""

_SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)


def write_dataset(selection: Selection, folder: Path) -> None:
    """Write the files into an empty folder. Raises what the selection does, and OSError."""
    (folder / "README.md").write_text(_card(selection), "utf-8")
    (folder / "data").mkdir()
    files = max(1, -(-selection.formulas // ROWS_PER_FILE))
    batches = selection.batches(ROWS_PER_GROUP)
    rest: Iterator[pa.RecordBatch] = chain.from_iterable(map(_groups, batches))
    for number in range(files):
        path = folder / "data" / f"train-{number:05d}-of-{files:05d}.parquet"
        # The names of the schema's metadata make the library decode the pictures.
        with pq.ParquetWriter(
            path, FORMULA_PART, compression="zstd", write_page_index=True
        ) as file:
            written = 0
            while written < ROWS_PER_FILE and (group := next(rest, None)) is not None:
                file.write_batch(group)
                written += len(group)


def _groups(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """A batch as our schema has it, in pieces of which a whole number fills a file."""
    table = pa.Table.from_batches([batch]).cast(FORMULA_PART)
    for start in range(0, len(table), ROWS_PER_GROUP):
        yield from table.slice(start, ROWS_PER_GROUP).combine_chunks().to_batches()


def _card(selection: Selection) -> str:
    models = selection.count_by("model")
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in selection.count_by("kind"))
    runs = open_results(selection.folder).runs()
    names = "\n".join(f"| `{field.name}` | {field.type} |" for field in FORMULA_PART)
    left_out = f" ({selection.left_out:,} others were left out)" if selection.left_out else ""
    return f"""---
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*.parquet
size_categories:
- {_size(selection.formulas)}
task_categories:
- image-to-text
tags:
- latex
- formula-recognition
---

# Formulas of {selection.papers:,} papers

{selection.formulas:,} formulas{left_out}, read by i2l_batch {__version__}, sorted
by paper, page and place on the page. By kind: {kinds or "none"}.

| model | formulas |
|---|---|
{chr(10).join(f"| `{_cell(model)}` | {count:,} |" for model, count in models)}

`latex` is what the model read, not what the authors wrote: `confidence` is the probability that it
is exactly right. `crop` is the picture that it read.

| column | type |
|---|---|
{names}

Settings of the newest run:

```json
{json.dumps(runs[-1]["settings"], indent=1)}
```
"""


def _size(formulas: int) -> str:
    """The hub's word for a number of rows."""
    names = ["n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B"]
    return names[sum(formulas >= size for size in _SIZES)]


def _cell(text: str) -> str:
    return "".join(c for c in text if c.isprintable() and c not in "`|")
