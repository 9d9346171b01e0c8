r"""A formula as the model would spell it.

In: tokens as people write them. Out: tokens of the stored form: canonical, with the scripts of a
symbol in one order. Knows nothing of wildcards.
"""

from __future__ import annotations

from collections.abc import Sequence

from i2l_batch.canonical import canonicalize
from i2l_batch.latex import closing_brace


def as_stored(tokens: Sequence[str]) -> list[str]:
    r"""The spelling that the shipped models were taught: `x _ { i } ^ { \prime 2 }` for `x'^2_i`.

    The canonical form alone leaves the order of scripts as it is, and primes as characters.
    """
    return _with_ordered_scripts(canonicalize(tokens))


def _with_ordered_scripts(tokens: Sequence[str]) -> list[str]:
    """The lower script first, primes within the upper one; what has two of a kind stays."""
    result: list[str] = []
    at = 0
    while at < len(tokens):
        scripts: dict[str, list[str]] = {}
        primes = 0
        while at < len(tokens):
            token, end = tokens[at], _end_of_argument(tokens, at)
            if token == "'" and "^" not in scripts:
                primes += 1
                at += 1
            elif token in ("_", "^") and token not in scripts and end is not None:
                scripts[token] = _with_ordered_scripts(tokens[at + 2 : end])
                at = end + 1
            else:
                break
        if "_" in scripts:
            result += ["_", "{", *scripts["_"], "}"]
        if primes or "^" in scripts:
            result += ["^", "{", *[r"\prime"] * primes, *scripts.get("^", ()), "}"]
        result += tokens[at : at + 1]
        at += 1
    return result


def _end_of_argument(tokens: Sequence[str], at: int) -> int | None:
    """Where the group closes that opens after `at`; null where none does."""
    return closing_brace(tokens, at + 1) if tokens[at + 1 : at + 2] == ["{"] else None
