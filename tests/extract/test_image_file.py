"""Image files of every mode end as upright grey pixels, page or crop."""

import hashlib
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


def test_pages_of_a_tiff_can_be_selected(tmp_path: Path) -> None:
    tiff(tmp_path / "a.tiff", pages=7)
    for chunk_pages in (1, 2, 50):
        found: list[int | None] = []
        first: int | None = 1
        while first is not None:
            config = ExtractConfig(pages="2-3,6-", chunk_pages=chunk_pages)
            chunk = extract_chunk(str(tmp_path / "a.tiff"), "image", config, first)
            found += [crop.page for crop in chunk.crops]
            assert chunk.num_pages == 7
            first = chunk.next_page
        assert found == [2, 3, 6, 7]
    none = extract(tmp_path / "a.tiff", pages="8-")
    assert (none.crops, none.notes) == ([], ["--pages 8- selects none of the 7 pages"])


def tiff(path: Path, pages: int) -> list[Image.Image]:
    frames = [Image.effect_noise((60, 20), 30 + page) for page in range(pages)]
    options: dict[str, Any] = {"compression": "tiff_deflate", "save_all": True}
    frames[0].save(path, append_images=frames[1:], **options)
    return frames


def test_a_bad_page_of_a_tiff_leaves_the_others(tmp_path: Path) -> None:
    """Damaged in the middle, cut within a page's pixels, cut within its directory."""
    frames = tiff(tmp_path / "a.tiff", pages=4)
    content = (tmp_path / "a.tiff").read_bytes()
    with Image.open(tmp_path / "a.tiff") as image:
        image.seek(2)
        tags: Any = image.getexif()
        start, length = tags[273], tags[279]
    damaged = content[:start] + b"\xff" * length + content[start + length :]
    for bad, good in {damaged: [1, 2, 4], content[: start + 9]: [1, 2]}.items():
        (tmp_path / "bad.tiff").write_bytes(bad)
        found = extract(tmp_path / "bad.tiff")
        assert [crop.page for crop in found.crops] == good
        assert [error.split(":")[0] for error in found.page_errors] == ["page 3"]
        for crop, page in zip(found.crops, good, strict=True):
            assert np.array_equal(grey_of(crop), np.asarray(frames[page - 1]))
        assert found.next_page is None
        assert found.num_pages == max(3, *good)


@pytest.mark.parametrize(("name", "form"), [("a.png", "png"), ("a.webp", "webp"), ("a.jpg", "mpo")])
def test_only_a_tiff_has_pages(name: str, form: str, tmp_path: Path) -> None:
    """Phones put a preview behind the photo (MPO), and pictures move: each gave a row per frame."""
    frames = [Image.new("L", (50, 10), value) for value in (240, 20, 90)]
    frames[0].save(tmp_path / name, form, save_all=True, append_images=frames[1:])
    with Image.open(tmp_path / name) as image:
        assert getattr(image, "n_frames", 1) == 3
    found = extract(tmp_path / name, pages="2")
    assert (found.num_pages, found.next_page) == (1, None)
    (crop,) = found.crops
    assert crop.page is None
    assert abs(int(grey_of(crop).mean()) - 240) < 4


@pytest.mark.parametrize("form", ["gif", "bmp", "ppm", "ico"])
def test_other_formats_are_not_opened_under_a_known_name(form: str, tmp_path: Path) -> None:
    sample().save(tmp_path / "a.png", form)
    with pytest.raises(SourceError) as caught:
        extract(tmp_path / "a.png")
    assert caught.value.error_type == "unsupported"


def test_a_changed_file_has_another_hash(tmp_path: Path) -> None:
    path, seen = tmp_path / "a.png", set()
    for grey in range(5):
        Image.new("L", (8, 8), grey).save(path)
        digest = extract(path).source_sha256
        assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
        seen.add(digest)
    assert len(seen) == 5


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
