"""Rendering with TeX: pictures, places of tokens, and what hostile formulas can do (nothing)."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from i2l_batch.canonical import brace_arguments, canonicalize
from i2l_batch.errors import RenderError
from i2l_batch.latex import tokenize
from i2l_batch.train.dataset.allowed import objection
from i2l_batch.train.dataset.fonts import EXTRA, EXTRA_PACKAGE, FONTS, NOT_SHOWN, RECOMMENDED
from i2l_batch.train.dataset.raster import Page, PageError, count_pages, open_pdf
from i2l_batch.train.dataset.render import MAX_PIXELS, MAX_RUN, Rendering, render
from i2l_batch.train.dataset.tex import read_log, typeset
from tests.train.dataset.formula_kinds import KINDS

needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is missing")

DPI = 200.0

NEIGHBOURS = [
    tokenize(latex) for latex in (r"a + b", r"\frac { x } { y }", r"\alpha + \sum _ { i } c")
]

# Pairs of letters, or a letter and a comma, are kerned; a switch between them hides that from TeX.
KERNED = (
    r"\operatorname { T r } ( A B )",
    r"{ \rm T r } M",
    r"\left. \frac { d f } { d x } \right| _ { 0 }",
)


def draw(formulas: list[list[str]], *, marked: bool = True) -> list[Rendering]:
    results = render(formulas, [DPI] * len(formulas), marked=marked)
    rejected = [r for r in results if isinstance(r, str)]
    assert not rejected
    return [r for r in results if not isinstance(r, str)]


def assert_same_picture(a: np.ndarray, b: np.ndarray, tolerance: int = 0) -> None:
    assert a.shape == b.shape
    assert abs(a.astype(int) - b.astype(int)).max() <= tolerance


def places(latex: str) -> dict[str, list[tuple[int, int, int, int]]]:
    """Token to the boxes x0 y0 x1 y1 of its occurrences."""
    tokens = canonicalize(tokenize(latex))
    (result,) = draw([tokens])
    boxes: dict[str, list[tuple[int, int, int, int]]] = {}
    for token, (x0, y0, x1, y1) in zip(tokens, result.boxes.tolist(), strict=True):
        if x1:
            boxes.setdefault(token, []).append((x0, y0, x1, y1))
    return boxes


@needs_tex
def test_canonical_form_leaves_every_pixel() -> None:
    """The law behind `canonicalize`: what it takes away could not be seen."""
    before = draw([brace_arguments(latex.split()) for latex in KINDS], marked=False)
    after = draw([canonicalize(latex.split()) for latex in KINDS], marked=False)
    for latex, a, b in zip(KINDS, before, after, strict=True):
        assert a.pixels.shape == b.pixels.shape, latex
        assert np.array_equal(a.pixels, b.pixels), latex


@needs_tex
def test_marks_leave_the_picture_as_it_is() -> None:
    """Up to the colours' own 7 levels of grey, and to kerns of words: there by 2 % of the width."""
    tokens = [canonicalize(latex.split()) for latex in KINDS]
    plain, marked = draw(tokens, marked=False), draw(tokens)
    for latex, a, b in zip(KINDS, plain, marked, strict=True):
        assert not len(a.boxes)
        if latex in KERNED:
            assert len(b.pixels.T) == pytest.approx(len(a.pixels.T), rel=0.02, abs=2)
        else:
            assert a.pixels.shape == b.pixels.shape, latex
            assert abs(a.pixels.astype(int) - b.pixels).max() <= 8, latex


@needs_tex
def test_what_draws_has_a_place_and_all_ink_belongs_to_someone() -> None:
    tokens = [canonicalize(latex.split()) for latex in KINDS]
    for latex, result in zip(KINDS, draw(tokens), strict=True):
        if r"\choose" in latex:
            continue  # draws its parentheses before TeX has read anything of it
        height, width = result.pixels.shape
        covered = np.zeros((height, width), bool)
        for x0, y0, x1, y1 in result.boxes.tolist():
            assert 0 <= x0 <= x1 <= width
            assert 0 <= y0 <= y1 <= height
            covered[max(y0 - 1, 0) : y1 + 1, max(x0 - 1, 0) : x1 + 1] |= x1 > 0
        assert not (result.pixels[~covered] < 128).any(), latex


@needs_tex
def test_pictures_are_cut_to_the_ink() -> None:
    for result in draw(NEIGHBOURS):
        ink = result.pixels < 240
        assert ink[0].any()
        assert ink[-1].any()
        assert ink[:, 0].any()
        assert ink[:, -1].any()


