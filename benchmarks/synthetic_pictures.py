"""Random pictures for benchmarks that look like formulas from afar, as PNG.

In: a source of random numbers. Out: a base picture that costs milliseconds, and of each any number
of different PNG files that cost next to nothing.
"""

from __future__ import annotations

import itertools
import random
import struct
import zlib
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture but for its last rows, compressed so far: a copy of it is finished in no time."""

    width: int
    height: int
    begun: Any
    """zlib's compressor (whose type has no public name) after `body`."""
    body: bytes

    def png(self, number: int) -> bytes:
        """The picture as an 8-bit grey PNG; two rows at its foot hold the number as bars."""
        bars = f"{number:0{self.width // 2}b}".replace("1", "\x00\xff").replace("0", "\xff\xff")
        row = bars.encode("latin-1")[-self.width :].rjust(self.width, b"\xff")
        stream = self.begun.copy()
        data = self.body + stream.compress(2 * (b"\x00" + row)) + stream.flush()
        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 0, 0, 0, 0)
        chunks = [(b"IHDR", head), (b"IDAT", data), (b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(itertools.starmap(_chunk, chunks))


def _chunk(kind: bytes, data: bytes) -> bytes:
    crc = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def draw_picture(rng: random.Random) -> Picture:
    """Strokes with soft edges in a line, and now and then a fraction bar."""
    width, height = rng.randrange(200, 1000), rng.randrange(60, 140)
    large = Image.new("L", (2 * width, 2 * (height - 2)), 255)
    draw, x = ImageDraw.Draw(large), 12
    while x < 2 * width - 60:
        glyph = rng.randrange(22, 50)
        y = rng.randrange(4, max(5, 2 * height - 4 - glyph))
        for _ in range(rng.randrange(3, 6)):
            points = [(x + rng.randrange(glyph), y + rng.randrange(glyph)) for _ in range(3)]
            draw.line(points, fill=rng.randrange(60), width=rng.choice([3, 4, 6]), joint="curve")
        x += glyph + rng.randrange(4, 60)
    if rng.random() < 0.4:
        draw.line([(20, height), (rng.randrange(60, 2 * width), height)], fill=0, width=4)
    grey = large.resize((width, height - 2), Image.Resampling.LANCZOS)
    raw, stream = grey.tobytes(), zlib.compressobj(6)
    lines = b"".join(b"\x00" + raw[y * width : (y + 1) * width] for y in range(height - 2))
    body = stream.compress(lines) + stream.flush(zlib.Z_SYNC_FLUSH)
    return Picture(width=width, height=height, begun=stream, body=body)
