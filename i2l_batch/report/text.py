"""Text out of other people's files, on its way into pages and scripts.

In: names, messages, numbers, LaTeX. Out: the same with nothing in it that could be taken for
markup, for script or for a command to the screen. Knows nothing of what the text means.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

from i2l_batch.printable import printable

_ESCAPES = {"<": "\\u003c", "\u2028": "\\u2028", "\u2029": "\\u2029"}
"""What can end a script element, and what older engines take for the end of a line."""


def html(text: object) -> str:
    """The printable text as HTML text or as the value of an attribute in double quotes."""
    return escape(printable(str(text)))


def script(call: str, *arguments: Any) -> bytes:
    """A line of JavaScript that calls a function with values, given as JSON.

    Raises ValueError for NaN and infinity, of which JSON has none.
    """
    text = json.dumps(arguments, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escaped in _ESCAPES.items():
        text = text.replace(character, escaped)
    return f"{call}({text[1:-1]});\n".encode()
