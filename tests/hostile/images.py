"""Image files that nobody should make: damaged ones, rare kinds, and tiny ones that claim much.

In: a random source and a path. Out: a file there, and how it must end, where that is known. Knows
nothing of runs.
"""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from tests.hostile.ending import ANY, Ending

ONE = Ending("ok", formulas=1)

Maker = Callable[[random.Random, Path], Ending]


def sample(mode: str = "L", mark: int = 0) -> Image.Image:
    """A small picture with something on it, another one for another mark."""
    picture = Image.new("L", (90, 40), 255)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((10, 10, 30 + mark % 40, 14), fill=0)
    draw.rectangle((10, 20, 14, 30), fill=0)
    return picture.convert(mode)


@cache
def encoded(form: str) -> bytes:
    buffer = io.BytesIO()
    sample("RGB").save(buffer, form)
    return buffer.getvalue()


def png(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG out of its chunks, with right sums."""
    data = b"\x89PNG\r\n\x1a\n"
    for name, body in [*chunks, (b"IEND", b"")]:
        data += struct.pack(">I", len(body)) + name + body
        data += struct.pack(">I", zlib.crc32(name + body))
    return data


def header(width: int, height: int, depth: int = 8, colour: int = 0) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)


_FORMS = {"png": ".png", "jpeg": ".jpg", "tiff": ".tiff", "webp": ".webp"}


def truncated(rng: random.Random, path: Path) -> Ending:
    form = rng.choice(list(_FORMS))
    data = encoded(form)
    path.with_suffix(_FORMS[form]).write_bytes(data[: rng.randrange(1, len(data) - 1)])
    return ANY


def flipped(rng: random.Random, path: Path) -> Ending:
    form = rng.choice(list(_FORMS))
    data = bytearray(encoded(form))
    for _ in range(2 ** rng.randrange(6)):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.with_suffix(_FORMS[form]).write_bytes(data)
    return ANY


def giant_claim(rng: random.Random, path: Path) -> Ending:
    """A few bytes that claim 10^9 pixels or more."""
    width, height = rng.choice(
        [(31_623, 31_623), (2**31 - 1, 2**31 - 1), (10**9, 1), (65_500, 65_500)]
    )
    body = [header(width, height, 1), (b"IDAT", zlib.compress(bytes(100)))]
    path.with_suffix(".png").write_bytes(png(body))
    return Ending("unsupported")


@cache
def _white(side: int) -> bytes:
    packer = zlib.compressobj(9)
    row = b"\0" + b"\xff" * (-(-side // 8))
    return b"".join(packer.compress(row) for _ in range(side)) + packer.flush()


def almost_too_large(_: random.Random, path: Path) -> Ending:
    """12 kB that are really a hundred million pixels."""
    path.with_suffix(".png").write_bytes(png([header(9_999, 9_999, 1), (b"IDAT", _white(9_999))]))
    return Ending("ok", "out_of_memory", "timeout")


def no_pixels(rng: random.Random, path: Path) -> Ending:
    width, height = rng.choice([(0, 0), (0, 9), (9, 0)])
    path.with_suffix(".png").write_bytes(
        png([header(width, height), (b"IDAT", zlib.compress(b""))])
    )
    return Ending("corrupt", "unsupported")


def tiny(rng: random.Random, path: Path) -> Ending:
    size = rng.choice([(1, 1), (1, 9), (3000, 1), (1, 3000)])
    Image.new(rng.choice(["L", "1", "RGBA"]), size).save(path.with_suffix(".png"))
    return ONE


def rare_mode(rng: random.Random, path: Path) -> Ending:
    """Palettes, CMYK, 16 bits, transparency, and a photo that lies on its side."""
    kind, mark = rng.randrange(7), rng.randrange(40)
    if kind == 0:
        sample("P", mark).save(path.with_suffix(".png"))
    elif kind == 1:
        sample("CMYK", mark).save(path.with_suffix(".jpg"))
    elif kind == 2:
        Image.new("I;16", (50, 20), 40_000 + mark).save(path.with_suffix(".png"))
    elif kind == 3:
        sample("RGBA", mark).save(path.with_suffix(".webp"))
    elif kind == 4:
        sample("1", mark).save(path.with_suffix(".tiff"), compression="group4")
    elif kind == 5:
        sample("LA", mark).save(path.with_suffix(".png"))
    else:
        exif = Image.Exif()
        exif[0x0112] = rng.randrange(1, 12)  # some of them mean nothing
        sample("L", mark).save(path.with_suffix(".jpg"), exif=exif)
    return ONE


def moving(rng: random.Random, path: Path) -> Ending:
    frames = [sample("RGB", mark) for mark in range(0, 40, 8)]
    options: dict[str, Any] = {"save_all": True, "append_images": frames[1:]}
    frames[0].save(path.with_suffix(rng.choice([".png", ".webp"])), **options)
    return ONE


def wrong_name(rng: random.Random, path: Path) -> Ending:
    """A picture of one kind under the name of another: what is in it counts."""
    form = rng.choice(["png", "jpeg", "webp", "tiff", "gif", "bmp", "ppm"])
    path.with_suffix(rng.choice([".png", ".jpg", ".tif"])).write_bytes(encoded(form))
    return ONE if form in _FORMS else Ending("unsupported")


def no_image(rng: random.Random, path: Path) -> Ending:
    data = rng.choice([b"", b"no image", b"%PDF-1.7\n", rng.randbytes(3000), b"<svg/>", bytes(999)])
    path.with_suffix(rng.choice([".png", ".webp", ".jpeg"])).write_bytes(data)
    return Ending("unsupported" if data else "corrupt")


@cache
def _zeros() -> bytes:
    return zlib.compress(bytes(80 << 20), 6)


def text_bomb(rng: random.Random, path: Path) -> Ending:
    """A comment, or a colour profile, of 80 MB, packed."""
    packed = _zeros()
    kind = rng.choice([(b"zTXt", b"a\0\0"), (b"iCCP", b"a\0\0")])
    body = [header(9, 9), (kind[0], kind[1] + packed), (b"IDAT", zlib.compress(bytes(90)))]
    path.with_suffix(".png").write_bytes(png(body))
    return ANY


def tiff_circle(rng: random.Random, path: Path) -> Ending:
    """A directory that names itself as the next page, or very many that name the next."""
    data = bytearray(encoded("tiff"))
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    last = first + 2 + 12 * count
    struct.pack_into("<I", data, last, first if rng.random() < 0.5 else len(data))
    block = data[first : last + 4]
    for number in range(300):
        at = len(data)
        struct.pack_into("<I", block, len(block) - 4, at + len(block) if number < 299 else 0)
        data += block
    path.with_suffix(".tiff").write_bytes(data)
    return ANY


def tiff_lies(rng: random.Random, path: Path) -> Ending:
    """Sizes, offsets and counts of a TIFF made others."""
    data = bytearray(encoded("tiff"))
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    for _ in range(3):
        entry = first + 2 + 12 * rng.randrange(count)
        struct.pack_into(
            "<I", data, entry + rng.choice([4, 8]), rng.choice([0, 1, 2**31, 2**32 - 1])
        )
    path.with_suffix(".tif").write_bytes(data)
    return ANY


MUTANTS: tuple[Maker, ...] = (truncated, flipped, rare_mode, wrong_name, tiff_lies)
"""Any number of different ones each."""

CRAFTED: tuple[Maker, ...] = (
    *(giant_claim, almost_too_large, no_pixels, tiny, moving, no_image, text_bomb, tiff_circle),
)
"""A few different ones each."""
