"""Formula lists: reading them, and growing short formulas out of long ones.

In: files with one formula a line, JSON lines, or CSV (also .xz and .gz). Out: the formulas as they
stand there, in file order, one for each record: empty and repeated ones too, so that counts add up.
Knows nothing of normalisation or pictures.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from i2l_batch.errors import UsageError
from i2l_batch.latex import closing_brace
from i2l_batch.train.records_file import LATEX_KEYS, Record, has_records, read_lines, read_records

# Where a formula may be cut so that both sides still read as formulas of their own.
_CUTS = frozenset(
    r"= , ; \le \leq \ge \geq \equiv \sim \approx \in \to \rightarrow \Rightarrow + - & \\ \quad "
    r"\qquad \mid \subset < >".split()
)


def read_formulas(path: Path, column: str | None = None) -> Iterator[str]:
    """The formula of every record of a list, as it stands there.

    `.jsonl` (or `.ndjson`) and `.csv` (or `.tsv`), which begins with a header line, are read by
    `column`; when it is None, by the one of `LATEX_KEYS` that the list has. Any other file is one
    formula a line.
    Bytes that are no UTF-8 become U+FFFD, which no formula can keep.

    Raises:
        UsageError: the file is missing, damaged or no text, a record is broken or lacks the column,
            or more than one column may be meant. The message names file and line.
    """
    if not path.is_file():
        raise UsageError(f"no such formula list: {path}")
    if has_records(path):
        return _column_of(read_records(path, "replace"), column)
    return read_lines(path, "replace")


def _column_of(records: Iterator[Record], column: str | None) -> Iterator[str]:
    for where, record in records:
        column = _choose(list(record), column, where)
        if not isinstance(record[column], str):
            raise UsageError(f"{where}: column {column!r} holds no text")
        yield record[column]


def _choose(names: Sequence[str], column: str | None, where: str) -> str:
    """The column to read, of those that a record has."""
    if column is not None:
        if column not in names:
            raise UsageError(f"{where} has no column {column!r}, only {', '.join(names)}")
        return column
    known = [name for name in LATEX_KEYS if name in names]
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