@needs_tex
def test_symbols_in_a_row_stand_left_to_right_and_apart() -> None:
    boxes = places("a + b = c")
    row = [boxes[token][0] for token in "a+b=c"]
    assert all(left[2] <= right[0] for left, right in itertools.pairwise(row))


@needs_tex
def test_a_fraction_has_its_bar_in_the_middle() -> None:
    boxes = places(r"\frac { a } { b }")
    (bar,), (above,), (below,) = boxes[r"\frac"], boxes["a"], boxes["b"]
    assert above[3] <= bar[1] < bar[3] <= below[1]
    assert bar[0] <= min(above[0], below[0])
    assert bar[2] >= max(above[2], below[2])


@needs_tex
@pytest.mark.parametrize("operator", [r"\sum", r"\prod", r"\bigcup"])
def test_limits_stand_above_and_below(operator: str) -> None:
    boxes = places(operator + r" _ { i } ^ { n } a")
    (sign,), (lower,), (upper,) = boxes[operator], boxes["i"], boxes["n"]
    assert upper[3] <= sign[1]
    assert lower[1] >= sign[3]
    assert sign[2] <= boxes["a"][0][0]


@needs_tex
def test_scripts_stand_above_and_below_the_line() -> None:
    boxes = places(r"x _ { i } ^ { n }")
    (base,), (lower,), (upper,) = boxes["x"], boxes["i"], boxes["n"]
    assert upper[0] >= base[2] - 3
    assert upper[3] < lower[3]
    assert lower[3] > base[3]


@needs_tex
def test_a_root_holds_what_is_under_it() -> None:
    boxes = places(r"\sqrt { a + b }")
    (root,) = boxes[r"\sqrt"]
    for token in "a+b":
        (inner,) = boxes[token]
        assert root[0] < inner[0]
        assert root[1] < inner[1]
        assert root[2] >= inner[2] - 1


@needs_tex
@pytest.mark.parametrize(
    ("latex", "left", "right"),
    [
        (
            r"\left( \begin{array} { c c } a & b \\ c & d \end{array} \right)",
            r"\left(",
            r"\right)",
        ),
        (
            r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}",
            r"\begin{pmatrix}",
            r"\end{pmatrix}",
        ),
    ],
)
def test_entries_of_a_matrix_keep_their_order(latex: str, left: str, right: str) -> None:
    boxes = places(latex)
    a, b, c, d = (boxes[token][0] for token in "abcd")
    assert a[2] < b[0]
    assert c[2] < d[0]
    assert a[3] < c[1]
    assert b[3] < d[1]
    assert boxes[left][0][2] < a[0]
    assert boxes[right][0][0] > b[2]


@needs_tex
def test_size_goes_with_the_resolution() -> None:
    once, twice = (r for r in render([NEIGHBOURS[1]] * 2, [200, 400]) if isinstance(r, Rendering))
    ratio = np.array(twice.pixels.shape) / once.pixels.shape
    assert ratio == pytest.approx([2, 2], rel=0.05)
    assert twice.boxes == pytest.approx(2 * once.boxes.astype(int), abs=3)


@needs_tex
@pytest.mark.parametrize("font", sorted(FONTS))
def test_all_fonts_draw(font: str) -> None:
    if font in EXTRA and typeset(["x"], font).pdf is None:
        pytest.skip(f"{EXTRA_PACKAGE} is missing")
    for result in render(NEIGHBOURS, [100] * 3, font=font):
        assert isinstance(result, Rendering), result


@needs_tex
def test_many_formulas_are_drawn_in_their_order() -> None:
    """More than one run of TeX takes."""
    numbers = [[*str(k)] for k in range(MAX_RUN + 40)]
    results = draw(numbers, marked=False)
    again = draw([numbers[3], numbers[MAX_RUN + 7]], marked=False)
    for k, one in zip((3, MAX_RUN + 7), again, strict=True):
        assert np.array_equal(results[k].pixels, one.pixels)


