r"""Marked formulas: each visible token is set in its own near-black colour.

In: the tokens of a formula. Out: LaTeX in which `\C{i}` switches to the colour of token i, so that
one rendering gives both the picture (the colours cannot be told from black by eye) and the place
of every token in it. Colour switches are PDF literals, which leave TeX's spacing alone, but for the
kerns and ligatures of neighbouring letters (a pixel or two in one formula of seven).
"""

from __future__ import annotations

from collections.abc import Sequence

from i2l_batch.canonical.spelling import TEXT
from i2l_batch.latex import (
    WITH_OPTION,
    after_option,
    argument_braces,
    closing_brace,
    num_arguments,
)
from i2l_batch.visible import ALPHABETS, BOLD, BRACKETS, SILENT, SIZES_OF_DELIMITERS

MAX_MARKS = 511
"""Colours that exist: 8 levels of red, green and blue each, without black itself."""

PREAMBLE = r"""
\def\C#1{\expandafter\pdfliteral\expandafter direct\expandafter{\csname mark:#1\endcsname}}
"""

# What follows one of these is read by it as it stands: no switch may come between.
_LOOKS_AHEAD = SIZES_OF_DELIMITERS.union(
    r"\not \dots \cdots \dotsb \dotsc \middle \hskip \kern \color".split()
)
_FONT_SWITCHES = [[token] for token in r"\rm \bf \it \cal \sf \tt".split()]
# Their arguments are text, where spaces are drawn.
_WORDS = TEXT | {r"\textmd"}
# The bold commands take their argument apart with macros of their own.
_UNMARKED_ARGUMENT = BOLD.union(
    r"\hspace \hspace* \vspace \begin{array} \color \hskip \kern \multicolumn".split()
)
# They draw nothing, but what they stand before can have no switch of its own: it takes their mark.
# So it is with a delimiter after its size, an argument that is taken apart, and with the only
# letter of an alphabet or an operator: TeX sets a list, and its scripts, at another height.
_LENDS_ITS_MARK = SIZES_OF_DELIMITERS | BOLD | ALPHABETS | {r"\middle", r"\mathop", r"\ensuremath"}
# A rule of a table must be the first thing in its row, before any switch.
_INVISIBLE = (SILENT - _LENDS_ITS_MARK) | {r"\hline"}


def color(mark: int) -> tuple[int, int, int]:
    """Red, green, blue (0-7 each) of a mark in 1..MAX_MARKS."""
    return mark >> 6, (mark >> 3) & 7, mark & 7


def mark_definitions() -> str:
    r"""TeX that defines the colours behind `\C{0}` (black) to `\C{MAX_MARKS}`."""
    lines = []
    for mark in range(MAX_MARKS + 1):
        # A quarter step above the level, so that rounding and truncation give the same byte.
        level = " ".join(f"{(c + 0.25) / 255 if c else 0:.5f}" for c in color(mark))
        lines.append(rf"\expandafter\def\csname mark:{mark}\endcsname{{{level} rg {level} RG}}")
    return "\n".join(lines)


def plain(tokens: Sequence[str]) -> str:
    """LaTeX of a formula without marks, spaced as it is when marked."""
    parts: list[str] = []
    text_until = -1
    for i, token in enumerate(tokens):
        parts.append(token)
        if _needs_space(token, in_words=i < text_until):
            parts.append(" ")
        if i >= text_until:
            text_until = _end_of_words(tokens, i)
    return "".join(parts)


def _end_of_words(tokens: Sequence[str], i: int) -> int:
    r"""Index of the bracket that ends the words behind token `i`; `i` where there are none."""
    if tokens[i] in WITH_OPTION:
        # `\smash [ b ]` and `\cfrac [ l ]` do not know their letter with spaces around it.
        return max(i, after_option(tokens, i + 1) - 1)
    return closing_brace(tokens, i + 1) or i if tokens[i] in _WORDS else i


