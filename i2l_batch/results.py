"""The committed rows of a results folder.

In: a folder. Out: the rows that are committed and current, as pyarrow tables. Of several rows of
one source the one in the newest part counts, and only that part's formulas of it. Knows nothing of
writing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from i2l_batch.errors import StoreError
from i2l_batch.layout import RUN_NAME, committed_parts, names, read_run, run_of
from i2l_batch.locations import Place, located
from i2l_batch.schema import DOCUMENT_SCHEMA, FORMULA_SCHEMA

if TYPE_CHECKING:
    import duckdb
    import pandas
    import polars  # pyright: ignore[reportMissingImports]
    from PIL import Image


def open_results(folder: Place) -> Results:
    """The committed rows of a folder as they are now: of a path, or of a URI such as
    `s3://bucket/results`. Raises StoreError if it holds no results.

    >>> results = open_results("results")
    >>> results.formulas().count_rows()
    4
    """
    folder = located(folder)
    if not folder.is_folder():
        raise StoreError(f"{folder} is not a folder: give the one that `i2l transcribe -o` wrote")
    if not names(folder, "runs", RUN_NAME):
        raise StoreError(
            f"{folder} is not a results folder (it has no runs/<run>.json):"
            " give the one that `i2l transcribe -o` wrote"
        )
    return Results(folder)


class Results:
    """A snapshot of the committed parts of a folder; a run may go on writing beside it."""

    def __init__(self, folder: Place) -> None:
        self.location = located(folder)
        """Where they are."""
        self.parts = committed_parts(self.location)
        """File names, oldest first, the same in `formulas/` and in `documents/`."""

    @property
    def folder(self) -> Path | str:
        """Its path, or its URI."""
        return self.location.path or str(self.location)

    @property
    def name(self) -> str:
        """What the folder itself is called."""
        path = self.location.path
        return path.resolve().name if path else self.location.root.rpartition("/")[2]

    def runs(self) -> list[dict[str, Any]]:
        """The records of all runs, oldest first: settings, model, versions, counts, timings."""
        runs = map(run_of, names(self.location, "runs", RUN_NAME))
        return [read_run(self.location, run) for run in runs]

    def documents(self) -> pa.Table:
        """DOCUMENT_SCHEMA: one row per source, in the order of their commit."""
        table, current = self._history
        kept = table if len(current) == len(table) else table.take(current)
        return kept.select(DOCUMENT_SCHEMA.names)

    def formulas(
        self, columns: Sequence[str] | None = None, where: pc.Expression | None = None
    ) -> ds.Scanner:
        """FORMULA_SCHEMA (or `columns` of it), rows for which `where` holds; nothing is read yet.

        `.to_table()` reads all, `.to_batches()` streams, `.count_rows()` counts. Without replaced
        documents this is a plain scan; else only the parts that hold replaced rows are filtered.
        """
        columns = FORMULA_SCHEMA.names if columns is None else list(columns)
        if not self.parts:
            return ds.dataset(FORMULA_SCHEMA.empty_table()).scanner(columns=columns, filter=where)
        dataset, replaced = self.files(), self.replaced()
        if replaced:
            part, whole, source = ds.field("part"), ds.field("whole"), ds.field("source")
            hidden = [f"{name}/{old}" for name, sources in replaced.items() for old in sources]
            # (pyarrow makes its functions on import, where pyright cannot see them)
            key = pc.binary_join_element_wise(part, source, "/")  # pyright: ignore[reportAttributeAccessIssue]
            shown = whole | ~key.isin(pa.array(hidden))
            where = shown if where is None else where & shown
        return dataset.scanner(columns=columns, filter=where)

    def files(self) -> ds.FileSystemDataset:
        """The formulas parts, replaced rows too; there must be one.

        `part` and `whole` are no columns of the files but facts about each file, its name and
        whether none of it was replaced: a scan decides once per file whether it has rows to hide.
        """
        part, whole, replaced = ds.field("part"), ds.field("whole"), self.replaced()
        return ds.FileSystemDataset.from_paths(
            [f"{self.location.root}/formulas/{name}" for name in self.parts],
            schema=FORMULA_SCHEMA.append(pa.field("part", pa.string())).append(
                pa.field("whole", pa.bool_())
            ),
            format=ds.ParquetFileFormat(),
            filesystem=self.location.files,
            partitions=[(part == name) & (whole == (name not in replaced)) for name in self.parts],
        )

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """A query over the views `formulas` and `documents`, in DuckDB's SQL; it runs when its rows
        are asked for. All queries of one `Results` share a connection, and what they create.
        """
        return self._connection.sql(query)

    def to_pandas(
        self, columns: Sequence[str] | None = None, where: str | None = None
    ) -> pandas.DataFrame:
        """Formulas in reading order, as a frame; see `frames.to_pandas`."""
        from i2l_batch import frames

        return frames.to_pandas(self, columns, where)

    def to_polars(
        self, columns: Sequence[str] | None = None, where: str | None = None
    ) -> polars.DataFrame:
        """Formulas in reading order, as a frame; see `frames.to_polars`."""
        from i2l_batch import frames

        return frames.to_polars(self, columns, where)

    def pictures(self, where: str | None = None) -> Iterator[tuple[str, Image.Image]]:
        """Names and pictures of formulas, one by one; see `frames.pictures`."""
        from i2l_batch import frames

        return frames.pictures(self, where)

    def picture(self, formula_id: str) -> Image.Image:
        """The picture of one formula. Raises UsageError when there is none."""
        from i2l_batch import frames

        return frames.picture(self, formula_id)

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        from i2l_batch.query import connect

        return connect(self, files=True)

    def replaced(self) -> dict[str, list[str]]:
        """Part -> sources (as stored) whose rows in it were replaced by a newer part's."""
        table, current = self._history
        if len(current) == len(table):
            return {}
        hidden: dict[str, list[str]] = {}
        old = table.take(sorted(set(range(len(table))).difference(current)))
        pairs = zip(old["__fragment_index"].to_pylist(), old["source"].to_pylist(), strict=True)
        for index, source in pairs:
            hidden.setdefault(self.parts[index], []).append(source)
        return hidden

    @cached_property
    def _history(self) -> tuple[pa.Table, list[int]]:
        """All documents rows ever committed, oldest first, and the numbers of the current ones."""
        columns = [*DOCUMENT_SCHEMA.names, "__fragment_index"]
        if not self.parts:
            table = DOCUMENT_SCHEMA.append(pa.field("__fragment_index", pa.int32())).empty_table()
            return table, []
        paths = [f"{self.location.root}/documents/{part}" for part in self.parts]
        try:
            files = ds.dataset(paths, schema=DOCUMENT_SCHEMA, filesystem=self.location.files)
            table = files.to_table(columns=columns)
        except (pa.ArrowException, OSError) as error:
            raise StoreError(f"cannot read {self.folder}: {str(error).splitlines()[0]}") from error
        newest = {source: row for row, source in enumerate(table["source"].to_pylist())}
        return table, sorted(newest.values())
