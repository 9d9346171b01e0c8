"""Rebuild the example files: examples/papers/*.pdf and the images of examples/formulas.jsonl.

    python examples/build.py

Needs pdflatex with the beamer class; the built files are committed, so that only someone who
changes an example needs TeX. The file name of an image says how it is drawn: `-2x` at double
size, `-white` in white on black, `.jpg` as JPEG; all of them with a margin around the formula.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pymupdf
from PIL import Image, ImageOps

HERE = Path(__file__).resolve().parent

DPI = 110
"""Resolution of a plain image: 10 pt type comes out about 15 pixels high, as on a web page."""

MARGIN = "4bp"

TEMPLATE = r"""\documentclass{article}
\usepackage{amsmath,amssymb}
\pdfsuppressptexinfo=-1 \pdftrailerid{}
\hoffset=-1in \voffset=-1in \topskip=0pt
\begin{document}
\setbox0=\hbox{\kern MARGIN $\displaystyle FORMULA$\kern MARGIN}
\pdfpagewidth=\wd0
\pdfpageheight=\dimexpr\ht0+\dp0+MARGIN+MARGIN\relax
\shipout\vbox{\kern MARGIN\box0}
\end{document}
"""


def compile_tex(source: str, name: str, folder: Path) -> Path:
    """Run pdflatex twice over `source` in `folder`; return the PDF. Raises with TeX's own words."""
    (folder / f"{name}.tex").write_text(source, encoding="utf-8")
    # A fixed date makes the same source give the same bytes.
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1"}
    for _ in range(2):
        run = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if run.returncode:
            raise RuntimeError(f"{name}: pdflatex failed:\n{run.stdout[-2000:]}")
    return folder / f"{name}.pdf"


def build_paper(source: Path, folder: Path) -> None:
    """Typeset one paper beside its source."""
    pdf = compile_tex(source.read_text(encoding="utf-8"), source.stem, folder)
    source.with_suffix(".pdf").write_bytes(pdf.read_bytes())


def build_image(image: Path, latex: str, folder: Path) -> None:
    """Draw one formula as the picture that its file name asks for."""
    source = TEMPLATE.replace("MARGIN", MARGIN).replace("FORMULA", latex)
    pdf = compile_tex(source, image.stem, folder)
    dpi = 2 * DPI if "-2x" in image.stem else DPI
    with pymupdf.open(pdf) as document:
        pixels = document[0].get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
    picture = Image.frombytes("L", (pixels.width, pixels.height), pixels.samples)
    if "-white" in image.stem:
        picture = ImageOps.invert(picture)
    picture.save(image)


def main() -> int:
    """Rebuild everything; say what was written."""
    with tempfile.TemporaryDirectory() as scratch:
        for paper in sorted((HERE / "papers").glob("*.tex")):
            build_paper(paper, Path(scratch))
            print(f"papers/{paper.stem}.pdf")
        for line in (HERE / "formulas.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            build_image(HERE / "formulas" / row["image"], row["latex"], Path(scratch))
            print(f"formulas/{row['image']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