WRONG = {
    r"\nosuchcommand x": "Undefined control sequence",
    r"x ^ { 2 } ^ { 3 }": "Double superscript",
    r"\left( x": "Missing",
    r"a & b": "Misplaced alignment tab",
    r"a # b": "macro parameter character",
    r"\frac { a }": "",
    r"x _": "",
    r"\begin{array} { c } a & b \end{array}": "Extra alignment tab",
    r"\text { é Ѯ }": "",
    r"\hspace { 1 c m }": "Illegal unit",
    r"\mathbb { x } \char 3 0 0": "",
    r"\hskip 9 9 9 9 9 p t": "",
    r"x \hspace { 9999pt } y": "larger than 4000 pixels",
    r"\rule { 9999pt } { 9999pt }": "",
    r"\hbox to 9999pt { } x": "",
    r"\kern 3pt": "draws nothing",
    r"{ }": "draws nothing",
    r"\kern-90pt x": "draws nothing",
    r"\kern-9pt x y z": "outside of its box",
    r"\rlap { a b c d e f g h }": "outside of its box",
    r"\raise 99pt \hbox { x } \kern -99pt": "",
    r"\smash { \frac { \frac { a } { b } } { \frac { c } { d } } }": "outside of its box",
    r"\input{f}": "may not use",
    r"\end{document}": "may not use",
    r"{ a": "leaves a group open",
    r"a }": "closes a group",
    r"$ x": "",
    r"\par": "may not use",
}


@needs_tex
def test_a_wrong_formula_is_rejected_with_a_reason_and_harms_no_neighbour() -> None:
    wrong = list(WRONG)
    formulas = []
    for latex in wrong:
        formulas += [latex.split(" "), *NEIGHBOURS]
    results = render(formulas, [DPI] * len(formulas))
    clean = draw(NEIGHBOURS)
    for i, latex in enumerate(wrong):
        reason, *others = results[4 * i : 4 * i + 4]
        assert isinstance(reason, str), latex
        assert WRONG[latex] in reason, latex
        for other, expected in zip(others, clean, strict=True):
            assert isinstance(other, Rendering), (latex, other)
            assert_same_picture(other.pixels, expected.pixels)
            assert np.array_equal(other.boxes, expected.boxes)


