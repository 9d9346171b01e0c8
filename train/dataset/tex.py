"""One run of pdflatex over many formulas, each shipped as a page of its own.

In: LaTeX of formulas and a font. Out: the opened PDF, the formula of each page, and TeX's
complaints by formula. Knows nothing of tokens or pictures.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from i2l_batch.errors import RenderError
from i2l_batch.train.dataset.fonts import EXTRA, EXTRA_PACKAGE, FONTS
from i2l_batch.train.dataset.marking import PREAMBLE, mark_definitions
from i2l_batch.train.dataset.raster import PageError, count_pages, open_pdf

POINTS: dict[int, float] = {10: 10.0, 11: 10.95, 12: 12.0}
"""Option of the document class to the body size in TeX points, 72.27 to the inch."""

TIME_LIMIT = 6.0
"""Seconds for a run, besides 5 ms per formula: TeX starts in 0.2 s and sets a formula in 0.2 ms."""

_LARGEST_FILE, _LARGEST_PAGE = 16 << 20, 64 << 10
"""Bytes that a run may write to a file, and those a formula more: a page takes about a tenth. What
goes on writing for ever would fill the disk before its time is over."""

_MEMORY = 1 << 20
"""KiB of memory that a run may take, where the system can limit it: six times what it takes."""

_LOCAL = ("TEXINPUTS", "TEXINPUTS_pdflatex", "TEXINPUTS_latex", "TEXMFOUTPUT", "shell_escape")
"""Variables by which TeX would find other files than those it was installed with, or do more."""

_TERMINAL = "f.out"
"""File with what TeX would have shown on a terminal."""

_INSTALL = (
    "rendering needs TeX Live (on Debian: apt-get install texlive-latex-recommended "
    "texlive-fonts-recommended)"
)

# The formula's page is its box with 4 points around it. Packing the PDF would cost a fifth of the
# run. TeX gives up after a hundred errors without the end of a paragraph between them: hence one,
# an empty one, after each formula. What escapes from a box falls on LaTeX's own page, which must
# not be shipped: it would shift all pages that follow, as would a page that is missing because TeX
# ships none of more than 16383 points.
_PREAMBLE = rf"""\hoffset=-1in \voffset=-1in \pagestyle{{empty}}
\pdfcompresslevel=0 \pdfobjcompresslevel=0
{PREAMBLE}{mark_definitions()}
\makeatletter
\def\i@bound#1#2{{\ifdim#1<#2\else\errmessage{{Is larger than a page of TeX}}\setbox0\hbox{{}}\fi}}
\def\ship#1{{\i@bound{{\wd0}}{{16000pt}}\i@bound{{\ht0}}{{8000pt}}\i@bound{{\dp0}}{{8000pt}}\pdfpagewidth=\dimexpr\wd0+8pt\relax\pdfpageheight=\dimexpr\ht0+\dp0+8pt\relax
\shipout\vbox{{\kern4pt\hbox{{\kern4pt\box0}}}}\typeout{{NONCE:#1 done}}}}
\makeatother
\tracinglostchars=1
\AtBeginDocument{{\output{{\setbox0\box255 \deadcycles=0 }}}}
"""
_ERROR = re.compile(r"^\./f\.tex:\d+: (.*)")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a run brought forth."""

    pdf: Any
    """The opened document; None when TeX wrote none, or not a page for each formula it shipped."""
    formulas: list[int]
    """Per page, the index of its formula."""
    errors: dict[int, str]
    """Formula index to TeX's first complaint about it. Its page shows what TeX made up instead."""
    ended_in: int | None
    """The formula at which the run ended, or had to be ended; None when it went through."""


def check_tex(fonts: Iterable[str], points: int) -> None:
    """Raise RenderError, with what to install, unless each font of `FONTS` can be set."""
    for font in fonts:
        if typeset(["x"], font, points=points).pdf is None:
            extra = f"; and this font {EXTRA_PACKAGE}" if font in EXTRA else ""
            raise RenderError(f"TeX cannot set the font {font}: {_INSTALL}{extra}")


def typeset(
    formulas: Sequence[str], font: str, time_limit: float = TIME_LIMIT, points: int = 10
) -> Sheet:
    """Set display formulas in one run. A run that ends early has fewer pages, or none.

    Args:
        formulas: LaTeX without delimiters.
        font: a name out of `FONTS`.
        time_limit: seconds, besides 5 ms per formula.
        points: body size, 10, 11 or 12.

    Raises:
        RenderError: pdflatex is not installed.
    """
    pdflatex = shutil.which("pdflatex")
    if pdflatex is None:
        raise RenderError(f"pdflatex is not installed: {_INSTALL}")
    with tempfile.TemporaryDirectory(prefix="i2l-render-") as name:
        folder = Path(name)
        nonce = f"@@{secrets.token_hex(8)}"  # no formula can know it, and pretend to be another
        (folder / "f.tex").write_text(_document(formulas, font, points, nonce), encoding="utf-8")
        size = _LARGEST_FILE + len(formulas) * _LARGEST_PAGE
        if not _run(pdflatex, folder, time_limit + 0.005 * len(formulas), size):
            with _lines(folder / _TERMINAL) as terminal:
                at = reached(terminal, nonce)
            return Sheet(None, [], {}, min(at, len(formulas) - 1))
        with _lines(folder / "f.log") as log:
            shipped, errors, ended_in = read_log(log, nonce)
        document = _pages_of(folder / "f.pdf", shipped)
        return Sheet(document, shipped if document is not None else [], errors, ended_in)


def _pages_of(pdf: Path, shipped: Sequence[int]) -> Any:
    """The document, if it has one page for each formula shipped: else none can be trusted."""
    if not pdf.exists() or len(set(shipped)) < len(shipped):
        return None
    try:
        document = open_pdf(pdf)
        return document if count_pages(document) == len(shipped) else None
    except PageError:
        return None


def _document(formulas: Sequence[str], font: str, points: int, nonce: str) -> str:
    # The space before the closing dollar sign keeps it whole where a formula ends in a backslash.
    body = "\n".join(
        rf"\typeout{{{nonce}:{k}}}\begingroup\setbox0\hbox{{$\displaystyle {latex} $}}\ship{{{k}}}"
        r"\endgroup\noindent\par"
        for k, latex in enumerate(formulas)
    )
    # A superscript, but no longer the sign of which two make any character of the next: an active
    # character that means the same.
    superscript = "\\catcode`\\^=13 \\let^\\sp"
    preamble = _PREAMBLE.replace("NONCE", nonce)
    return (
        f"\\documentclass[{points}pt]{{article}}\n\\newcommand\\bmmax{{0}}\\newcommand\\hmmax{{0}}\n"
        f"\\usepackage{{amsmath}}\n{FONTS[font]}\n{preamble}\\begin{{document}}\n{superscript}\n{body}\n\\end{{document}}\n"
    )


@contextmanager
def _lines(path: Path) -> Iterator[Iterable[str]]:
    """The lines of a file, however many there are; none when it does not exist."""
    if not path.exists():
        yield ()
        return
    with path.open(encoding="latin-1") as file:
        yield (line.rstrip("\n") for line in file)


def _run(pdflatex: str, folder: Path, seconds: float, size: int) -> bool:
    """Run pdflatex over `f.tex`; false when it took too long, or a file grew larger than `size`."""
    confined = {
        **{name: value for name, value in os.environ.items() if name not in _LOCAL},
        **dict.fromkeys(["HOME", "TEXMFHOME", "TEXMFCONFIG"], str(folder)),
        "openin_any": "p",  # paranoid: nothing outside of the folder
        "openout_any": "p",
        "max_print_line": "1000",
    }
    # Ended by a signal when a file grows too large. The unit is 512 bytes. macOS limits no memory.
    limits = f'ulimit -f {size // 512}; ulimit -v {_MEMORY} 2>/dev/null; exec "$@"'
    limited = ["/bin/sh", "-c", limits, "sh", pdflatex]
    command = [*limited, "-interaction=nonstopmode", "-no-shell-escape", "-file-line-error"]
    with (folder / _TERMINAL).open("wb") as terminal:
        try:
            done = subprocess.run(
                [*command, "f.tex"],
                cwd=folder,
                env=confined,
                stdin=subprocess.DEVNULL,
                stdout=terminal,
                # Nothing comes, but the end of a pipe is noticed at once, that of a process by
                # polling.
                stderr=subprocess.PIPE,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
    return done.returncode >= 0


def reached(terminal: Iterable[str], nonce: str) -> int:
    """The formula at which a run was ended. TeX tells the terminal of every page as it ships it;
    its log comes in blocks."""
    is_begin = re.compile(rf"{nonce}:(\d+)").fullmatch
    at = is_shipped = 0
    for line in terminal:
        if begin := is_begin(line):
            at, is_shipped = int(begin[1]), False
        elif "[1" in line:
            is_shipped = True
    return at + is_shipped


def read_log(log: Iterable[str], nonce: str) -> tuple[list[int], dict[int, str], int | None]:
    """What the log of a run tells, whose own lines begin with `nonce`.

    Returns:
        Formulas whose page was shipped, in page order; the first error of each faulty one; and the
        formula that was begun last, if it was not shipped.
    """
    is_beacon = re.compile(rf"{nonce}:(\d+)( done)?").fullmatch
    shipped: list[int] = []
    errors: dict[int, str] = {}
    current = -1
    is_open = False
    for line in log:
        if beacon := is_beacon(line):
            current = int(beacon[1])
            is_open = not beacon[2]
            if not is_open:
                shipped.append(current)
        elif current >= 0 and (error := _ERROR.match(line)):
            errors.setdefault(current, error[1])
        elif current >= 0 and line.startswith("Missing character: "):
            errors.setdefault(current, "The font lacks a character")
    return shipped, errors, current if is_open else None
