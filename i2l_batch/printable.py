"""Text out of other people's files, for people: one line, and no commands to the screen.

In: names, messages, LaTeX. Out: the same with escapes for what cannot be seen. Knows nothing of
where it is shown.
"""

from __future__ import annotations


def printable(text: str) -> str:
    r"""The text with control and direction characters, ends of lines and bytes that are no UTF-8
    (lone surrogates) as escapes such as `\x1b`.

    A name that is turned around on the screen (`\u202e`) could pass for another.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
