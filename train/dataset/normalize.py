r"""Formulas as the paper's data has them: one spelling for what authors write in many ways.

In: LaTeX of one formula, without its delimiters. Out: its tokens, or the reason why it has none.
Knows nothing of lists, pictures or vocabularies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from i2l_batch.canonical import canonicalize
from i2l_batch.errors import FormulaError
from i2l_batch.latex import tokenize
from i2l_batch.train.dataset.grammar import print_tree
from i2l_batch.train.dataset.spelling import FONT_OF_TEXT, TEXT_SPACE

Style = Literal["paper", "canonical", "none"]
"""paper: as the paper normalises; canonical: that, without groups that change nothing; none: the
tokens as they are written."""

_COMMENT = re.compile(r"(?<!\\)(?:\\\\)*%")
_FOREIGN = re.compile(r"[^\t\n -~]")
_WORDS = re.compile(rf"\\(?:{'|'.join(name[1:] for name in FONT_OF_TEXT)})\s*\{{")
_BRACE = re.compile(r"\\.|[{}]")
_SPACE = re.compile(r"\\[A-Za-z]+\s*|\\.|\s+")

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
    r"""The tokens of a formula, normalised as the paper does (section 5.1 of its description).

    Raises:
        FormulaError: the formula cannot be read; its `reason` is a short phrase to count by.
    """
    return _some(print_tree(tokenize(_clean(latex))))


def _clean(latex: str) -> str:
    """The text without comments, and with marks for the spaces that are drawn."""
    text = latex.replace("\r", " ").strip()
    text = _COMMENT.split(text.removeprefix("%"), maxsplit=1)[0]
    if _FOREIGN.search(text):
        raise FormulaError("holds a character that is not ASCII")
    if "[object" in text:
        raise FormulaError("holds [object Object], as the paper's script leaves it")
    return _mark_spaces(text) if _WORDS.search(text) else text


def _mark_spaces(text: str) -> str:
    """Spaces in words as `TEXT_SPACE`, unless tokens stand apart as normalised lists have them."""
    parts: list[str] = []
    done = 0
    for match in _WORDS.finditer(text):
        if match.start() < done:
            continue
        end = _end_of_group(text, match.end())
        parts += [text[done : match.end()], _marked(text[match.end() : end])]
        done = end
    return "".join([*parts, text[done:]])


def _end_of_group(text: str, start: int) -> int:
    """Index of the `}` that closes the group whose contents begin at `start`."""
    depth = 1
    for match in _BRACE.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return match.start()
    return len(text)


def _marked(words: str) -> str:
    if words[:1] == " " and all(len(word) == 1 or word[0] == "\\" for word in words.split()):
        return words
    # A space after a command's name ends the name and is not drawn.
    return _SPACE.sub(lambda m: m[0] if m[0][0] == "\\" else TEXT_SPACE, words)


def _some(tokens: list[str]) -> list[str]:
    if not tokens:
        raise FormulaError("is empty")
    return tokens
