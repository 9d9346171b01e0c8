r"""Formulas as the paper's data has them: one spelling for what authors write in many ways.

In: LaTeX of one formula, without its delimiters. Out: its tokens, or the reason why it has none.
Knows nothing of lists, pictures or vocabularies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from i2l_batch.errors import FormulaError
from i2l_batch.latex import brace_arguments, canonicalize, tokenize

Style = Literal["paper", "canonical", "none"]
"""paper: as the paper normalises; canonical: that, without groups that change nothing; none: the
tokens as they are written."""

STYLES: tuple[Style, ...] = get_args(Style)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A formula that cannot be used."""

    reason: str
    """A short phrase without anything of the formula in it, such as "is empty": to count by."""


def normalize_with(style: Style, latex: str) -> list[str] | Rejection:
    """The tokens of a formula in the given style, never none, or why it has no tokens."""
    try:
        if style == "none":
            return _some(tokenize(latex))
        tokens = normalize(latex)
        return canonicalize(tokens) if style == "canonical" else tokens
    except FormulaError as error:
        return Rejection(error.reason)


def normalize(latex: str) -> list[str]:
    """The tokens of a formula, normalised as the paper does (section 5.1).

    Raises:
        FormulaError: the formula cannot be read; its `reason` is a short phrase to count by.
    """
    return _some(brace_arguments(tokenize(latex)))


def _some(tokens: list[str]) -> list[str]:
    if not tokens:
        raise FormulaError("is empty")
    return tokens
