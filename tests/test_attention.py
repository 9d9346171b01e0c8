"""Known attention over known ink gives known boxes, wherever the picture came from."""

from __future__ import annotations

from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from i2l_batch.attention import Attention, locate
from i2l_batch.config import ExtractConfig
from i2l_batch.extract import extract_chunk
from i2l_batch.images import EM_PIXELS, decode_png, prepare
from i2l_batch.models.checkpoint import save_checkpoint
from i2l_batch.models.tokenizer import SPECIALS, Tokenizer
from i2l_batch.records import Box, Symbol
from i2l_batch.symbols import find_symbols, symbols_on_page
from i2l_batch.transcriber import Transcriber
from tests.conftest import EXAMPLES
from tests.models.tiny_model import ARCHITECTURES, VOCABULARY, tiny

CELL = 8


def places(height: int, width: int, cell: tuple[int, int] = (CELL, CELL)) -> np.ndarray:
    """(L, 4): a grid of cells (height, width) over a picture, row by row."""
    y, x = np.meshgrid(np.arange(0, height, cell[0]), np.arange(0, width, cell[1]), indexing="ij")
    corner = np.stack([x, y], -1).reshape(-1, 2)
    return np.concatenate([corner, corner + cell[::-1]], 1).astype(float)


def look_at(boxes: list[tuple[int, int, int, int]], where: np.ndarray) -> np.ndarray:
    """(T, L): attention that is spread over the places under each box, as the box lies on them."""
    targets = np.array(boxes)[:, None]
    low = np.maximum(targets[..., :2], where[:, :2])
    high = np.minimum(targets[..., 2:], where[:, 2:])
    shared = np.clip(high - low, 0, None).prod(-1)
    return shared / shared.sum(1, keepdims=True)


def painted(shape: tuple[int, int], boxes: list[tuple[int, int, int, int]]) -> np.ndarray:
    """Ink (H, W) with each box full."""
    ink = np.zeros(shape, np.uint8)
    for x0, y0, x1, y1 in boxes:
        ink[y0:y1, x0:x1] = 255
    return ink


def attention(
    tokens: str,
    weights: np.ndarray,
    where: np.ndarray,
    em: float = 14.0,
    corner: tuple[int, int] = (0, 0),
) -> Attention:
    return Attention(
        tokens=tuple(tokens.split()), weights=weights, places=where, em=em, frame=(*corner, 0, 0)
    )


@settings(max_examples=60)
@given(st.data(), st.integers(0, 5), st.integers(0, 5))
def test_each_symbol_has_the_box_of_its_ink(data: st.DataObject, left: int, top: int) -> None:
    """Blocks in a row, more than a pixel apart, of any size; also beside a trimmed edge."""
    boxes, x = [], 0
    for _ in range(data.draw(st.integers(1, 7))):
        width, height = data.draw(st.integers(3, 20)), data.draw(st.integers(3, 20))
        y = data.draw(st.integers(0, 24 - height))
        boxes.append((x, y, x + width, y + height))
        x += width + data.draw(st.integers(3, 9))
    where = places(24, x)
    seen = attention(" ".join("abcdefg"[: len(boxes)]), look_at(boxes, where), where)
    corner = np.array([left, top, left, top])
    moved = replace(seen, places=where + corner, frame=tuple(corner.tolist()))
    found = locate(moved, painted((24, x), boxes))
    assert found.tolist() == (np.array(boxes) + corner).tolist()


def test_symbols_of_several_marks_are_found_whole() -> None:
    equals = [(20, 8, 30, 10), (20, 13, 30, 15)]
    letter = [(40, 0, 43, 2), (39, 5, 43, 18)]  # an i, its dot not quite above its stem
    boxes = [(2, 4, 12, 18), (20, 8, 30, 15), (39, 0, 43, 18)]
    where = places(24, 48)
    seen = attention("x = i", look_at(boxes, where), where)
    ink = painted((24, 48), [boxes[0], *equals, *letter])
    assert locate(seen, ink).tolist() == [list(box) for box in boxes]


def test_what_stands_under_a_root_is_not_the_root() -> None:
    ink = painted((32, 40), [(0, 0, 3, 30), (3, 0, 36, 2), (14, 12, 22, 26)])
    where = places(32, 40)
    seen = attention(
        r"\sqrt { x }", look_at([(0, 0, 3, 30)] * 2 + [(14, 12, 22, 26)] * 2, where), where
    )
    found = locate(seen, ink)
    assert found[[0, 2]].tolist() == [[0, 0, 36, 30], [14, 12, 22, 26]]
    assert np.isnan(found[[1, 3]]).all()  # braces draw nothing, whatever was looked at


