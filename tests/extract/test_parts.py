"""The small decisions: fonts, words, page selections, equation numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from i2l_batch.errors import UsageError
from i2l_batch.extract.fonts import count_word_letters, is_math_font, is_nameless_font
from i2l_batch.extract.glyphs import Piece
from i2l_batch.extract.numbers import take_number
from i2l_batch.extract.pages import select_pages
from i2l_batch.extract.rows import Column, Row

MATH = """CMMI10 CMSY7 CMEX10 CMMIB8 MSBM10 EUFM7 ABCDEF+CMMI12 LMMathItalic10-Regular txsys rtxmi
NewTXMI pxsys STIXTwoMath-Regular XITSMath CambriaMath Cambria-Math SymbolMT MT-Extra MTMI MTSYN
AsanaMath LibertinusMath-Regular latinmodern-math Fourier-Math-Letters-Italic TeXGyreTermesMath"""
TEXT = """CMR10 CMBX12 CMTI10 LMRoman10-Regular LMSans10-Bold Times-Roman TimesNewRomanPSMT Calibri
NimbusRomNo9L-Regu Helvetica DejaVuSans CMTT10 Georgia MinionPro-Regular Futura"""


def test_fonts_are_known_by_name() -> None:
    assert [name for name in MATH.split() if not is_math_font(name)] == []
    assert [name for name in TEXT.split() if is_math_font(name)] == []
    assert is_nameless_font("F33")
    assert not is_nameless_font("Times-Roman")


@pytest.mark.parametrize("text", ["sin", "max", "Var(", "argmin", "yy", "AB", "x", "RU", "12"])
def test_what_stands_in_formulas_is_no_word(text: str) -> None:
    assert count_word_letters(text) == 0


@pytest.mark.parametrize("text", ["where", "of", "We", "i.e.", "naïve", "theorem,"])
def test_words_are_words(text: str) -> None:
    assert count_word_letters(text) > 0


def test_page_selections() -> None:
    assert select_pages(None, 3) == [1, 2, 3]
    assert select_pages("1-4,7,12-", 14) == [1, 2, 3, 4, 7, 12, 13, 14]
    assert select_pages("-2, 2", 9) == [1, 2]
    assert select_pages("5-9", 3) == []


@pytest.mark.parametrize("selection", ["", "a", "4-2", "0", "1,,2", "-"])
def test_selections_that_make_no_sense(selection: str) -> None:
    with pytest.raises(UsageError, match="--pages"):
        select_pages(selection, 9)


@given(st.sets(st.integers(1, 60), min_size=1), st.integers(1, 60))
def test_a_written_out_selection_is_itself(pages: set[int], count: int) -> None:
    chosen = select_pages(",".join(map(str, pages)), count)
    assert chosen == sorted(page for page in pages if page <= count)


def row(*places: tuple[str, float, float]) -> Row:
    return Row([Piece(t, "CMR10", 10, a, 90, b, 100, 98, 0, False) for t, a, b in places])


@pytest.mark.parametrize(
    "text", ["1", "12", "1204", "2.3a", "A.1", "A1", "12'", "S3", "3.2.1", "*", "iv"]
)
def test_numbers_at_the_right_edge_are_taken_off(text: str) -> None:
    formula = row(("x=y", 200, 240), (f"({text})", 480, 500))
    number = take_number(formula, Column(100, 500), [])
    assert number
    assert number.text == text
    assert [piece.text for piece in formula.pieces] == ["x=y"]


def test_numbers_on_the_left_and_in_pieces_are_taken_off() -> None:
    left = row(("(", 100, 103), ("7", 103, 108), (")", 108, 111), ("x=y", 200, 240))
    number = take_number(left, Column(100, 500), [])
    assert number
    assert number.text == "7"


@pytest.mark.parametrize(
    "places", [[("f", 200, 206), ("(1)", 206, 220)], [("(1)", 300, 315)], [("x=y", 480, 500)]]
)
def test_arguments_and_lone_brackets_are_no_numbers(places: list[tuple[str, float, float]]) -> None:
    assert take_number(row(*places), Column(100, 500), []) is None
