"""The rows of an export, in reading order.

In: a results folder and what to leave out. Out: rows sorted by source, page and index, and how many
there are. Papers are sorted by name, and as many at a time as fit into memory have their rows
sorted by DuckDB: to sort all at once takes memory for all, however much of it goes to disk. Knows
nothing of what becomes of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from i2l_batch.errors import StoreError, UsageError
from i2l_batch.locations import Place
from i2l_batch.query import connect, quoted
from i2l_batch.source_glob import sources_matching
from i2l_batch.tables import Rows, answer

MEMORY = "1GB"
"""What DuckDB may hold; it spills the rest into the folder for temporary files."""

THREADS = 4
"""Each needs buffers of its own within `MEMORY`."""

ROWS, PICTURE_BYTES = 50_000, 64 << 20
"""Most rows, and most bytes of pictures in them, that are sorted at a time; or one paper, if it has
more. A part of the results has up to as many bytes, and the papers of a run are in it by name, more
or less: so hardly any part is read twice."""

ORDER = "source, page NULLS FIRST, index"


class Selection:
    """Some formulas of a results folder, as it was when this was made."""

    def __init__(
        self, folder: Place, *, min_confidence: float | None = None, source: str | None = None
    ) -> None:
        """Open a folder.

        Args:
            folder: a results folder; a run may go on writing to it.
            min_confidence: formulas with less (0 to 1) are left out.
            source: papers that this glob does not match are left out: see `sources_matching`.

        Raises:
            UsageError: the confidence is no probability, or no source matches.
            StoreError: the folder holds no results.
        """
        if min_confidence is not None and not 0 <= min_confidence <= 1:
            raise UsageError(f"--min-confidence {min_confidence:g} is out of range: use 0 to 1")
        self.folder = folder
        with _clear_errors(folder):
            self._connection = connect(folder)
        self._connection.execute(f"SET memory_limit = '{MEMORY}'")
        self._connection.execute("SET preserve_insertion_order = false")
        self._connection.execute(f"SET threads = least({THREADS}, current_setting('threads'))")
        conditions = ["true"]
        if min_confidence is not None:  # compared as the 32 bits that are stored: 0.9 is 0.9
            conditions.append(f"confidence >= {min_confidence!r}::FLOAT")
        if source is not None:
            self._connection.register("wanted", sources_matching(self._connection, source))
            conditions.append("source IN (SELECT source FROM wanted)")
        self._where = " AND ".join(conditions)
        with _clear_errors(folder):
            self.formulas, self.papers = self._numbers(self._where)
            self.left_out = self._numbers("true")[0] - self.formulas

    def _numbers(self, where: str) -> tuple[int, int]:
        """How many formulas and papers."""
        sql = f"SELECT count(*), count(DISTINCT source) FROM formulas WHERE {where}"
        return self._connection.execute(sql).fetchall()[0]

    def count_by(self, column: str) -> list[tuple[str, int]]:
        """Values of a column with the number of formulas of each, most first."""
        sql = f"SELECT {column}, count(*) FROM formulas WHERE {self._where}"
        sql += " GROUP BY 1 ORDER BY 2 DESC, 1"
        with _clear_errors(self.folder):
            return self._connection.execute(sql).fetchall()

    def rows(self, columns: Sequence[str]) -> Rows:
        """The rows with these columns, as `tables.answer` gives them; of `crop` only whether there
        is a picture. Raises StoreError."""
        names = ["crop IS NOT NULL" if name == "crop" else f'"{name}"' for name in columns]
        with _clear_errors(self.folder):
            for papers in self._slices():
                sql = f"SELECT {', '.join(names)} FROM formulas WHERE {papers} ORDER BY {ORDER}"
                yield from answer(self._connection, sql)[1]

    def batches(self, size: int) -> Iterator[pa.RecordBatch]:
        """The rows with all columns, in Arrow's form, `size` at a time. Raises StoreError."""
        with _clear_errors(self.folder):
            for papers in self._slices("sum(octet_length(crop.bytes))"):
                sql = f"FROM formulas WHERE {papers} ORDER BY {ORDER}"
                yield from self._connection.sql(sql).to_arrow_reader(size)

    def pictures(self) -> Iterator[tuple[str, bytes]]:
        """Names and pictures of the formulas that have one, in any order. Raises StoreError."""
        sql = (
            f"SELECT formula_id, crop.bytes FROM formulas WHERE {self._where} AND crop IS NOT NULL"
        )
        with _clear_errors(self.folder):
            for batch in self._connection.sql(sql).to_arrow_reader(100):
                yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    def _slices(self, bytes_of_paper: str = "0") -> Iterator[str]:
        """Conditions for some papers after the other, by name.

        bytes_of_paper: SQL for the size of a paper's rows.
        """
        sql = f"SELECT source, count(*), {bytes_of_paper} FROM formulas WHERE {self._where}"
        papers = self._connection.execute(f"{sql} GROUP BY source ORDER BY source").fetchall()
        start, rows, size = 0, 0, 0
        for i, (_, more_rows, more_size) in enumerate(papers):
            rows, size = rows + more_rows, size + (more_size or 0)
            if i > start and (rows > ROWS or size > PICTURE_BYTES):
                yield self._between(papers[start][0], papers[i - 1][0])
                start, rows, size = i, more_rows, more_size or 0
        if papers:
            yield self._between(papers[start][0], papers[-1][0])

    def _between(self, first: str, last: str) -> str:
        return f"{self._where} AND source BETWEEN {quoted(first)} AND {quoted(last)}"


@contextmanager
def _clear_errors(folder: Place) -> Iterator[None]:
    """Turn DuckDB's errors into one line."""
    try:
        yield
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        raise StoreError(
            f"cannot sort the formulas of {folder}: {str(error).splitlines()[0]}; sorting needs"
            " room for temporary files: set TMPDIR to a folder that has it"
        ) from error
    except duckdb.Error as error:
        raise StoreError(f"cannot read {folder}: {str(error).splitlines()[0]}") from error
