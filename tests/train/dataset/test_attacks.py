r"""What formulas of enemies can do to the machine that sets them: nothing.

Nothing of this reaches TeX by `allowed`; here TeX is given all of it, as if that had a hole.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from i2l_batch.latex import tokenize
from i2l_batch.train.dataset.allowed import objection
from i2l_batch.train.dataset.build import build_dataset
from i2l_batch.train.dataset.normalize import Style
from i2l_batch.train.dataset.raster import Page, count_pages
from i2l_batch.train.dataset.recipe import Lists
from i2l_batch.train.dataset.tex import typeset
from tests.train.dataset.test_build import PLAIN, samples, write
from tests.train.dataset.test_render import DPI, assert_same_picture

pytestmark = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is missing")

SECRET = "XYZZY"

READING = [
    r"\text{\input{SECRET}}",
    r"\text{\input{../secret.tex}}",
    r"\text{\csname input\endcsname{SECRET}}",
    r"\text{\scantokens{\input{SECRET}}}",
    r"\text{\catcode`\@=0 @input{SECRET}}",
    r"\text{\catcode`\^=7 ^^5cinput{SECRET}}",
    r"\text{\openin5=SECRET \read5 to\x \x}",
    r"\text{\openin5=../secret.tex \loop\ifeof5\else\read5 to\x \x\repeat}",
    r"\text{\pdffiledump length 5{SECRET}}",
    r"\text{\pdfmdfivesum file{SECRET}}",
    r"\pdfximage{SECRET.png}\pdfrefximage\pdflastximage",
    r"\immediate\pdfobj stream file {SECRET} x",
    r'\text{\input{|"cat SECRET"}}',
]
r"""Ways to a file outside, whose path without its suffix stands for SECRET."""

WRITING = [
    r"\immediate\write18{touch MADE} x",
    r"\write18{touch MADE} x",
    r"\immediate\openout5=MADE \immediate\write5{x}\immediate\closeout5 x",
    r"\immediate\openout5=../made \immediate\write5{x}\immediate\closeout5 x",
    r"\immediate\openout5=.made \immediate\write5{x}\immediate\closeout5 x",
    r"\openout5=MADE \write5{x} x",
    r"\special{ps: (MADE) (w) file} x",
    r"\special{! touch MADE} x",
    r"\pdfliteral{(MADE) (w) file} x",
    r"\immediate\pdfobj{<</S /Launch /F (MADE)>>} x",
    r"\directlua{os.execute('touch MADE')} x",
    r"\pdfmapfile{=MADE} x",
    r"\pdfinfo{/Title (MADE)} x",
    r"\batchmode\nonstopmode x",
]
"""Ways to make a file outside, whose path stands for MADE."""

ENDLESS = [
    r"\loop\iftrue\repeat",
    r"\def\x{\x\x}\x",
    r"\edef\x{aaaaaaaaaa}\loop\edef\x{\x\x}\iftrue\repeat",
    r"\count1=0 \def\x{\expandafter\let\csname\the\count1\endcsname=x\advance\count1 1 \x}\x",
    r"\def\x{\immediate\pdfobj{\the\count1}\advance\count1 1 \x}\x",
    r"\def\x{\hbox{\x}}\x",
    r"\toks1={xxxx}\loop\toks1=\expandafter{\the\toks1\the\toks1}\iftrue\repeat",
    "{" * 3000 + "x" + "}" * 3000,
    r"\sqrt{" * 2000 + "x" + "}" * 2000,
]
"""Loops and bombs, which end a run by TeX's own limits, or by ours."""


