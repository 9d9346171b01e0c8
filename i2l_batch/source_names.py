"""Names of files, which are bytes, as text in the tables and back.

In: a name as Python has it. Out: text that any reader of the tables can hold, and that tells the
name exactly. Knows nothing of tables.
"""

from __future__ import annotations

import re


def stored_name(name: str) -> str:
    r"""A source's name as the tables hold it: text, though file names are bytes.

    Bytes that are not UTF-8 (surrogates in Python) become `\xNN`, and a backslash becomes two, so
    that `original_name` gives back the name exactly. All other names are stored as they are.
    """
    doubled = name.replace("\\", "\\\\")
    return doubled.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def original_name(stored: str) -> str:
    """The inverse of `stored_name`: a name that opens the file."""
    raw = re.sub(
        rb"\\(?:\\|x([0-9a-f]{2}))",
        lambda escape: bytes.fromhex(escape[1].decode()) if escape[1] else b"\\",
        stored.encode("utf-8"),
    )
    return raw.decode("utf-8", "surrogateescape")
