"""Formulas as what notebooks work with: frames of pandas and polars, and pictures.

In: opened results, columns and a condition in SQL. Out: rows in reading order. pandas and polars
are no dependencies of this package, and loaded when they are asked for.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
from PIL import Image

from i2l_batch.errors import UsageError
from i2l_batch.query import connect
from i2l_batch.results import Results
from i2l_batch.schema import FORMULA_SCHEMA

if TYPE_CHECKING:
    import pandas
    import polars  # pyright: ignore[reportMissingImports]

_AT_A_TIME = 500
"""Pictures that are held at once: some 3 MB."""


def to_arrow(
    results: Results, columns: Sequence[str] | None = None, where: str | None = None
) -> pa.Table:
    """Formulas sorted by source, page and index.

    Args:
        results: an opened folder.
        columns: their names; null for all but `crop`, the pictures: name it to have it.
        where: a condition in SQL, such as `confidence >= 0.9 AND source LIKE '2020/%'`.

    Raises:
        UsageError: there is no such column, or the condition is none.
    """
    names = (
        list(columns) if columns is not None else [n for n in FORMULA_SCHEMA.names if n != "crop"]
    )
    if unknown := sorted(set(names).difference(FORMULA_SCHEMA.names)):
        known = ", ".join(FORMULA_SCHEMA.names)
        raise UsageError(f"there is no column {unknown[0]!r}: formulas have {known}")
    schema = pa.schema([FORMULA_SCHEMA.field(name) for name in names])
    return _query(results, names, where).to_arrow_table().cast(schema)


def to_pandas(
    results: Results, columns: Sequence[str] | None = None, where: str | None = None
) -> pandas.DataFrame:
    """As `to_arrow`; whole numbers that can be missing (`page`, `dpi`) are pandas' `Int32`.

    >>> from i2l_batch import open_results
    >>> frame = open_results("results").to_pandas(["source", "latex"], where="confidence > 0.9")
    >>> frame["source"].tolist()
    ['basel-2x.png', 'euler.png', 'gauss.jpg']
    """
    try:
        import pandas
    except ImportError as error:
        raise UsageError("to_pandas needs pandas: pip install pandas") from error
    types: dict[Any, Any] = {pa.int32(): pandas.Int32Dtype()}
    return to_arrow(results, columns, where).to_pandas(types_mapper=types.get)


def to_polars(
    results: Results, columns: Sequence[str] | None = None, where: str | None = None
) -> polars.DataFrame:
    """As `to_arrow`."""
    try:
        import polars  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise UsageError("to_polars needs polars: pip install polars") from error
    return polars.DataFrame(to_arrow(results, columns, where))


def pictures(results: Results, where: str | None = None) -> Iterator[tuple[str, Image.Image]]:
    """(formula_id, picture) of the formulas that have one, in reading order, a few in memory at a
    time. where: as for `to_arrow`.

    >>> from i2l_batch import open_results
    >>> for name, picture in open_results("results").pictures("source = 'euler.png'"):
    ...     print(picture.mode, picture.size)
    L (86, 27)
    """
    where = "crop IS NOT NULL" if where is None else f"crop IS NOT NULL AND ({where})"
    reader = _query(results, ["formula_id", "crop"], where).to_arrow_reader(_AT_A_TIME)
    return ((row["formula_id"], _opened(row)) for batch in reader for row in batch.to_pylist())


def picture(results: Results, formula_id: str) -> Image.Image:
    """The picture of one formula. Raises UsageError when there is none."""
    sql = "SELECT crop FROM formulas WHERE formula_id = ?"
    rows = connect(results).execute(sql, [formula_id]).fetchall()
    if not rows:
        raise UsageError(f"there is no formula {formula_id!r} in {results.folder}")
    if rows[0][0] is None:
        raise UsageError(f"formula {formula_id} has no picture: the run was made with --no-crops")
    return _opened({"crop": rows[0][0]})


def _query(results: Results, columns: Sequence[str], where: str | None) -> duckdb.DuckDBPyRelation:
    """The rows, on a connection of their own: they may be read while others are."""
    names = ", ".join(f'"{name}"' for name in columns)
    condition = "true" if where is None else f"({where})"
    sql = f"SELECT {names} FROM formulas WHERE {condition} ORDER BY source, page NULLS FIRST, index"
    try:
        return connect(results).sql(sql)
    except duckdb.Error as error:
        raise UsageError(f"where={where!r}: {str(error).splitlines()[0]}") from error


def _opened(row: dict[str, Any]) -> Image.Image:
    image = Image.open(io.BytesIO(row["crop"]["bytes"]))
    image.load()
    return image
