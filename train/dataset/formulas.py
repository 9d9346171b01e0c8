"""Formula lists: reading them, and growing short formulas out of long ones.

In: files with one formula a line, JSON lines, or CSV (also .xz and .gz). Out: the formulas as they
stand there, in file order, one for each record: empty and repeated ones too, so that counts add up.
Knows nothing of normalisation or pictures.
"""

from __future__ import annotations

import csv
import gzip
import json
import lzma
import random
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from i2l_batch.errors import UsageError
from i2l_batch.latex import closing_brace

COLUMNS = ("formula", "latex", "tex", "norm")
"""Names under which a formula is looked for when no column is named."""

_OPENERS = {".xz": lzma.open, ".gz": gzip.open}
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_LONGEST_FIELD = 2**31 - 1
"""Of CSV, in characters. Python's 131,072 would end a build for what is but too long a formula."""
# Where a formula may be cut so that both sides still read as formulas of their own.
_CUTS = frozenset(
    r"= , ; \le \leq \ge \geq \equiv \sim \approx \in \to \rightarrow \Rightarrow + - & \\ \quad "
    r"\qquad \mid \subset < >".split()
)


def read_formulas(path: Path, column: str | None = None) -> Iterator[str]:
    """The formula of every record of a list, as it stands there.

    `.jsonl` (or `.ndjson`) and `.csv` (or `.tsv`), which begins with a header line, are read by
    `column`; when it is None, by the one of `COLUMNS` that the list has. Any other file is one
    formula a line.
    Bytes that are no UTF-8 become U+FFFD, which no formula can keep.

    Raises:
        UsageError: the file is missing, damaged or no text, a record is broken or lacks the column,
            or more than one column may be meant. The message names file and line.
    """
    if not path.is_file():
        raise UsageError(f"no such formula list: {path}")
    suffix = Path(path.stem).suffix if path.suffix in _OPENERS else path.suffix
    lines = _lines(path)
    if suffix in (".jsonl", ".ndjson"):
        return _read_json(path, lines, column)
    if suffix in _DELIMITERS:
        return _read_csv(path, lines, column, _DELIMITERS[suffix])
    return lines


def _lines(path: Path) -> Iterator[str]:
    """The lines of a file, without their ends."""
    opener = _OPENERS.get(path.suffix, open)
    try:
        # A lone carriage return within a formula ends no line: hence newline.
        with opener(path, "rt", encoding="utf-8-sig", errors="replace", newline="\n") as file:
            for number, line in enumerate(file, 1):
                if "\0" in line:
                    raise UsageError(f"{path}:{number} is no UTF-8 text: convert the list first")
                yield line.rstrip("\r\n")
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def _read_json(path: Path, lines: Iterator[str], column: str | None) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        where = f"{path}:{number}"
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise UsageError(f"{where} is no JSON object")
        column = _choose(list(record), column, where)
        if not isinstance(record[column], str):
            raise UsageError(f"{where}: column {column!r} holds no text")
        yield record[column]


def _read_csv(
    path: Path, lines: Iterator[str], column: str | None, delimiter: str
) -> Iterator[str]:
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, strict=True)
    try:
        header = next(reader, None)
        if header is None:
            raise UsageError(f"{path} is empty: a header line with column names is wanted")
        place = header.index(_choose(header, column, f"{path}:1"))
        for record in reader:
            if not record:
                continue
            if len(record) != len(header):
                raise UsageError(
                    f"{path}:{reader.line_num} has {len(record)} fields, the header {len(header)}"
                )
            yield record[place]
    except csv.Error as error:
        raise UsageError(f"{path}:{reader.line_num} is no CSV record: {error}") from error


def _choose(names: Sequence[str], column: str | None, where: str) -> str:
    """The column to read, of those that a record has."""
    if column is not None:
        if column not in names:
            raise UsageError(f"{where} has no column {column!r}, only {', '.join(names)}")
        return column
    known = [name for name in COLUMNS if name in names]
    if len(known) != 1:
        what = f"has the columns {', '.join(known)}" if known else f"has only {', '.join(names)}"
        raise UsageError(f"{where} {what}: say which column holds the formula")
    return known[0]


def cut_piece(tokens: Sequence[str], rng: random.Random, max_tokens: int) -> list[str] | None:
    r"""A random part of at most `max_tokens` between two top-level relations or signs.

    None when the formula cannot be cut: it holds an environment or `\over`, or too few cuts.
    """
    if any(token.startswith((r"\begin", r"\over", r"\atop", r"\choose")) for token in tokens):
        return None
    cuts = [0]
    i = depth = 0
    while i < len(tokens):
        token = tokens[i]
        if token == "{":
            i = closing_brace(tokens, i) or len(tokens)
        elif token.startswith(r"\left") and len(token) > 5 and not token[5].isalpha():
            depth += 1
        elif token.startswith(r"\right") and len(token) > 6 and not token[6].isalpha():
            depth -= 1
        elif token in _CUTS and depth == 0:
            cuts.append(i)
        i += 1
    cuts.append(len(tokens))
    # Per start, the ends in reach: all pairs of a long line are too many to try.
    reach = [(bisect_left(cuts, a + 4), bisect_right(cuts, a + max_tokens)) for a in cuts]
    # Where the spans of each start begin among all spans.
    begins = [0, *accumulate(max(0, last - first) for first, last in reach)]
    if not begins[-1]:
        return None
    span = rng.randrange(begins[-1])
    start = bisect_right(begins, span) - 1
    a, b = cuts[start], cuts[reach[start][0] + span - begins[start]]
    piece = list(tokens[a:b])
    while piece and piece[0] in (",", ";", "&", "\\\\", r"\quad", r"\qquad"):
        piece.pop(0)
    return [token for token in piece if token not in ("&", "\\\\")] or None


def count_tokens(formulas: Iterable[Sequence[str]]) -> Counter[str]:
    """How often each token occurs."""
    counts: Counter[str] = Counter()
    for tokens in formulas:
        counts.update(tokens)
    return counts
