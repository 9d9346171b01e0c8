r"""Prints words in formulas: `\text{if $x$}` as `\mathrm { i f ~ } x`.

In: a reader behind the command. Out: tokens in the reader's list. A font of mathematics with `~`
for spaces looks the same as words, and may be joined with spaces, which are drawn in words.
"""

from __future__ import annotations

from i2l_batch.errors import FormulaError
from i2l_batch.train.dataset.reader import Ends, Reader
from i2l_batch.train.dataset.spelling import FONT_OF_TEXT, TEXT_SPACE

_MATH_ENDS: Ends = frozenset(["$"])
_MATH_ONLY = frozenset(["_", "^", "&", "#", r"\sb", r"\sp", r"\over", r"\atop", r"\choose"])


def words(reader: Reader, token: str, result: list[str]) -> None:
    """The argument of a command for words."""
    font = FONT_OF_TEXT[token]
    if reader.next != "{":
        result += [font, "{", *reader.argument(), "}"]
        return
    reader.at += 1
    parts = 0
    letters = _letters(reader)
    while reader.next == "$":
        parts += _add(font, letters, result)
        reader.at += 1
        result += reader.sequence(_MATH_ENDS)
        reader.expect("$")
        parts += 1
        letters = _letters(reader)
    reader.expect("}")
    if not _add(font, letters, result) and not parts:
        result += [font, "{", "}"]


def _add(font: str, letters: list[str], result: list[str]) -> int:
    if not letters:
        return 0
    result += [font, "{", *letters, "}"]
    return 1


def _letters(reader: Reader) -> list[str]:
    """Words up to the end of their group or to mathematics in them."""
    reader.deepen()
    result: list[str] = []
    while (token := reader.next) not in ("", "}", "$"):
        reader.at += 1
        if token in _MATH_ONLY or token.startswith((r"\begin", r"\end", r"\left", r"\right")):
            raise FormulaError("has mathematics in words")
        if token == TEXT_SPACE:
            result.append("~")
        elif token == "{":
            result += ["{", *_letters(reader), "}"]
            reader.expect("}")
        elif token == r"\rm":
            continue
        elif (handler := reader.handlers.get(token)) is not None:
            handler(reader, token, result)
        else:
            result.append(token)
    reader.depth -= 1
    return result
