"""The pictures show a frame around what was found, page by page."""

from pathlib import Path

import numpy as np
from PIL import Image

from i2l_batch.config import ExtractConfig
from i2l_batch.inspect import draw_boxes
from tests.extract import pdfs


def colours(path: Path) -> set[tuple[int, ...]]:
    pixels = np.asarray(Image.open(path)).reshape(-1, 3)
    return {tuple(int(v) for v in colour) for colour in np.unique(pixels, axis=0)}


def test_each_selected_page_has_a_picture_with_formula_and_number(tmp_path: Path) -> None:
    paper = pdfs.paper(tmp_path / "paper.pdf", pages=3)
    written = draw_boxes(str(paper), ExtractConfig(pages="1,3"), tmp_path / "out")
    assert [path.name for path in written] == ["paper-0001.png", "paper-0003.png"]
    for path in written:
        assert {(255, 0, 0), (0, 0, 255)} <= colours(path)


def test_image_files_are_framed_whole(tmp_path: Path) -> None:
    Image.new("L", (90, 40), 255).save(tmp_path / "formula.png")
    (path,) = draw_boxes(str(tmp_path / "formula.png"), ExtractConfig(), tmp_path / "out")
    corner = np.asarray(Image.open(path))[0, 0]
    assert corner.tolist() == [255, 0, 0]
