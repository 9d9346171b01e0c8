"""The papers that `--source` means, for every command that has the option.

In: a connection to a results folder and what the user gave. Out: the names of papers, as a table
that queries can join. Knows nothing of what is wanted of the papers.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

import duckdb
import pyarrow as pa

from i2l_batch.errors import UsageError


def sources_matching(connection: duckdb.DuckDBPyConnection, pattern: str) -> pa.Table:
    """The `source` of each paper that a glob matches, failed ones and those without formulas too.

    Upper and lower case differ; `*` and `?` match `/` too; there are `[abc]`, `[a-z]` and `[!abc]`,
    and `[[]` for the character. A name as it stands means this paper alone, whatever is in it, as
    a path does among the inputs of a run. Raises UsageError if there is no such paper.
    """
    every = [name for (name,) in connection.execute("SELECT source FROM documents").fetchall()]
    found = [pattern] if pattern in every else [n for n in every if fnmatchcase(n, pattern)]
    if not found:
        example = f", such as {min(every)!a}" if every else ""
        raise UsageError(f"--source {pattern!a} matches none of {len(every):,} papers{example}")
    return pa.table({"source": pa.array(found, pa.string())})