def _needs_space(token: str, *, in_words: bool) -> bool:
    """Spaces part tokens, but not within words, where they would be seen."""
    return not in_words or (token[0] == "\\" and (token[-1].isalpha() or token == "\\"))


def mark(tokens: Sequence[str]) -> tuple[str, list[int]]:
    r"""Marked LaTeX of a formula, and per token the mark it is drawn in (0: draws nothing).

    The only symbol of an argument (`\hat { x }`) shares its command's mark: a switch inside would
    make TeX treat the argument as a list and move its accent or script.

    Args:
        tokens: canonical, so that every argument is in braces.
    """
    marker = _Marker(tokens)
    i = 0
    while i < len(tokens):
        i = marker.take(i)
    return marker.text, marker.marks


class _Marker:
    """The state of `mark`: what was written, and which colour is on."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tokens
        self.text = ""
        self.marks = [0] * len(tokens)
        self.owned = argument_braces(tokens)
        self.text_until = self.quiet_until = -1  # in words, in an argument without switches
        self.current = 0
        self.outer: list[int] = []  # per open group, the colour to return to when it closes

    def take(self, i: int) -> int:
        """Write token `i`, or a group that is as good as one; returns the index after it."""
        token = self.tokens[i]
        if i > self.quiet_until and (lone := self._lone_symbol(i)):
            symbol, close = lone
            self._switch(symbol + 1)
            self.marks[symbol] = self.current = symbol + 1
            for k in range(i, close + 1):
                self._write(k)
            return close + 1
        if token == "{":
            self.outer.append(self.current)
        elif token == "}":
            # Limits are drawn before their operator: return to its colour.
            self.current = self.outer.pop() if self.outer else 0
            if i > self.quiet_until:
                self._switch(self.current)
        elif i > self.quiet_until and self._is_visible(i):
            if i and self.tokens[i - 1] in _LOOKS_AHEAD:
                self.marks[i] = self.marks[i - 1]
            else:
                self.current = self.marks[i] = i + 1
                self._switch(i + 1)
        self._write(i)
        self.quiet_until = max(self.quiet_until, _share_argument(self.tokens, i, self.marks))
        return i + 1

    def _is_visible(self, i: int) -> bool:
        token = self.tokens[i]
        if token.startswith((r"\begin{", r"\end{")):
            return i < MAX_MARKS and token in BRACKETS
        return i < MAX_MARKS and token not in _INVISIBLE

    def _lone_symbol(self, i: int) -> tuple[int, int] | None:
        r"""The symbol and the end of a free group such as `{ \cal E }` at `i`.

        With a switch inside, TeX would take the group for a list and set its scripts farther off.
        """
        if self.tokens[i] != "{" or i in self.owned:
            return None
        symbol = i + 2 if self.tokens[i + 1 : i + 2] in _FONT_SWITCHES else i + 1
        if self.tokens[symbol + 1 : symbol + 2] != ["}"] or not self._is_visible(symbol):
            return None
        return symbol, symbol + 1

    def _switch(self, colour: int) -> None:
        self.text += rf"\C{{{colour}}}"

    def _write(self, i: int) -> None:
        token = self.tokens[i]
        self.text += token
        if _needs_space(token, in_words=i < self.text_until):
            self.text += " "
        if i >= self.text_until:
            self.text_until = _end_of_words(self.tokens, i)


def _share_argument(tokens: Sequence[str], i: int, marks: list[int]) -> int:
    """Last index after `i` that must stay free of switches; shares the mark with a lone symbol."""
    token = tokens[i]
    if token in WITH_OPTION and (end := after_option(tokens, i + 1)) > i + 1:
        return end - 1
    close = closing_brace(tokens, i + 1) if tokens[i + 1 : i + 2] == ["{"] else None
    if close is None:
        return i
    if token in _UNMARKED_ARGUMENT:
        for k in range(i + 2, close):
            marks[k] = marks[i] if tokens[k] not in _INVISIBLE else 0
        return close
    if close == i + 3 and num_arguments(token) == 1 and marks[i]:
        marks[i + 2] = marks[i]
        return close
    return i
