"""A split of a data set, as `i2l dataset build` writes it.

In: the folder and the split's name. Out: samples in the order of the parquet files; the body size
of their text is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from i2l_batch.errors import UsageError
from i2l_batch.images import decode_png
from i2l_batch.latex import detokenize
from i2l_batch.train.evaluation.truth import Sample, file_sha256, label

_COLUMNS = ["tokens", "image", "em"]


class DatasetSplit:
    """The rows of one split."""

    def __init__(
        self,
        folder: Path,
        split: str,
        *,
        max_tokens: int | None = None,
        limit: int | None = None,
    ) -> None:
        """Look what is there.

        Args:
            folder: a finished data set.
            split: `train`, `validation` or `test`.
            max_tokens: leave out formulas with more tokens.
            limit: take only the first so many.

        Raises:
            UsageError: the folder holds no finished data set, or nothing is left of the split.
        """
        self.folder, self.split = folder, split
        self.max_tokens, self.limit = max_tokens, limit
        self.name = _read_name(folder)
        self.files = sorted((folder / split).glob("part-*.parquet"))
        if not self.files:
            there = ", ".join(sorted({path.parent.name for path in folder.glob("*/part-*")}))
            raise UsageError(f"{folder} has no split {split!r}: it has {there or 'none'}")
        self._count = self._count_rows()
        if not self._count:
            within = "" if max_tokens is None else f" of at most {max_tokens} tokens"
            raise UsageError(f"the split {split} of {folder} holds no formula{within}")

    def __len__(self) -> int:
        return self._count

    def batches(self, size: int) -> Iterator[list[Sample]]:
        """All samples in order, at most `size` at a time, each row group read when it is due."""
        batch: list[Sample] = []
        left = self._count
        for path in self.files:
            row = -1
            for rows in pq.ParquetFile(path).iter_batches(size, columns=_COLUMNS):
                for record in rows.to_pylist():
                    row += 1
                    if not self._is_wanted(len(record["tokens"])) or not left:
                        continue
                    batch.append(_sample(f"{path.parent.name}/{path.name}:{row}", record))
                    left -= 1
                    if len(batch) == size:
                        yield batch
                        batch = []
            if not left:
                break
        if batch:
            yield batch

    def facts(self) -> dict[str, Any]:
        """What names the samples in a report."""
        return {
            "kind": "data set",
            "name": self.name,
            "path": str(self.folder),
            "split": self.split,
            "sha256": file_sha256(self.folder / "recipe.json"),
            "max_tokens": self.max_tokens,
            "limit": self.limit,
        }

    def _count_rows(self) -> int:
        """How many rows are wanted, by the tokens alone."""
        if self.max_tokens is None:
            count = sum(pq.read_metadata(path).num_rows for path in self.files)
        else:
            lengths = (
                length
                for path in self.files
                for tokens in pq.read_table(path, columns=["tokens"])["tokens"].chunks
                for length in tokens.value_lengths().to_pylist()
            )
            count = sum(1 for length in lengths if self._is_wanted(length))
        return count if self.limit is None else min(count, self.limit)

    def _is_wanted(self, num_tokens: int) -> bool:
        return self.max_tokens is None or num_tokens <= self.max_tokens


def _read_name(folder: Path) -> str:
    """The name of a finished data set."""
    try:
        report = json.loads((folder / "dataset.json").read_text("utf-8"))
    except FileNotFoundError as error:
        raise UsageError(
            f"{folder} is not a finished data set: no dataset.json; run `i2l dataset build` first"
        ) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {folder / 'dataset.json'}: {error}") from error
    return str(report.get("name") or folder.name)


def _sample(name: str, record: dict[str, Any]) -> Sample:
    return Sample(
        label=label(name, detokenize(record["tokens"])),
        picture=decode_png(record["image"]),
        em=record["em"],
    )
