"""Markdown and LaTeX: each formula once and in order, and no text that ends what it stands in."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from i2l_batch.export.markdown import code, plain
from i2l_batch.export.run import export
from i2l_batch.export.settable import Settable
from i2l_batch.export.tex_text import tex_text
from i2l_batch.grammar import Grammar
from i2l_batch.models.files import SHIPPED
from i2l_batch.models.tokenizer import Tokenizer
from tests.export.results import NASTY, PAPERS, Formula, Papers, stored, write_results
from tests.grammar.test_grammar import walk

needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
TOKENIZER = Tokenizer(json.loads((SHIPPED / "vocab.json").read_text("utf-8")))
GRAMMAR = Grammar(TOKENIZER.vocabulary)
SETTABLE = Settable()
ORDINARY = {
    f"{paper}.pdf": [
        Formula(latex=rf"x _ {{ {paper} {k} }} \\, \{{ y \}}".replace(r"\\,", r"\,"), index=k)
        for k in range(12)
    ]
    for paper in (2, 10, 1)
}


@pytest.mark.parametrize(
    ("to", "pattern"),
    [
        ("markdown", r"^\$\$(.*)\$\$$"),
        ("github", r"^```math\n(.*)\n```$"),
        ("tex", r"^\\begin{formula}.*\n(.*)\n\\end{formula}$"),
    ],
)
def test_each_formula_is_there_once_and_in_order(tmp_path: Path, to: str, pattern: str) -> None:
    folder = write_results(tmp_path / "results", ORDINARY)
    export(folder, tmp_path / "page", to=to)  # pyright: ignore[reportArgumentType]
    text = (tmp_path / "page").read_text("utf-8")
    found = re.findall(pattern, text, re.MULTILINE)
    assert found == [row["latex"] for row in stored(folder)]
    positions = [text.index(source) for source in ("1.pdf", "10.pdf", "2.pdf")]
    assert positions == sorted(positions)


def test_what_cannot_be_shown_stands_as_text(tmp_path: Path) -> None:
    folder = write_results(tmp_path / "results", PAPERS)
    rows = stored(folder)
    for to, shown in (("markdown", r"^\$\$"), ("tex", r"^\\begin{formula}")):
        export(folder, tmp_path / to, to=to)  # pyright: ignore[reportArgumentType]
        text = (tmp_path / to).read_text("utf-8")
        said = len(re.findall(r"^\*\((?:empty|cannot)|^\\unset\{", text, re.MULTILINE))
        assert said + len(re.findall(shown, text, re.MULTILINE)) == len(rows)
    lines = (tmp_path / "markdown").read_text("utf-8").splitlines()
    assert "page 12 · (2.14) · confidence 0.90" in lines
    assert "page 12 · (`*`) · confidence 0.90" in lines
    assert r"*(cannot be shown)* ```` $$ \end{formula}\n\n# no\r\n``` ````" in lines
    assert [line for line in lines if line.startswith("#")] == [
        f"# {source}"
        for source in ("2020/walk.pdf", "crashed.pdf", "evil.pdf", "image.png", "z.pdf")
    ]


@given(st.text(max_size=50))
def test_text_stays_text_in_markdown(text: str) -> None:
    shown = plain(text)
    assert shown.isprintable()
    if shown != text:
        fence = re.match("`+", shown)
        assert fence is not None
        inside = shown[len(fence[0]) : -len(fence[0])]
        assert shown.endswith(fence[0])
        assert fence[0] not in re.findall("`+", inside)
        assert shown == code(text)


@given(st.text(max_size=50))
def test_text_is_harmless_ascii_in_tex(text: str) -> None:
    shown = tex_text(text)
    assert shown.isascii()
    assert shown.isprintable()
    bare = re.sub(r"\\(?:[A-Za-z]+|.)", "", shown)  # without commands and escaped characters
    assert not set(bare) & set("$&#%_^~`\\")
    assert bare.count("{") == bare.count("}")
    assert set(re.findall(r"\\([A-Za-z]{2,})", shown)) <= {
        *("textbackslash", "textasciicircum", "textasciitilde", "textasciigrave", "allowbreak"),
        *("ss", "ae", "AE", "oe"),
    }


@pytest.mark.parametrize(
    ("latex", "can"),
    [
        (r"\frac { a } { b }", True),
        (r"\left( \begin{array} { c c } a & b \\ c & d \end{array} \right.", True),
        (r"x ^ { \prime } \coloneqq \llbracket y \rrbracket", True),
        (r"\mathscr { L } \bm { x } \hspace { 12.5mm }", True),
        (r"{ a \over b } \sqrt { a \over b }", True),
        ("", False),
        ("x }", False),
        ("{ x", False),
        (r"\left( x", False),
        (r"\input { x }", False),
        (r"\end{formula}", False),
        (r"\begin{align} x \end{align}", False),
        ("x % y", False),
        ("$ x", False),
        ("\N{GREEK SMALL LETTER ALPHA}", False),
        (r"x ^ \hat y", False),
        (r"\hat { \widetilde { x } } \bar { \bar \alpha }", True),
        (r"\widehat { \hat y \hat { z } }", True),
        (r"\bar { a \hat { b } }", False),
        (r"\ddot { \widetilde { a \check { x } } }", False),
        (r"\dot { x \xleftarrow [ \check x ] { y } }", False),
        (r"\frac { a } { b \atop c }", False),
        (r"\hspace { 9 9 9 9 9 9 p t }", False),
        (r"\catcode", False),
    ],
)
def test_what_tex_can_set(latex: str, can: bool) -> None:
    assert SETTABLE(latex) == can


def compiled(folder: Path, papers: Papers) -> str:
    """The log of pdflatex over an export, which must have gone well."""
    results = write_results(folder / "results", papers)
    export(results, folder / "all.tex", to="tex")
    run = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-no-shell-escape", "all.tex"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    log = (folder / "all.log").read_text("latin-1")
    assert run.returncode == 0, re.findall(r"^!.*\n.*\n.*", log, re.MULTILINE)
    return log


@needs_tex
def test_any_document_compiles(tmp_path: Path) -> None:
    names = {source: [Formula(number=source)] for source in NASTY}
    log = compiled(tmp_path, {**PAPERS, **names})
    assert "Output written on all.pdf" in log


@needs_tex
@settings(max_examples=3, deadline=None)
@given(st.integers(0, 2**32))
@example(16792519)  # has an accent over a wide one over another
def test_whatever_the_decoder_may_write_compiles(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    formulas = []
    for index in range(100):
        tokens, state = walk(GRAMMAR, seed + index, index % 12)
        latex = TOKENIZER.decode([*tokens, *GRAMMAR.ending(state)])
        formulas.append(Formula(latex=latex, index=index))
    compiled(tmp_path_factory.mktemp("tex"), {"a.pdf": formulas})
