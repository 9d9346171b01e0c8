r"""The grammar of formulas: which commands are more than symbols, and how each is printed.

In: tokens, with `TEXT_SPACE` for spaces in words. Out: tokens in normal form: scripts in one order,
arguments in braces, one spelling for each command. It accepts what TeX accepts and more: whether a
command exists is for TeX to judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from i2l_batch.errors import FormulaError
from i2l_batch.latex import ONE_ARGUMENT, TWO_ARGUMENTS, WITH_OPTION, is_length, num_arguments
from i2l_batch.train.dataset.brackets import big, delimited
from i2l_batch.train.dataset.reader import NO_ENDS, Ends, Handler, Reader, unwrapped
from i2l_batch.train.dataset.rows import braced_rows, environment, stack
from i2l_batch.train.dataset.spelling import (
    FONT_OF_TEXT,
    OPERATORS,
    SYNONYMS,
    TEXT_SPACE,
)
from i2l_batch.train.dataset.words import words

_OPTION_ENDS: Ends = frozenset(["]"])
_SCRIPTS = {"_": "_", "^": "^", r"\sb": "_", r"\sp": "^", "'": "'"}
_INFIX = {r"\over": r"\frac", r"\choose": r"\binom"}
_BARS: Ends = frozenset([*_INFIX, r"\atop"])
_LIMITS = (r"\limits", r"\nolimits")
_SKIPPED = (*_LIMITS, *r"$ \( \) \[ \] \> \~".split(), TEXT_SPACE)


def print_tree(tokens: Sequence[str], *, faithful: bool = False) -> list[str]:
    r"""The formula in normal form.

    Args:
        tokens: of a formula.
        faithful: keep what can be seen and the paper's script loses.

    Raises:
        FormulaError: groups, delimiters or environments do not close, or an argument is missing.
    """
    reader = Reader(tokens, _FAITHFUL if faithful else _HANDLERS)
    result = reader.sequence(NO_ENDS)
    if reader.next:
        raise FormulaError("closes what is not open")
    return result


def _group(reader: Reader, _token: str, result: list[str]) -> None:
    r"""A group of its own; `{\rm x}` is `\mathrm{x}`."""
    is_roman = reader.next == r"\rm"
    body = reader.braced()
    result += body if is_roman else ["{", *body, "}"]


def _roman(reader: Reader, _token: str, result: list[str]) -> None:
    r"""`\rm`: of the group after it, or of all that follows, which a group's start makes sure."""
    starts_group = reader.at > 1 and reader.tokens[reader.at - 2] == "{"
    if reader.next == "{" and not starts_group:
        body = reader.argument()
    else:
        body = unwrapped(reader.sequence(reader.ends))
    result += [r"\mathrm", "{", *body, "}"]


def _scripts(reader: Reader, token: str, result: list[str]) -> None:
    """All scripts of a symbol, in any order: the lower one first, primes within the upper."""
    if reader.scripted is result and reader.scripted_to == len(result):
        raise FormulaError("has two scripts in one place")  # what stood between was skipped
    found: dict[str, list[str]] = {}
    primes = 0
    while (kind := _SCRIPTS.get(token)) or token in _LIMITS:
        if kind == "'" and "^" not in found:
            primes += 1
        elif kind in found or kind == "'":
            raise FormulaError("has two scripts in one place")
        elif kind:
            found[kind] = reader.argument()
        else:
            reader.handlers[token](reader, token, result)
        token = reader.next
        reader.at += 1
    reader.at -= 1
    if "_" in found:
        result += ["_", "{", *found["_"], "}"]
    if primes or "^" in found:
        result += ["^", "{", *[r"\prime"] * primes, *found.get("^", ()), "}"]
    reader.scripted, reader.scripted_to = result, len(result)


def _infix(reader: Reader, token: str, result: list[str]) -> None:
    r"""`a \over b`: what is printed so far is the numerator."""
    numerator = unwrapped(result)
    denominator = unwrapped(reader.sequence(reader.ends | _BARS))
    if reader.next in _BARS:
        raise FormulaError("has two fraction bars in one group")
    result[:] = [_INFIX[token], "{", *numerator, "}", "{", *denominator, "}"]


def _one_argument(reader: Reader, token: str, result: list[str]) -> None:
    result += [token, "{", *reader.argument(), "}"]


def _two_arguments(reader: Reader, token: str, result: list[str]) -> None:
    result += [token, "{", *reader.argument(), "}", "{", *reader.argument(), "}"]


