r"""Rendering: formulas to pictures with the place of every token, many formulas a TeX run.

In: token lists and a font. Out: per formula a grey picture and token boxes, or the reason why not.
pdflatex ships one box per formula; PyMuPDF rasterises. An error that TeX reports rejects its formula
(TeX "recovers" and ships a wrong picture); a formula that ends or hangs the run is found by halving.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from i2l_batch.errors import RenderError
from i2l_batch.train.marking import PREAMBLE, mark, mark_definitions

FONTS: dict[str, str] = {
    "computer-modern": "",
    "times": r"\usepackage{mathptmx}",
    "palatino": r"\usepackage{mathpazo}",
    "txfonts": r"\usepackage{txfonts}",
}
"""Font name to the preamble lines that choose it; all in TeX Live's recommended fonts."""

POINTS_PER_EM = 10.0
"""Body size of the rendered formulas, in TeX points (close to PDF points: 72.27 to 72)."""

# Commands that could read or write files, end the run, or change how TeX reads the rest.
_FORBIDDEN = re.compile(
    r"\\(?:input|include|openin|openout|read|write|immediate|special|pdfliteral|csname|catcode"
    r"|def|edef|gdef|xdef|let|newcommand|renewcommand|loop|end|stop|bye|shipout|output|errmessage"
    r"|tag|label|ref|cite|footnote|usepackage|documentclass|everypar|everymath|C)(?![A-Za-z])(?!\{)"
)
_DONE = re.compile(r"^@@(\d+)( done)?$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendering:
    """One formula as a picture."""

    pixels: np.ndarray
    """(H, W) uint8 grey, black on white, cut to the ink."""
    boxes: np.ndarray
    """(T, 4) int16: x0 y0 x1 y1 of each token's ink in pixels; all zero where it draws nothing."""


def render(
    formulas: Sequence[Sequence[str]], dpis: Sequence[float], *, font: str = "computer-modern"
) -> list[Rendering | str]:
    """Render each formula at its resolution (dots per inch); a string says why one failed."""
    if shutil.which("pdflatex") is None:
        raise RenderError(
            "pdflatex is not installed: rendering needs TeX Live (on Debian: apt-get install "
            "texlive-latex-recommended texlive-fonts-recommended)"
        )
    results: list[Rendering | str] = ["the TeX run ended early"] * len(formulas)
    pending = []
    for i, tokens in enumerate(formulas):
        if _FORBIDDEN.search(" ".join(tokens)):
            results[i] = "holds a command that formulas may not use"
        else:
            pending.append(i)
    _render_into(results, pending, formulas, dpis, font)
    return results


def _render_into(
    results: list[Rendering | str],
    indices: list[int],
    formulas: Sequence[Sequence[str]],
    dpis: Sequence[float],
    font: str,
) -> None:
    """Render the formulas at `indices`; what a broken run left is done again in halves."""
    if not indices:
        return
    marked = [mark(formulas[i]) for i in indices]
    with tempfile.TemporaryDirectory(prefix="i2l-render-") as folder:
        log, pdf = _run_tex([latex for latex, _ in marked], Path(folder), font)
        pages, errors = _read_log(log)
        if pdf is None:
            pages = []
        for page_index, k in enumerate(pages):
            i = indices[k]
            if k in errors:
                results[i] = errors[k]
            else:
                assert pdf is not None
                results[i] = _rasterize(pdf, page_index, marked[k][1], dpis[i])
        done = set(pages)
    left = [i for k, i in enumerate(indices) if k not in done]
    if len(left) == 1 and len(indices) == 1:
        return
    if len(left) == len(indices):
        half = len(left) // 2
        _render_into(results, left[:half], formulas, dpis, font)
        _render_into(results, left[half:], formulas, dpis, font)
    else:
        _render_into(results, left, formulas, dpis, font)


def _run_tex(formulas: Sequence[str], folder: Path, font: str) -> tuple[str, Any]:
    """One pdflatex run: its log and the opened PDF (None when it wrote none)."""
    import pymupdf

    body = "\n".join(
        rf"\typeout{{@@{k}}}\begingroup\setbox0\hbox{{$\displaystyle {latex}$}}\ship{{{k}}}\endgroup"
        "\n"
        for k, latex in enumerate(formulas)
    )
    (folder / "f.tex").write_text(
        "\\documentclass[10pt]{article}\n\\usepackage{amsmath,amssymb,bm,mathrsfs}\n"
        f"{FONTS[font]}\n\\hoffset=-1in \\voffset=-1in \\pagestyle{{empty}}\n"
        f"{PREAMBLE}{mark_definitions()}\n"
        "\\def\\ship#1{\\pdfpagewidth=\\dimexpr\\wd0+8pt\\relax"
        "\\pdfpageheight=\\dimexpr\\ht0+\\dp0+8pt\\relax"
        "\\shipout\\vbox{\\kern4pt\\hbox{\\kern4pt\\box0}}\\typeout{@@#1 done}}\n"
        f"\\begin{{document}}\n{body}\\end{{document}}\n",
        encoding="utf-8",
    )
    try:
        subprocess.run(
            [
                "pdflatex",
                "-interaction=nonstopmode",
                "-no-shell-escape",
                "-file-line-error",
                "f.tex",
            ],
            cwd=folder,
            env={
                "PATH": "/usr/bin:/bin:/usr/local/bin",
                "openin_any": "p",
                "openout_any": "p",
                "max_print_line": "1000",
                "HOME": str(folder),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            timeout=6 + 0.02 * len(formulas),  # a formula takes 1 ms, but one can hang the run
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "", None
    log = (folder / "f.log").read_text(encoding="latin-1") if (folder / "f.log").exists() else ""
    if not (folder / "f.pdf").exists():
        return log, None
    return log, pymupdf.open(stream=(folder / "f.pdf").read_bytes(), filetype="pdf")


def _read_log(log: str) -> tuple[list[int], dict[int, str]]:
    """Formulas whose page was shipped, in page order, and the first TeX error of each faulty one."""
    pages: list[int] = []
    errors: dict[int, str] = {}
    current = -1
    for line in log.splitlines():
        if match := _DONE.match(line):
            current = int(match[1])
            if match[2]:
                pages.append(current)
        elif current >= 0 and re.match(r"\./f\.tex:\d+: ", line):
            errors.setdefault(current, line.split(": ", 1)[1])
    return pages, errors


def _rasterize(pdf: Any, page_index: int, marks: Sequence[int], dpi: float) -> Rendering | str:
    """Picture and token boxes of one page."""
    import pymupdf

    display = pdf[page_index].get_displaylist()
    matrix = pymupdf.Matrix(dpi / 72, dpi / 72)
    pixels = _grey(display.get_pixmap(matrix=matrix, colorspace=pymupdf.csGRAY, alpha=False))
    # Without anti-aliasing every inked pixel has exactly the colour of its token.
    pymupdf.TOOLS.set_aa_level(0)
    try:
        sharp = display.get_pixmap(matrix=matrix, colorspace=pymupdf.csRGB, alpha=False)
    finally:
        pymupdf.TOOLS.set_aa_level(8)
    rgb = np.frombuffer(sharp.samples, np.uint8).reshape(sharp.height, sharp.width, 3).astype(int)
    inked = np.argwhere(pixels < 240)
    if not len(inked):
        return "draws nothing"
    (y0, x0), (y1, x1) = inked.min(0), inked.max(0) + 1
    code = (rgb[..., 0] << 6) | (rgb[..., 1] << 3) | rgb[..., 2]
    code[(rgb > 7).any(-1)] = 0
    boxes = _token_boxes(code[y0:y1, x0:x1], marks)
    return Rendering(pixels=pixels[y0:y1, x0:x1].copy(), boxes=boxes)


def _grey(pixmap: Any) -> np.ndarray:
    return np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.stride)[
        :, : pixmap.width
    ]


def _token_boxes(code: np.ndarray, marks: Sequence[int]) -> np.ndarray:
    """Bounding box of each mark in a picture of marks, as (T, 4) int16 by token."""
    ys, xs = np.nonzero(code)
    values = code[ys, xs]
    top = max(max(marks, default=0), int(values.max(initial=0))) + 1
    low = np.full((top, 2), 32767)
    high = np.zeros((top, 2), int)
    np.minimum.at(low, values, np.stack([xs, ys], 1))
    np.maximum.at(high, values, np.stack([xs, ys], 1) + 1)
    found = high[:, 0] > 0
    boxes = np.where(found[:, None], np.concatenate([low, high], 1), 0)
    boxes[0] = 0
    return boxes[np.asarray(marks, int)].astype(np.int16).reshape(-1, 4)