def outside(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a secret, and with a local TeX that would spoil everything."""
    (tmp_path / "secret.tex").write_text(SECRET + "\n")
    (tmp_path / "secret.png").write_bytes(b"no picture")
    local = tmp_path / "texmf" / "tex" / "latex" / "amsmath"
    local.mkdir(parents=True)
    (local / "amsmath.sty").write_text(rf"\errmessage{{{SECRET}}}\csname end\endcsname")
    for name in ("HOME", "TEXMFHOME", "TEXINPUTS"):
        monkeypatch.setenv(
            name, str({"TEXMFHOME": tmp_path / "texmf", "TEXINPUTS": local}.get(name, tmp_path))
        )
    monkeypatch.setenv("shell_escape", "t")
    monkeypatch.setenv("openout_any", "a")
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    return tmp_path


def text_of(pdf: Any, page: int) -> str:
    """What can be read on a page of what `typeset` gives."""
    import pymupdf.mupdf as mupdf

    buffer = mupdf.fz_new_buffer_from_page_number(pdf, page, mupdf.FzStextOptions())
    return mupdf.fz_string_from_buffer(buffer)


def test_nothing_is_read_or_written_outside(place: Path) -> None:
    attacks = [latex.replace("SECRET", str(place / "secret")) for latex in READING]
    attacks += [latex.replace("MADE", str(place / "made")) for latex in WRITING]
    before = outside(place)
    control = typeset([rf"\text{{{SECRET}}}"], "computer-modern")
    assert SECRET in text_of(control.pdf, 0)  # it would be seen
    while attacks:
        formulas = ["x + y", *[one for latex in attacks for one in (latex, "x + y")]]
        sheet = typeset(formulas, "computer-modern")
        if sheet.ended_in is not None:
            assert sheet.ended_in % 2 == 1, "a neighbour is blamed"
            del attacks[sheet.ended_in // 2]
            continue
        assert sheet.formulas == list(range(len(formulas)))
        for page in range(len(formulas)):
            assert SECRET not in text_of(sheet.pdf, page), formulas[page]
        pages = [Page(sheet.pdf, page).grey(DPI) for page in range(0, len(formulas), 2)]
        for page in pages:
            assert_same_picture(page, pages[0])
        break
    assert len(attacks) > len(READING + WRITING) / 2, "most of them only fail"
    assert outside(place) == before


@pytest.mark.parametrize("latex", ENDLESS, ids=lambda latex: latex[:30])
def test_what_never_ends_is_ended_and_known(latex: str, place: Path) -> None:
    began = time.monotonic()
    sheet = typeset(["x", latex, "x"], "computer-modern", time_limit=4.0)
    assert time.monotonic() - began < 60
    if sheet.pdf is None or len(sheet.formulas) < 3:
        assert sheet.ended_in == 1
    else:
        assert count_pages(sheet.pdf) == 3
    assert os.listdir(place / "cwd") == []


@pytest.mark.parametrize("style", ["none", "canonical"])
def test_a_data_set_is_built_around_them(style: Style, place: Path) -> None:
    """As users give them: each attack is rejected or harmless, and its neighbours are drawn."""
    attacks = [latex.replace("SECRET", str(place / "secret")) for latex in READING]
    attacks += [latex.replace("MADE", str(place / "made")) for latex in WRITING]
    attacks += [*ENDLESS, "x" + " ^ { x" * 5000 + " }" * 5000, r"\begin{array}{c}" * 300 + "x"]
    good = [f"{letter} + {number}" for letter in "abcde" for number in range(10)]
    lines = [line for k, latex in enumerate(attacks) for line in (latex, good[k % len(good)])]
    before = outside(place)
    path = write(place / "cwd" / "list.txt", [*lines, *good])
    config = replace(PLAIN, normalization=style, min_tokens=1, max_tokens=100_000)
    report = build_dataset(Lists(formulas=[path]), place / "cwd" / "ds", config, workers=0)
    kept = {row["formula"] for row in samples(place / "cwd" / "ds")}
    assert kept.issuperset(good)
    shutil.rmtree(place / "cwd" / "ds")
    path.unlink()
    assert outside(place) == before
    assert report["counts"]["read"] == len(lines) + len(good)


def test_they_do_not_reach_tex_at_all() -> None:
    for latex in READING + WRITING:
        assert objection(tokenize(latex)), latex