@pytest.mark.parametrize("tokens", ["( x", "x ( )", "x } ("])
def test_symbols_in_one_place_stand_in_the_order_of_their_tokens(tokens: str) -> None:
    where = places(32, 32, (32, 32))  # one place alone: attention says nothing
    boxes = [(2, 4, 5, 20), (9, 4, 13, 20), (18, 4, 24, 20)]
    count = sum(token != "}" for token in tokens.split())
    seen = attention(tokens, np.ones((len(tokens.split()), 1)), where)
    found = locate(seen, painted((32, 32), boxes[:count]))
    drawn = found[~np.isnan(found[:, 0])]
    assert drawn.tolist() == [list(box) for box in boxes[:count]]


def test_symbols_that_touch_share_their_box() -> None:
    where = places(16, 24)
    seen = attention("a b", look_at([(0, 0, 12, 16), (12, 0, 24, 16)], where), where)
    ink = painted((16, 24), [(0, 0, 24, 16)])
    assert locate(seen, ink).tolist() == [[0, 0, 24, 16]] * 2


def test_what_looks_at_empty_ground_has_no_box() -> None:
    where = places(16, 64)
    seen = attention("a b", look_at([(0, 0, 8, 8), (56, 0, 64, 8)], where), where)
    a, b = find_symbols(seen, painted((16, 64), [(0, 2, 6, 8)]))
    assert a == Symbol(token="a", box=Box(x0=0, y0=2, x1=6, y1=8), weight=1.0)
    assert b == Symbol(token="b", box=None, weight=None)


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_boxes_are_those_of_the_given_picture(factor: int) -> None:
    """The model sees a trimmed and shrunken picture; places come back through `to_given`."""
    boxes = [(30, 20, 40, 34), (46, 24, 52, 34), (60, 20, 66, 40)]
    grey = 255 - painted((64, 90), boxes)
    large = np.kron(grey, np.ones((factor, factor), np.uint8))
    picture = prepare(large, EM_PIXELS * factor)
    assert picture.scale == pytest.approx(1 / factor)
    where = places(*picture.ink.shape)
    given = picture.to_given(where)
    truth = [(x0 * factor, y0 * factor, x1 * factor, y1 * factor) for x0, y0, x1, y1 in boxes]
    corner = (picture.left, picture.top)
    seen = attention("a b c", look_at(truth, given), given, EM_PIXELS * factor, corner)
    found = locate(seen, picture.sharp)
    assert found.tolist() == [list(box) for box in truth]


@pytest.mark.parametrize("dpi", [72, 200, 333])
def test_the_whole_ink_of_a_crop_is_its_box_on_the_page(dpi: int) -> None:
    config = ExtractConfig(dpi=dpi)
    for crop in extract_chunk(str(EXAMPLES / "papers/numbered.pdf"), "pdf", config).crops:
        grey = decode_png(crop.png)
        inked = np.argwhere(grey < 255 - 40)
        (y0, x0), (y1, x1) = inked.min(0).tolist(), (inked.max(0) + 1).tolist()
        whole = Symbol(token="x", box=Box(x0=x0, y0=y0, x1=x1, y1=y1), weight=1.0)
        brace = Symbol(token="{", box=None, weight=None)
        placed = symbols_on_page([whole, brace], crop)
        assert placed[1] == brace
        assert placed[0].box is not None
        assert astuple(placed[0].box) == pytest.approx(astuple(crop.box), abs=0.01)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_model_says_where_it_looked(architecture: str, tmp_path: Path) -> None:
    """Attention and boxes belong to the answer, and do not depend on the batch."""
    letters = "abcdefghijkl"[: VOCABULARY - len(SPECIALS)]
    save_checkpoint(tmp_path, tiny(architecture), Tokenizer.from_tokens(letters))
    transcriber = Transcriber(
        tmp_path, device="cpu", beam_size=3, max_length=8, attention=True, num_threads=1
    )
    model = transcriber.reader.model
    rng = np.random.default_rng(0)
    pictures = [
        255 - painted((30, width), [(x, 4, x + 5, 24) for x in range(4, width - 8, 9)])
        for width in (40, 90, 61)
    ]
    pictures.append(rng.integers(0, 256, (20, 40)).astype(np.uint8))
    ems = [model.em_pixels] * len(pictures)
    together = transcriber.look(pictures, ems)
    for picture, (answer, seen) in zip(pictures, together, strict=True):
        ((alone, same),) = transcriber.look([picture], [model.em_pixels])
        assert " ".join(seen.tokens) == answer.latex == alone.latex
        assert seen.weights.shape == (len(seen.tokens), len(seen.places))
        assert seen.weights.sum(1) == pytest.approx(1, abs=1e-4)
        np.testing.assert_allclose(np.sort(seen.weights), np.sort(same.weights), atol=1e-4)
        assert answer.symbols is not None
        assert [symbol.token for symbol in answer.symbols] == list(seen.tokens)
        for symbol in answer.symbols:
            if symbol.box:
                assert 0 <= symbol.box.x0 < symbol.box.x1 <= picture.shape[1]
                assert 0 <= symbol.box.y0 < symbol.box.y1 <= picture.shape[0]
    assert [answer for answer, _ in together] == transcriber.transcribe(pictures, ems)
