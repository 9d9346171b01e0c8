r"""A pattern as a condition in SQL.

In: spellings of a pattern. Out: a condition on the column `latex`, and the texts it wants. The
tokens between wildcards are looked for as they are, which leaves few formulas; where there are
wildcards, a regular expression decides about these. DuckDB's take time that is proportional to the
length of a formula, whatever the pattern.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from i2l_batch.search.pattern import Spelling, Wild

DEPTH = 64
"""Groups within groups that a wildcard takes; regular expressions cannot count braces."""

_PADDED = "' ' || latex || ' '"
_TOKEN = r"[^{} ][^ ]* "  # any but a brace, with the blank after it
# Any but a brace, a script's sign, and what parts cells and rows.
_SYMBOL = r"(?:[^{}^_&\\ ][^ ]*|\\(?:[^\\ ][^ ]*)?) "


def condition(spellings: Sequence[Spelling]) -> tuple[str, list[str]]:
    """SQL that is true for formulas in which any of the spellings is, and its parameters."""
    terms: list[str] = []
    parameters: list[str] = []
    for spelling in spellings:
        texts = _texts(spelling)
        term = [f"contains({_PADDED}, ?)"] * len(texts)
        if any(isinstance(element, Wild) for element in spelling):
            texts.append(_expression(spelling))
            term.append(f"regexp_matches({_PADDED}, ?)")
        terms.append(" AND ".join(term) or "true")
        parameters += texts
    return f"({' OR '.join(terms)})", parameters


def _texts(spelling: Spelling) -> list[str]:
    """What stands between the wildcards, each once, with the blanks around it."""
    runs = groupby(spelling, key=lambda element: isinstance(element, str))
    texts = (" ".join(map(str, run)) for is_text, run in runs if is_text)
    return list(dict.fromkeys(f" {text} " for text in texts))


def _expression(spelling: Spelling) -> str:
    """The spelling as a regular expression over a formula with a blank at either end."""
    group = rf"\{{ (?:{_TOKEN})*\}} "
    for _ in range(DEPTH - 1):
        group = rf"\{{ (?:{_TOKEN}|{group})*\}} "
    wild = {Wild.ONE: f"(?:{_SYMBOL}|{group})", Wild.RUN: f"(?:{_TOKEN}|{group})*"}
    return " " + "".join(
        wild[element] if isinstance(element, Wild) else re.escape(element) + " "
        for element in spelling
    )
