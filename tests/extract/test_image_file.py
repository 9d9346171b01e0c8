"""Image files of every mode end as upright grey pixels, page or crop."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from i2l_batch.config import ExtractConfig
from i2l_batch.errors import SourceError
from i2l_batch.extract import extract_chunk
from i2l_batch.extract.image_file import to_grey
from i2l_batch.records import Crop, Extraction


def extract(path: Path, **options: Any) -> Extraction:
    return extract_chunk(str(path), "image", ExtractConfig(**options))


def grey_of(crop: Crop) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(crop.png)))


def sample() -> Image.Image:
    """Dark left half, light right half."""
    pixels = np.full((20, 60), 240, np.uint8)
    pixels[:, :30] = 16
    return Image.fromarray(pixels)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1", "CMYK", "I;16", "I", "F"])
def test_every_mode_gives_the_same_grey(mode: str, tmp_path: Path) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.asarray(sample()).astype(np.uint16) * 257)
    elif mode in "IF":
        image = Image.fromarray(
            np.asarray(sample()).astype(np.int32 if mode == "I" else np.float32)
        )
    else:
        image = sample().convert(mode, dither=Image.Dither.NONE)
    image.save(tmp_path / "a.tiff")
    (crop,) = extract(tmp_path / "a.tiff").crops
    grey = grey_of(crop)
    assert grey.shape == (20, 60)
    assert grey[:, :30].max() < 40
    assert grey[:, 30:].min() > 215
    assert (crop.kind, crop.page, crop.dpi, crop.em) == ("image", None, None, None)
    assert (crop.box.x1, crop.box.y1) == (crop.page_width, crop.page_height) == (60, 20)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
def test_every_format_is_read(suffix: str, tmp_path: Path) -> None:
    sample().save(tmp_path / f"a.{suffix}")
    assert len(extract(tmp_path / f"a.{suffix}").crops) == 1


def test_transparency_is_white_and_polarity_stays() -> None:
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert np.asarray(to_grey(clear)).min() == 255
    assert np.asarray(to_grey(Image.new("L", (4, 4), 3))).max() == 3


def test_photos_are_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90 degrees
    sample().save(tmp_path / "a.jpg", exif=exif)
    (crop,) = extract(tmp_path / "a.jpg").crops
    assert grey_of(crop).shape == (60, 20)


def test_frames_of_a_tiff_are_pages_and_come_in_chunks(tmp_path: Path) -> None:
    frames = [Image.new("L", (50, 10 + i), 255) for i in range(5)]
    frames[0].save(tmp_path / "a.tiff", save_all=True, append_images=frames[1:])
    first = extract(tmp_path / "a.tiff", chunk_pages=3)
    rest = extract_chunk(str(tmp_path / "a.tiff"), "image", ExtractConfig(chunk_pages=3), 4)
    crops = first.crops + rest.crops
    assert (first.num_pages, first.next_page, rest.next_page) == (5, 4, None)
    assert [(crop.page, crop.box.y1) for crop in crops] == [(i + 1, 10 + i) for i in range(5)]


@pytest.mark.parametrize(
    ("size", "kind"), [((850, 1100), "page"), ((600, 80), "image"), ((1100, 850), "image")]
)
def test_auto_tells_pages_from_formulas(size: tuple[int, int], kind: str, tmp_path: Path) -> None:
    Image.new("L", size, 255).save(tmp_path / "a.png")
    assert extract(tmp_path / "a.png").crops[0].kind == kind
    assert extract(tmp_path / "a.png", images="page").crops[0].kind == "page"
    assert extract(tmp_path / "a.png", images="crop").crops[0].kind == "image"


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no image")
    good = io.BytesIO()
    Image.effect_noise((200, 200), 50).save(good, "png")
    (tmp_path / "cut.png").write_bytes(good.getvalue()[:20_000])
    Image.new("1", (20_000, 10_001)).save(tmp_path / "huge.png")
    expected = {
        "empty.png": "corrupt",
        "text.png": "unsupported",
        "cut.png": "corrupt",
        "huge.png": "unsupported",
        "missing.png": "unreadable",
    }
    for name, error_type in expected.items():
        with pytest.raises(SourceError) as caught:
            extract(tmp_path / name)
        assert caught.value.error_type == error_type
        assert name in str(caught.value)
