"""Lists of formulas in files: their lines, and their records with the place of each.

In: a text file, JSON lines or CSV, also compressed. Out: lines or records in the file's order, one
at a time. Knows nothing of what the records hold, but for the names under which a formula is found.
"""

from __future__ import annotations

import csv
import gzip
import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from i2l_batch.errors import UsageError

LATEX_KEYS = ("latex", "formula", "tex", "norm")
"""Names under which records hold a formula, the one to prefer first."""

Record = tuple[str, dict[str, Any]]
"""`FILE:LINE` for messages, and the fields by name."""
Undecodable = Literal["strict", "replace"]
"""What becomes of bytes that are no UTF-8: an error, or U+FFFD."""

_OPENERS = {".xz": lzma.open, ".gz": gzip.open}
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_LONGEST_FIELD = 2**31 - 1
"""Of CSV, in characters. Python's 131,072 would end a build for what is but too long a formula."""


def has_records(path: Path) -> bool:
    """Whether its name says that a file holds JSON lines, CSV or TSV, maybe compressed."""
    return _format_of(path) in (".jsonl", ".ndjson", *_DELIMITERS)


def _format_of(path: Path) -> str:
    """The suffix that says what a file holds, in lower case: `.csv` for `a.csv.gz`."""
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix in _OPENERS else suffix


def read_lines(path: Path, undecodable: Undecodable = "strict") -> Iterator[str]:
    """The lines of a text file, also of `.gz` and `.xz`, without their ends.

    Raises:
        UsageError: the file is missing, damaged or no text.
    """
    opener = _OPENERS.get(path.suffix.lower(), open)
    try:
        # A lone carriage return within a formula ends no line: hence newline.
        with opener(path, "rt", encoding="utf-8-sig", errors=undecodable, newline="\n") as file:
            for number, line in enumerate(file, 1):
                if "\0" in line:
                    raise UsageError(f"{path}:{number} is no UTF-8 text: convert the list first")
                yield line.rstrip("\r\n")
    except (OSError, EOFError, UnicodeDecodeError, lzma.LZMAError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error


def read_records(path: Path, undecodable: Undecodable = "strict") -> Iterator[Record]:
    """The records of a list: `.csv` and `.tsv` begin with a header line, all else is JSON lines.

    Empty lines are passed over. Of columns with the same name the first one counts.

    Raises:
        UsageError: as `read_lines` does, or a record is broken. The message names file and line.
    """
    lines = read_lines(path, undecodable)
    delimiter = _DELIMITERS.get(_format_of(path))
    return _json_records(path, lines) if delimiter is None else _csv_records(path, lines, delimiter)


def _json_records(path: Path, lines: Iterator[str]) -> Iterator[Record]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}:{number} is no JSON object: {error}") from error
        if not isinstance(record, dict):
            raise UsageError(f"{path}:{number} is no JSON object")
        yield f"{path}:{number}", record


def _csv_records(path: Path, lines: Iterator[str], delimiter: str) -> Iterator[Record]:
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, strict=True)
    try:
        header = next(reader, None)
        if header is None:
            raise UsageError(f"{path} is empty: a header line with column names is wanted")
        places = {name: header.index(name) for name in header}
        for fields in reader:
            where = f"{path}:{reader.line_num}"
            if not fields:
                continue
            if len(fields) != len(header):
                raise UsageError(f"{where} has {len(fields)} fields, the header {len(header)}")
            yield where, {name: fields[place] for name, place in places.items()}
    except csv.Error as error:
        raise UsageError(f"{path}:{reader.line_num} is no CSV record: {error}") from error
