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
    """The argument of a command for words, in turns with the mathematics in it."""
    font = FONT_OF_TEXT[token]
    if reader.next != "{":
        if token == r"\hbox":  # it takes a group, or a width before it
            raise FormulaError("lacks an argument")
        result += [font, "{", *reader.argument(), "}"]
        return
    reader.at += 1
    start = len(result)
    while True:
        if letters := _letters(reader):
            result += [font, "{", *letters, "}"]
        if reader.next != "$":
            break
        reader.at += 1
        result += reader.sequence(_MATH_ENDS)
        reader.expect("$")
    reader.expect("}")
    if len(result) == start:
        result += [font, "{", "}"]


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