def _with_option(reader: Reader, token: str, result: list[str]) -> None:
    r"""`\sqrt[3]{x}`, `\cfrac[l]{a}{b}`."""
    result.append(token)
    if reader.next == "[":
        reader.at += 1
        result += ["[", *reader.sequence(_OPTION_ENDS), "]"]
        reader.expect("]")
    for _ in range(num_arguments(token)):
        result += ["{", *reader.argument(), "}"]


def _line(reader: Reader, token: str, result: list[str]) -> None:
    r"""`\overline`: a group within the argument, which the paper's script prints."""
    result += [token, "{", "{", *unwrapped(reader.argument()), "}", "}"]


def _synonym(reader: Reader, token: str, result: list[str]) -> None:
    token = SYNONYMS[token]
    reader.handlers[token](reader, token, result)


def _symbol(_reader: Reader, token: str, result: list[str]) -> None:
    result.append(token)


def _operator(_reader: Reader, token: str, result: list[str]) -> None:
    result += OPERATORS[token]


def _length(reader: Reader, token: str, result: list[str]) -> None:
    r"""`\hspace{1em}`, `\kern 1em`: space, whose length is one token."""
    in_braces = reader.next == "{"
    reader.at += in_braces
    length = reader.next
    if not is_length(length):
        raise FormulaError("has a length that is no number with a unit")
    reader.at += 1
    if in_braces:
        reader.expect("}")
    elif "".join(reader.tokens[reader.at : reader.at + 5]).startswith(("plus", "minus")):
        raise FormulaError("has a length that stretches")
    command = r"\vspace" if token.startswith(r"\vspace") else r"\hspace"
    result += [command, "{", length.replace("true", ""), "}"]


def _colored(reader: Reader, _token: str, result: list[str]) -> None:
    r"""`\textcolor{red}{x}`: a formula has no colour."""
    reader.argument()
    result += ["{", *reader.argument(), "}"]


def _skip(_reader: Reader, _token: str, _result: list[str]) -> None:
    """What draws nothing, or has no place in a formula."""


def _limits(_reader: Reader, token: str, result: list[str]) -> None:
    r"""`\limits` or `\nolimits`, of which the last one holds."""
    if result and result[-1] in _LIMITS:
        result.pop()
    result.append(token)


def _skip_argument(reader: Reader, _token: str, _result: list[str]) -> None:
    reader.argument()


def _row_end(_reader: Reader, _token: str, result: list[str]) -> None:
    r"""`\\` where nothing has rows."""
    result.append(r"\,")


def _misplaced(_reader: Reader, _token: str, _result: list[str]) -> None:
    raise FormulaError("has & or # outside of rows")


_HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(ONE_ARGUMENT, _one_argument),
    **dict.fromkeys(TWO_ARGUMENTS, _two_arguments),
    **dict.fromkeys(WITH_OPTION, _with_option),
    **dict.fromkeys([r"\overline", r"\underline"], _line),
    **dict.fromkeys(SYNONYMS, _synonym),
    **dict.fromkeys(OPERATORS, _operator),
    **dict.fromkeys(FONT_OF_TEXT, words),
    **dict.fromkeys(_SCRIPTS, _scripts),
    **dict.fromkeys(_INFIX, _infix),
    **dict.fromkeys(_SKIPPED, _skip),
    **dict.fromkeys(
        [r"\hspace", r"\hspace*", r"\vspace", r"\vspace*", r"\hskip", r"\kern"], _length
    ),
    **dict.fromkeys([r"\label", r"\color"], _skip_argument),
    r"\textcolor": _colored,
    **dict.fromkeys(
        [rf"\{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", *"lrgm")],
        big,
    ),
    **dict.fromkeys(["&", "#"], _misplaced),
    "{": _group,
    r"\rm": _roman,
    r"\left": delimited,
    r"\begin": environment,
    **dict.fromkeys([r"\matrix", r"\pmatrix", r"\cases"], braced_rows),
    r"\substack": stack,
    "\\\\": _row_end,
}
_FAITHFUL = {
    **_HANDLERS,
    **dict.fromkeys(_LIMITS, _limits),
    **dict.fromkeys(OPERATORS, _symbol),
    **dict.fromkeys([r"\dfrac", r"\tfrac", r"\dbinom", r"\tbinom"], _two_arguments),
    r"\>": _symbol,
    r"\begin": partial(environment, faithful=True),
}
r"""Reads tokens without loss of what can be seen."""
