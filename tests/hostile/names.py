"""Names that break logs, tables, shells and terminals, and things that are no files at all.

In: a folder. Out: inputs in it, and how each must end. All of it can be made on Linux.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from tests.hostile.ending import Ending
from tests.hostile.pdfs import good

NAMES = (
    b"line\nbreak.pdf",
    b"line\r\nfailed: 99 documents.pdf",
    b"tab\tvertical\x0bbell\x07.pdf",
    b"\x1b[31mred\x1b]0;title\x07.pdf",
    b"quote'quote\"quote`.pdf",
    b"'; DROP TABLE documents; --.pdf",
    b"=cmd|' -C calc'!A0.pdf",
    b"<script>alert(1)<script>.pdf",
    b"$(touch made) `touch made`;touch made.pdf",
    b"%s%n%d {0} ${HOME}.pdf",
    b"-o.pdf",
    b"--overwrite.pdf",
    b"@list.pdf",
    b"~root.pdf",
    b"a*?[b].pdf",
    b"back\\slash\\xff.pdf",
    b"bytes \xff\xfe\x80.pdf",
    b"half \xed\xa0\x80 of a pair.pdf",
    "right \u202efdp.exe to left.pdf".encode(),
    "u\u0308ber, über.pdf".encode(),
    "\u2028line\u2029paragraph\u0085.pdf".encode(),
    "\N{PILE OF POO}\N{ZERO WIDTH JOINER}.pdf".encode(),
    b" .pdf",
    b"..pdf",
    b".pdf",
    b"CON.pdf",
    b"[bold]rich[red] [link=x]markup.pdf",
    b"x" * 251 + b".pdf",
)
"""Of good papers, one each."""


def make(folder: Path) -> dict[bytes, Ending]:
    """Papers of such names, and what else a folder can hold; by the name under the folder."""
    root = os.fsencode(folder)
    endings: dict[bytes, Ending] = {}
    for name in NAMES:
        _write(os.path.join(root, name))
        endings[name] = GOOD
    deep = b"/".join([b"d" * 200] * 12)
    os.makedirs(os.path.join(root, deep))
    _write(os.path.join(root, deep, b"deep.pdf"))
    endings[deep + b"/deep.pdf"] = GOOD
    os.mkdir(os.path.join(root, b"folder.pdf"))
    _write(os.path.join(root, b"folder.pdf/in it\n.pdf"))
    endings[b"folder.pdf/in it\n.pdf"] = GOOD
    return endings | _links(folder) | _no_files(folder)


GOOD = Ending("ok", formulas=2)


def _write(path: bytes) -> None:
    with open(path, "wb") as file:
        file.write(good(0))


def _links(folder: Path) -> dict[bytes, Ending]:
    os.symlink("loop 2.pdf", folder / "loop 1.pdf")
    os.symlink("loop 1.pdf", folder / "loop 2.pdf")
    os.symlink(folder, folder / "up")
    os.symlink("nowhere.pdf", folder / "dangling.pdf")
    os.symlink("/dev/zero", folder / "device.pdf")
    unreadable = Ending("unreadable")
    loops = dict.fromkeys([b"loop 1.pdf", b"loop 2.pdf", b"dangling.pdf"], unreadable)
    return {**loops, b"device.pdf": Ending("unsupported")}


def _no_files(folder: Path) -> dict[bytes, Ending]:
    os.mkfifo(folder / "pipe.pdf")
    with socket.socket(socket.AF_UNIX) as sock:
        here = os.open(".", os.O_RDONLY)
        try:  # the address of a socket has 107 bytes at most
            os.chdir(folder)
            sock.bind("socket.png")
        finally:
            os.fchdir(here)
            os.close(here)
    (folder / "locked.pdf").write_bytes(good(0))
    (folder / "locked.pdf").chmod(0)
    with (folder / "sparse.pdf").open("wb") as file:
        file.truncate(1 << 40)  # takes no room on the disk, and for ever to read
    can_read = os.access(folder / "locked.pdf", os.R_OK)  # the administrator
    return {
        b"pipe.pdf": Ending("unsupported"),
        b"socket.png": Ending("unsupported"),
        b"locked.pdf": GOOD if can_read else Ending("unreadable"),
        b"sparse.pdf": Ending("timeout"),
    }
