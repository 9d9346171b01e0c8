r"""Formulas as the paper's data has them: one spelling for what authors write in many ways.

In: LaTeX of one formula, without its delimiters. Out: its tokens, or the reason why it has none.
Here is what works on the text; `grammar` does the rest. Knows nothing of lists or pictures.
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
r"""paper: as the paper normalises; canonical: one spelling for what looks the same, and nothing
lost that can be seen (`i2l_batch.canonical`); none: the tokens as they are written."""

STYLES: tuple[Style, ...] = get_args(Style)

_UNCOMMENTED = re.compile(r"(?:[^\\%]|\\.|\\$)*", re.DOTALL)
_FOREIGN = re.compile(r"[^\t\n -~]")
_WORDS = re.compile(rf"\\(?:{'|'.join(name[1:] for name in FONT_OF_TEXT)})(\s*)\{{")
_BRACE = re.compile(r"\\.|[{}]")
_SPACE = re.compile(r"\$[^$]*\$|\\[A-Za-z]+\s*|\\.|\s+")


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
        if style == "canonical":
            return _some(canonicalize(normalize(latex, faithful=True)))
        return normalize(latex)
    except FormulaError as error:
        return Rejection(error.reason)


def normalize(latex: str, *, faithful: bool = False) -> list[str]:
    r"""The tokens of a formula, normalised as for the paper; what is normalised stays as it is.

    The paper used the script of im2latex-100k. This differs from it on purpose, where the script

    - splits lengths (`3 m m`), writes `[object Object]`, loses the prime of `x'^2`, adds a second
      brace to `cases`, makes one line of `\substack`, spells commands in `\rm` (`\ a l p h a`):
      here they stay what they are, and such a brace is taken away again;
    - leaves single arguments bare (`\frac 1 2`, `\mathbf x`): here all have braces;
    - nests groups anew at each run (`\overline`, cells): here once, so that results are final;
    - turns only `\text`, `\mbox` and `\hbox` to a font of mathematics, and drops the spaces in
      `\textrm`, `\textbf` and their like: here all are turned, and keep them;
    - drops characters that are not ASCII, and then shows another formula: here it is rejected;
    - fails (at colours, `\mathop`, `\frac{\rm d}{x}`, mathematics in words, plain TeX's
      `\pmatrix`, `align`): here these are read, without the colours.

    Args:
        latex: a formula.
        faithful: keep what can be seen and the script loses: `\limits`, the sizes of fractions
            (`\tfrac`), the width of `\>`, the style of `gathered`; and `\sin` as it is.

    Raises:
        FormulaError: the formula cannot be read; its `reason` is a short phrase to count by.
    """
    return _some(print_tree(tokenize(_clean(latex)), faithful=faithful))


def _clean(latex: str) -> str:
    """The text without comments, and with marks for the spaces that are drawn."""
    text = latex.replace("\r", " ").strip()
    if "%" in text and (match := _UNCOMMENTED.match(text.removeprefix("%"))):
        text = match[0]
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
        words = text[match.end() : end]
        if not (match[1] and _is_apart(words)):
            # A space after a command's name ends the name and is not drawn.
            words = _SPACE.sub(lambda m: m[0] if m[0][0] in "\\$" else TEXT_SPACE, words)
        parts += [text[done : match.end()], words]
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


def _is_apart(words: str) -> bool:
    """Whether these are tokens with spaces between, as in `\textbf { a ~ b }`."""
    return words[:1] == " " and all(len(w) == 1 or w[0] == "\\" for w in words.split())


def _some(tokens: list[str]) -> list[str]:
    if not tokens:
        raise FormulaError("is empty")
    return tokens
