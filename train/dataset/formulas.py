"""Formula lists: reading them, and growing short formulas out of long ones.

In: files with one formula a line, or JSON lines with a column (also .xz and .gz). Out: canonical
token lists. Knows nothing of pictures.
"""

from __future__ import annotations

import gzip
import json
import lzma
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from i2l_batch.errors import UsageError
from i2l_batch.latex import canonicalize, closing_brace, tokenize

_OPENERS = {".xz": lzma.open, ".gz": gzip.open}
# Where a formula may be cut so that both sides still read as formulas of their own.
_CUTS = frozenset(
    r"= , ; \le \leq \ge \geq \equiv \sim \approx \in \to \rightarrow \Rightarrow + - & \\ \quad "
    r"\qquad \mid \subset < >".split()
)


def read_formulas(path: Path, column: str = "norm") -> Iterator[list[str]]:
    """Canonical tokens of each distinct formula of a file, in file order.

    A `.jsonl` file (possibly `.xz` or `.gz`) is read by `column`; any other is one formula a line.

    Raises:
        UsageError: the file is missing or damaged, or a line lacks the column.
    """
    if not path.is_file():
        raise UsageError(f"no such formula list: {path}")
    is_json = ".jsonl" in path.suffixes
    seen: set[str] = set()
    for number, line in enumerate(_lines(path), 1):
        formula = _column(line, column, f"{path}:{number}") if is_json else line
        tokens = canonicalize(tokenize(formula))
        text = " ".join(tokens)
        if tokens and text not in seen:
            seen.add(text)
            yield tokens


def _lines(path: Path) -> Iterator[str]:
    opener = _OPENERS.get(path.suffix, open)
    try:
        with opener(path, "rt", encoding="utf-8") as lines:
            yield from lines
    except (OSError, EOFError, UnicodeError, lzma.LZMAError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def _column(line: str, column: str, where: str) -> str:
    """The formula of a JSON line."""
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise UsageError(f"{where} is no JSON object")
    if column not in record:
        raise UsageError(f"{where} has no column {column!r}, only {', '.join(record)}")
    if not isinstance(record[column], str):
        raise UsageError(f"{where}: column {column!r} holds no text")
    return record[column]


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
    spans = [(a, b) for a in cuts for b in cuts if 4 <= b - a <= max_tokens]
    if not spans:
        return None
    a, b = rng.choice(spans)
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
