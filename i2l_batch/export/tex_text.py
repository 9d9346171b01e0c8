r"""Any text as LaTeX that shows it, in typewriter type.

In: text that came out of other people's files. Out: plain ASCII in which nothing is a command of
theirs. Latin letters keep their accents, other characters stand by their number: `<U+8AD6>`; so the
text needs no font but TeX's first ones. Knows nothing of formulas.
"""

from __future__ import annotations

import unicodedata

from i2l_batch.printable import printable

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "`": r"\textasciigrave{}",
    "/": r"/\allowbreak{}",
    ",": r",\allowbreak{}",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "œ": r"\oe{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
}
_ACCENTS = {
    "\u0300": r"\`",
    "\u0301": r"\'",
    "\u0302": r"\^",
    "\u0303": r"\~",
    "\u0304": r"\=",
    "\u0306": r"\u",
    "\u0307": r"\.",
    "\u0308": r"\"",
    "\u030a": r"\r",
    "\u030b": r"\H",
    "\u030c": r"\v",
    "\u0327": r"\c",
}


def tex_text(text: str) -> str:
    """The text, for a place where the font is that of a typewriter."""
    return "".join(map(_character, unicodedata.normalize("NFC", text)))


def tex_comment(text: str) -> str:
    """The text as the rest of a line that TeX does not read."""
    return printable(text)


def _character(c: str) -> str:
    if c in _SPECIAL:
        return _SPECIAL[c]
    if " " <= c <= "~":
        return c
    letter, *marks = unicodedata.normalize("NFD", c)
    if letter.isascii() and letter.isalpha() and len(marks) == 1 and marks[0] in _ACCENTS:
        return f"{_ACCENTS[marks[0]]}{{{letter}}}"
    return f"<U+{ord(c):04X}>"
