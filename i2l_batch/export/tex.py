r"""Formulas as a LaTeX document.

In: rows in reading order. Out: one document with a heading for each paper, and each formula with
its page at the left margin and its number at the right, shrunk where it is too wide. It compiles
whatever the formulas and names are: what cannot be set stands as text. Needs packages of LaTeX's
recommended ones only.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any, TextIO

from i2l_batch.export.settable import Settable
from i2l_batch.export.tex_text import tex_comment, tex_text
from i2l_batch.tables import Rows

COLUMNS = ("formula_id", "source", "page", "number", "latex", "valid")
"""What a document is made of."""

BEGIN, END = "\\begin{document}\n", "\\end{document}\n"

# A formula that a model of another vocabulary wrote may still hold what TeX dislikes: \scrollmode
# goes on after errors. \bm of its own package takes formulas apart, and fails where \boldsymbol
# does not.
PREAMBLE = r"""\documentclass{article}
\usepackage[a4paper,margin=2cm]{geometry}
\usepackage{amsmath,amssymb,graphicx}
\IfFileExists{mathrsfs.sty}{\usepackage{mathrsfs}}{}
\IfFileExists{stmaryrd.sty}{\usepackage[only,llbracket,rrbracket]{stmaryrd}}{}
\providecommand\llbracket{\lbrack}
\providecommand\rrbracket{\rbrack}
\providecommand\mathscr{\mathcal}
\providecommand\bm{\boldsymbol}
\providecommand\coloneqq{\mathrel{:=}}
\providecommand\eqqcolon{\mathrel{=:}}
\scrollmode
\setlength\parindent{0pt}
\newcommand\paper[1]{\section*{\raggedright\normalsize\ttfamily #1}}
\newcommand\place[1]{\parbox{4.5em}{\footnotesize\ttfamily\raggedright #1}}
\newsavebox\formulabox
\newlength\formulawidth
% {page}{number}: what is between the ends is in mathematics already
\newenvironment{formula}[2]{%
  \newcommand\formulapage{#1}\newcommand\formulanumber{#2}%
  \setlength\formulawidth{\dimexpr\linewidth-9em\relax}%
  \begin{lrbox}\formulabox$\displaystyle
}{$\end{lrbox}%
  \par\medskip\place\formulapage
  \makebox[\formulawidth]{\ifdim\wd\formulabox>\formulawidth
    \resizebox\formulawidth{!}{\usebox\formulabox}\else\usebox\formulabox\fi}%
  \place{\raggedleft\formulanumber}\par}
% {page}{number}{text}: a formula that cannot be set
\newcommand\unset[3]{\par\medskip\place{#1}%
  \parbox{\dimexpr\linewidth-9em\relax}{\raggedright\ttfamily #3}\place{\raggedleft #2}\par}
"""


def write_tex(columns: Sequence[str], rows: Rows, out: TextIO) -> None:
    """Write a document. columns: `COLUMNS`."""
    settable = _settable()
    provided: set[str] = set()
    out.write(PREAMBLE + BEGIN)
    cells = (dict(zip(columns, row, strict=True)) for row in rows)
    for source, formulas in groupby(cells, itemgetter("source")):
        out.write(f"\n% {tex_comment(source)}\n\\paper{{{tex_text(source)}}}\n")
        for row in formulas:
            out.write(f"% {tex_comment(row['formula_id'])}\n")
            if not (row["valid"] and settable(row["latex"])):
                out.write(f"\\unset{_place(row)}{{{tex_text(row['latex']) or '(empty)'}}}\n")
                continue
            for command in settable.foreign(row["latex"]):
                if command not in provided:
                    provided.add(command)
                    name = command.removeprefix("\\")
                    out.write(f"\\providecommand{command}{{\\mathtt{{{name}}}}}\n")
            out.write(f"\\begin{{formula}}{_place(row)}\n{row['latex']}\n\\end{{formula}}\n")
    out.write(END)


@cache
def _settable() -> Settable:
    """One for all documents: to make it takes as long as a thousand formulas."""
    return Settable()


def _place(row: dict[str, Any]) -> str:
    """Page and number as two arguments."""
    page = "" if row["page"] is None else f"p.\\,{row['page']}"
    number = "" if row["number"] is None else f"({tex_text(row['number'])})"
    return f"{{{page}}}{{{number}}}"
