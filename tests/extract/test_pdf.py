"""Display formulas of PDFs whose content is known by construction."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest
from PIL import Image

from i2l_batch.config import ExtractConfig
from i2l_batch.errors import SourceError
from i2l_batch.extract import extract_chunk
from i2l_batch.extract.crops import MARGIN
from i2l_batch.records import Crop
from tests.extract import pdfs

DATA = Path(__file__).parent.parent / "data"
CONFIG = ExtractConfig()


def crops_of(path: Path, config: ExtractConfig = CONFIG) -> list[Crop]:
    return extract_chunk(str(path), "pdf", config).crops


def pixels(crop: Crop) -> np.ndarray:
    with Image.open(io.BytesIO(crop.png)) as image:
        assert image.mode == "L"
        return np.asarray(image)


def test_displays_and_their_numbers_in_two_columns() -> None:
    crops = crops_of(DATA / "two_columns.pdf")
    assert [crop.number for crop in crops] == ["1", "2,3", None, "A.1", "4"]
    assert [crop.index for crop in crops] == [0, 1, 2, 3, 4]
    assert {crop.kind for crop in crops} == {"display"}
    middle = crops[0].page_width / 2
    assert [crop.box.x0 > middle for crop in crops] == [False] * 4 + [True]


def test_numbers_on_the_left_and_with_primes() -> None:
    assert [crop.number for crop in crops_of(DATA / "left_numbers.pdf")] == ["2.3a", "12'"]


@pytest.mark.parametrize("name", ["two_columns", "left_numbers"])
def test_boxes_hold_no_number_and_no_prose_outside_of_formulas(name: str) -> None:
    path = DATA / f"{name}.pdf"
    crops = crops_of(path)
    with pymupdf.open(path) as document:
        words: list[Any] = document[0].get_text("words")  # pyright: ignore
    for x0, y0, x1, y1, text, *_ in words:
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        inside = any(c.box.x0 < x < c.box.x1 and c.box.y0 < y < c.box.y1 for c in crops)
        if text in {"Prose", "display", "becomes.", "stands", "value", "(1)", "(A.1)", "(2.3a)"}:
            assert not inside, text


def test_the_box_is_the_ink_and_the_crop_has_a_margin(tmp_path: Path) -> None:
    (crop,) = crops_of(pdfs.paper(tmp_path / "a.pdf"))
    assert crop.number == "1"
    grey = pixels(crop)
    ink = grey < 200
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    margin = MARGIN * CONFIG.dpi / 72
    edges = [rows[0], columns[0], grey.shape[0] - 1 - rows[-1], grey.shape[1] - 1 - columns[-1]]
    assert all(abs(edge - margin) <= 2 for edge in edges)
    assert grey.shape[0] == pytest.approx((crop.box.height + 2 * MARGIN) * CONFIG.dpi / 72, abs=2)
    assert crop.box.x0 == pytest.approx(200, abs=3)
    assert crop.box.x1 == pytest.approx(254, abs=3)
    assert crop.em == pytest.approx(11 * CONFIG.dpi / 72, rel=0.05)


@pytest.mark.parametrize("dpi", [72, 100, 300])
def test_boxes_do_not_depend_on_the_resolution(dpi: int, tmp_path: Path) -> None:
    path = pdfs.paper(tmp_path / "a.pdf")
    (fine,), (other,) = crops_of(path), crops_of(path, ExtractConfig(dpi=dpi))
    assert other.box.x0 == pytest.approx(fine.box.x0, abs=1.5)
    assert other.box.y1 == pytest.approx(fine.box.y1, abs=1.5)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_rotated_pages_are_read_as_they_are_shown(rotation: int, tmp_path: Path) -> None:
    upright = crops_of(DATA / "two_columns.pdf")
    with pymupdf.open(DATA / "two_columns.pdf") as source:
        turned = pymupdf.open()
        width, height = source[0].rect.width, source[0].rect.height
        size = (width, height) if rotation % 180 == 0 else (height, width)
        page = turned.new_page(width=size[0], height=size[1])
        page.show_pdf_page(page.rect, source, 0, rotate=rotation)
        page.set_rotation(rotation)
        turned.save(tmp_path / "turned.pdf")
    found = crops_of(tmp_path / "turned.pdf")
    assert [crop.number for crop in found] == [crop.number for crop in upright]


def test_chunks_add_up_to_the_whole(tmp_path: Path) -> None:
    path = str(pdfs.paper(tmp_path / "a.pdf", pages=7))
    whole = extract_chunk(path, "pdf", CONFIG)
    config = ExtractConfig(chunk_pages=3)
    crops: list[Crop] = []
    first: int | None = 1
    while first is not None:
        chunk = extract_chunk(path, "pdf", config, first)
        crops += chunk.crops
        first = chunk.next_page
        assert (chunk.num_pages, chunk.source_sha256) == (7, whole.source_sha256)
    assert crops == whole.crops
    assert [crop.number for crop in crops] == [str(page) for page in range(1, 8)]


def test_only_the_selected_pages_are_read(tmp_path: Path) -> None:
    path = pdfs.paper(tmp_path / "a.pdf", pages=5)
    assert [c.page for c in crops_of(path, ExtractConfig(pages="2,4-"))] == [2, 4, 5]
    none = extract_chunk(str(path), "pdf", ExtractConfig(pages="9"))
    assert (none.crops, none.next_page) == ([], None)
    assert "selects none of the 5 pages" in none.notes[0]


def test_inline_formulas_come_only_when_asked_for() -> None:
    displays = crops_of(DATA / "two_columns.pdf")
    crops = crops_of(DATA / "two_columns.pdf", ExtractConfig(inline=True))
    assert [c.box for c in crops if c.kind == "display"] == [c.box for c in displays]
    # Three in each of the 17 sentences, one in the heading, one in the list.
    inline = [c for c in crops if c.kind == "inline"]
    assert len(inline) == 17 * 3 + 2
    assert all(c.box.height < 20 and c.number is None for c in inline)
    assert len({(c.box.x0, c.box.y0) for c in crops}) == len(crops)


def test_a_scan_gives_nothing_but_a_note_unless_pages_are_asked_for(tmp_path: Path) -> None:
    document = pymupdf.open()
    picture = pymupdf.Pixmap(pymupdf.csGRAY, pymupdf.IRect(0, 0, 60, 80), False)
    picture.clear_with(200)
    for _ in range(2):
        page = document.new_page()
        page.insert_image(page.rect, pixmap=picture)
    document.save(tmp_path / "scan.pdf")
    found = extract_chunk(str(tmp_path / "scan.pdf"), "pdf", CONFIG)
    assert (found.crops, found.page_errors) == ([], [])
    assert "--images page" in found.notes[0]
    whole = crops_of(tmp_path / "scan.pdf", ExtractConfig(images="page", dpi=72))
    assert [(c.kind, c.page, c.box.width) for c in whole] == [("page", 1, 595), ("page", 2, 595)]
    assert abs(int(np.median(pixels(whole[0]))) - 200) <= 2


def test_a_broken_page_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    path = pdfs.paper(tmp_path / "a.pdf", pages=3)
    with pymupdf.open(path) as document:
        document.xref_set_key(document.page_xref(1), "MediaBox", "[0 0 0 0]")
        document.xref_set_key(document.page_xref(1), "Contents", "99999 0 R")
        document.save(tmp_path / "broken.pdf")
    found = extract_chunk(str(tmp_path / "broken.pdf"), "pdf", CONFIG)
    assert [crop.page for crop in found.crops] == [1, 3]
    assert found.num_pages == 3


def test_prices_and_prose_are_no_formulas(tmp_path: Path) -> None:
    document = pymupdf.open()
    page = document.new_page()
    y = pdfs.prose(page, 100)
    page.insert_text((260, y + 20), "$973.75 = 3 x $324.58", fontname="tiro", fontsize=11)
    page.insert_text((250, y + 60), "A title in the middle", fontname="tibo", fontsize=14)
    pdfs.prose(page, y + 90)
    document.save(tmp_path / "a.pdf")
    assert [c for c in crops_of(tmp_path / "a.pdf") if c.box.height > 12] == []


def test_errors_carry_their_type(tmp_path: Path) -> None:
    (tmp_path / "empty.pdf").touch()
    with pytest.raises(SourceError, match="0 bytes") as caught:
        crops_of(tmp_path / "empty.pdf")
    assert caught.value.error_type == "corrupt"
    pdfs.paper(tmp_path / "locked.pdf", password="secret")
    with pytest.raises(SourceError, match="--pdf-password") as caught:
        crops_of(tmp_path / "locked.pdf", ExtractConfig(pdf_password="wrong"))
    assert caught.value.error_type == "encrypted"