def assert_harmless(hostile: list[list[str]], *, marked: bool) -> list[Rendering | str]:
    """Formulas after each of the hostile ones, which comes twice, look as they do without them."""
    formulas = [f for latex in hostile for f in (latex, *NEIGHBOURS, latex, *NEIGHBOURS)]
    results = render(formulas, [DPI] * len(formulas), marked=marked)
    expected = draw(NEIGHBOURS, marked=marked) * (2 * len(hostile))
    others = [result for i, result in enumerate(results) if i % 4]
    for i, (other, one) in enumerate(zip(others, expected, strict=True)):
        assert isinstance(other, Rendering), (hostile[i // 6], other)
        assert_same_picture(other.pixels, one.pixels)
        assert np.array_equal(other.boxes, one.boxes)
    return results[::4]


PAGE_BREAKS = [
    r"x \hrule \penalty -10000 y",
    r"x \par \penalty -10000 y",
    r"x \newpage y",
    r"\newpage",
    r"x \clearpage y",
    r"x \cleardoublepage y",
    r"x \pagebreak y",
    r"x \eject y",
    r"\text { x \newpage y }",
    r"\vbox { x } \hrule \filbreak y",
]


@needs_tex
@pytest.mark.parametrize("marked", [True, False])
def test_page_breaks_shift_no_picture(marked: bool) -> None:
    for reason in assert_harmless([latex.split() for latex in PAGE_BREAKS], marked=marked):
        assert isinstance(reason, str)


@needs_tex
def test_what_escapes_from_its_box_is_no_page() -> None:
    """Also where nothing was refused before TeX."""
    formulas = [latex for page_break in PAGE_BREAKS for latex in (page_break, page_break, "x")]
    sheet = typeset(formulas, "computer-modern")
    assert sheet.formulas == list(range(len(formulas)))
    assert count_pages(sheet.pdf) == len(formulas)
    good = [Page(sheet.pdf, k).grey(DPI) for k in range(2, len(formulas), 3)]
    for pixels in good:
        assert_same_picture(pixels, good[0])


@needs_tex
@pytest.mark.parametrize(
    "latex",
    [
        r"x\hspace{9999pt}\hspace{9999pt}y",
        r"\frac{\rule{1pt}{16383pt}}{\rule{1pt}{16383pt}}",
        r"\raisebox{16000pt}{\raisebox{16000pt}{x}}",
        r"\raisebox{-9000pt}{x} \rule{1pt}{9000pt}",
    ],
)
def test_what_is_larger_than_a_page_can_be_has_an_empty_one(latex: str) -> None:
    sheet = typeset(["x", latex, "x"], "computer-modern")
    assert (sheet.formulas, count_pages(sheet.pdf)) == ([0, 1, 2], 3)
    assert sheet.errors in ({1: "Is larger than a page of TeX."}, {1: "Dimension too large."})


@needs_tex
def test_a_document_with_other_pages_than_formulas_is_not_used() -> None:
    sheet = typeset(["x", r"\shipout\hbox{y} x", "x"], "computer-modern")
    assert (sheet.pdf, sheet.formulas) == (None, [])


REDEFINITIONS = [
    r"x\text{^^5cgdef^^5calpha{Q}}",
    r"x\textmd{\UseName{gdef}\alpha{Q}}",
    r"x\text{^^5cgdef^^5cfrac{Q}}",
    r"x\textmd{\UseName{gdef}\sum{Q}}",
    r"\text{^^5cinput{/etc/hostname}}",
    r"\left\input{/etc/hostname}",
    r"\left% x",
    r"\globaldefs=1 \bf x",
]


@needs_tex
@pytest.mark.parametrize("marked", [True, False])
def test_no_formula_changes_what_others_mean(marked: bool) -> None:
    hostile = [tokenize(latex) for latex in REDEFINITIONS]
    for reason in assert_harmless(hostile, marked=marked):
        assert isinstance(reason, str)


@needs_tex
def test_characters_cannot_be_written_by_their_code() -> None:
    """Also where nothing was refused before TeX."""
    hostile = [latex for latex in REDEFINITIONS if "^^" in latex]
    sheet = typeset([*hostile, r"\alpha \frac{x}{y}"], "computer-modern")
    clean = typeset([r"\alpha \frac{x}{y}"], "computer-modern")
    assert sheet.formulas == list(range(len(hostile) + 1))
    assert set(sheet.errors) == set(range(len(hostile)))
    assert_same_picture(Page(sheet.pdf, len(hostile)).grey(DPI), Page(clean.pdf, 0).grey(DPI))


@needs_tex
def test_a_formula_cannot_pretend_to_be_another() -> None:
    forged = "".join(rf"\typeout{{{at}{k} done}}" for at in ("@@", "@@:", ":") for k in (0, 2, 9))
    for formula in (forged, rf"x \textmd{{\UseName{{typeout}}{{@@2\space done}}}} {forged}"):
        sheet = typeset(["x", formula, "x"], "computer-modern")
        assert (sheet.formulas, count_pages(sheet.pdf)) == ([0, 1, 2], 3)


def test_what_mupdf_cannot_read_is_one_kind_of_error(tmp_path: Path) -> None:
    (tmp_path / "f.pdf").write_bytes(b"%PDF-1.5 and no more")
    with pytest.raises(PageError):
        count_pages(open_pdf(tmp_path / "f.pdf"))
    with pytest.raises(PageError):
        open_pdf(tmp_path / "none.pdf")


@needs_tex
def test_a_page_that_is_not_there_is_an_error() -> None:
    with pytest.raises(PageError):
        Page(typeset(["x"], "computer-modern").pdf, 1)


@needs_tex
def test_a_formula_that_ends_the_run_is_found() -> None:
    """TeX runs out of memory, which is the end of it."""
    hostile = r"\begin{array} { c } \multicolumn { 999999999 } { c } { x } \end{array}".split()
    assert objection(hostile) is None
    formulas = [*NEIGHBOURS, hostile]
    *others, reason = render(formulas, [DPI] * len(formulas), time_limit=2.0)
    assert isinstance(reason, str)
    for other, expected in zip(others, draw(NEIGHBOURS), strict=True):
        assert isinstance(other, Rendering)
        assert_same_picture(other.pixels, expected.pixels)


@needs_tex
def test_hundreds_of_errors_do_not_end_a_run() -> None:
    """TeX gives up after a hundred errors within what it takes for one paragraph."""
    wrong = tokenize(r"\nosuch \nosuch \nosuch")
    sheet = typeset([r"\nosuch \nosuch"] * 120 + ["x"], "computer-modern")
    assert len(sheet.formulas) == 121
    assert set(sheet.errors) == set(range(120))
    *others, last = render([wrong] * 120 + [["x"]], [DPI] * 121)
    assert set(others) == {"Undefined control sequence."}
    assert isinstance(last, Rendering)


@needs_tex
@pytest.mark.parametrize("at", [0, 1, 2, 150])
def test_a_run_that_hangs_is_ended_and_the_formula_known(at: int) -> None:
    formulas = [*["x"] * at, r"\def\forever{\forever}\forever", "x"]
    sheet = typeset(formulas, "computer-modern", time_limit=1.0)
    assert (sheet.pdf, sheet.formulas, sheet.ended_in) == (None, [], at)


@needs_tex
def test_a_formula_that_hangs_the_run_harms_no_neighbour() -> None:
    """amsmath's own macro calls itself for ever."""
    hostile = r"\boldsymbol { \boldsymbol { \sigma } }".split()
    assert objection(hostile) is None
    formulas = [*NEIGHBOURS, [r"\nosuch"], hostile, *NEIGHBOURS, hostile]
    results = render(formulas, [DPI] * len(formulas), time_limit=1.5)
    assert results[3] == "Undefined control sequence."
    for reason in (results[4], results[8]):
        assert reason == "the TeX run ended early or took too long"
    for other, expected in zip(results[:3] + results[5:8], draw(NEIGHBOURS) * 2, strict=True):
        assert isinstance(other, Rendering)
        assert_same_picture(other.pixels, expected.pixels)


@needs_tex
@pytest.mark.parametrize("at", [0, 2])
def test_a_formula_that_floods_the_disk_is_ended_and_known(at: int) -> None:
    words = "many words " * 50
    flood = rf"\def\flood{{\typeout{{{words}}}\flood}}\flood"
    sheet = typeset([*["x"] * at, flood, "x"], "computer-modern", time_limit=600)
    assert (sheet.pdf, sheet.formulas, sheet.ended_in) == (None, [], at)


@needs_tex
def test_a_picture_too_large_for_the_resolution_alone_is_rejected() -> None:
    result, fine = render([["x"], ["x"]], [40_000.0, 100.0])
    assert isinstance(result, str)
    assert str(MAX_PIXELS) in result
    assert isinstance(fine, Rendering)


def test_no_formulas_give_no_results() -> None:
    assert render([], []) == []


def test_refused_formulas_do_not_need_tex() -> None:
    (reason,) = render([[r"\input", "{", "x", "}"]], [100])
    assert isinstance(reason, str)
    assert re.search(r"\\input", reason)


def test_missing_tex_is_one_clear_error() -> None:
    code = "from i2l_batch.train.dataset.render import render; render([['x']], [100])"
    child = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PATH": ""},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    *_, last = child.stderr.splitlines()
    assert re.search(rf"{RenderError.__name__}: pdflatex is not installed.*apt-get install", last)


def test_the_log_is_read_formula_by_formula() -> None:
    log = "\n".join(
        [
            "./f.tex:3: before the first formula",
            "@@n:0",
            "@@n:0 done",
            "@@n:1",
            "./f.tex:9: Undefined control sequence.",
            "./f.tex:9: Missing } inserted.",
            "@@n:1 done",
            "@@n:2",
            "Missing character: There is no x in font nullfont!",
            "@@n:2 done",
            "@@n:3",
            "@@3 done",
        ]
    )
    shipped, errors, ended_in = read_log(log.splitlines(), "@@n")
    assert shipped == [0, 1, 2]
    assert ended_in == 3
    assert errors == {1: "Undefined control sequence.", 2: "The font lacks a character"}


ALIKE = (
    (r"\boldsymbol { x }", "x", [r"\boldsymbol"]),
    (r"\epsilon", r"\varepsilon", [r"\epsilon", r"\varepsilon"]),
    (r"\rho", r"\varrho", [r"\varrho"]),
    (r"\mathcal { L }", r"\mathscr { L }", [r"\mathcal", r"\mathscr"]),
    (r"\big (", r"\Big (", [r"\Big"]),
)
"""Pairs that some font draws alike, and the tokens that then are not shown."""


@needs_tex
@pytest.mark.parametrize("font", RECOMMENDED)
def test_what_a_font_does_not_show_is_what_it_draws_as_another(font: str) -> None:
    formulas = [tokenize(latex) for pair in ALIKE for latex in pair[:2]]
    pictures = render(formulas, [600.0] * len(formulas), font=font, marked=False)
    hidden: set[str] = set()
    for (*_, tokens), one, other in zip(ALIKE, pictures[::2], pictures[1::2], strict=True):
        assert isinstance(one, Rendering)
        assert isinstance(other, Rendering)
        if np.array_equal(one.pixels, other.pixels):
            hidden.update(tokens)
    assert hidden == NOT_SHOWN.get(font, frozenset())
