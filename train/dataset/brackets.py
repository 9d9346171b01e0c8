r"""Prints brackets that grow: `\left( ... \right)` and `\big (`.

In: a reader behind the command. Out: tokens in the reader's list, the command and what it makes
grow unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence

from i2l_batch.errors import FormulaError
from i2l_batch.train.dataset.reader import NO_ENDS, Reader, is_group

_NO_DELIMITER_STARTS = ("}", r"\left", r"\right", r"\begin", r"\end")
_NO_DELIMITERS = frozenset(["", *"{}_^&$~#%'"])


def big(reader: Reader, token: str, result: list[str]) -> None:
    r"""`\big{(}` is `\big (`."""
    in_braces = reader.next == "{"
    reader.at += in_braces
    if (
        not reader.next
        or reader.next in reader.handlers
        or reader.next.startswith(_NO_DELIMITER_STARTS)
    ):
        raise FormulaError(r"has \big without a delimiter")
    result += [token, reader.next]
    reader.at += 1
    if in_braces:
        reader.expect("}")


def delimited(reader: Reader, token: str, result: list[str]) -> None:
    r"""`\left( ... \right)`. The brace that the paper's script adds to `cases` goes."""
    body = reader.sequence(NO_ENDS)
    right = reader.next
    if not right.startswith(r"\right"):
        raise FormulaError(r"has \left without \right")
    if token[5:] in _NO_DELIMITERS or right[6:] in _NO_DELIMITERS:
        raise FormulaError(r"has \left or \right without a delimiter")
    reader.at += 1
    if token == r"\left\{" and right == r"\right." and _is_cases(body):
        result += body
    else:
        result += [token, *body, right]


def _is_cases(tokens: Sequence[str]) -> bool:
    """Whether this is one `cases` environment and nothing else."""
    braces = {r"\begin{cases}": "{", r"\end{cases}": "}"}
    return (
        tokens[:1] == [r"\begin{cases}"]
        and is_group([braces[token] for token in tokens if token in braces])
        and tokens[-1] == r"\end{cases}"
    )
