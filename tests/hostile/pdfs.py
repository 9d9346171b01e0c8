"""PDFs that nobody should make: damaged good ones, and crafted ones that are small and want much.

In: a random source and a path. Out: a file there, and how it must end (`Ending`), where that is
known. Knows nothing of runs.
"""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pymupdf

from tests.extract import pdfs
from tests.hostile.ending import ANY, Ending

_CATALOG = b"<</Type /Catalog /Pages 2 0 R>>"
_KIDS = b"<</Type /Pages /Kids [3 0 R] /Count 1>>"
_FONT = b"<</Type /Font /Subtype /Type1 /BaseFont /%s>>"
_FONTS = b"/Font <</S %s /R %s>>" % (_FONT % b"Symbol", _FONT % b"Times-Roman")
_FORMULA = (
    b"BT /R 11 Tf 72 700 Td (The quick brown fox jumps over the lazy dog and runs along) Tj ET "
    b"BT /S 11 Tf 200 660 Td (a = b + g) Tj ET "
    b"BT /R 11 Tf 72 620 Td (until the evening comes and everyone in the village sleeps) Tj ET "
)
"""Content with one formula between two lines of prose."""

Maker = Callable[[random.Random, Path], Ending]


def page(media: bytes = b"0 0 612 792", more: bytes = b"") -> bytes:
    """A page whose content is object 4."""
    return b"<</Type /Page /Parent 2 0 R /MediaBox [%s] /Contents 4 0 R /Resources <<%s>> %s>>" % (
        media,
        _FONTS,
        more,
    )


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A packed stream."""
    return pdfs._stream(content, entries)


def simple(path: Path, content: bytes = _FORMULA, leaf: bytes | None = None, *more: bytes) -> None:
    """A document of one page, and further objects from 5 on."""
    pdfs.raw_pdf(path, [_CATALOG, _KIDS, leaf or page(), stream(content), *more])


# --- good ones, damaged --------------------------------------------------------------------------


@cache
def good(kind: int = 0) -> bytes:
    """A paper of two pages: as it is, packed into object streams, or linear with its objects
    plain."""
    document = pymupdf.open()
    for number in range(2):
        leaf = document.new_page()
        y = pdfs.prose(leaf, 100)
        pdfs.formula(leaf, 200, y + 22, f"({number + 1})")
        pdfs.prose(leaf, y + 48)
    options = [{}, {"use_objstms": 1, "deflate": True, "garbage": 3}, {"expand": 255}][kind % 3]
    return document.tobytes(**options)


def truncated(rng: random.Random, path: Path) -> Ending:
    data = good(rng.randrange(3))
    path.write_bytes(data[: rng.randrange(len(data))])
    return ANY


def flipped(rng: random.Random, path: Path) -> Ending:
    data = bytearray(good(rng.randrange(3)))
    for _ in range(2 ** rng.randrange(10)):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    return ANY


def shuffled(rng: random.Random, path: Path) -> Ending:
    """Parts of it swapped, doubled, left out, or overwritten with zeros."""
    data = good(rng.randrange(3))
    edges = sorted(rng.randrange(len(data)) for _ in range(4))
    a, b, c, d = edges
    parts = [data[:a], data[a:b], data[b:c], data[c:d], data[d:]]
    change = rng.randrange(4)
    if change == 0:
        parts[1], parts[3] = parts[3], parts[1]
    elif change == 1:
        parts[2] *= 2
    elif change == 2:
        parts[2] = b""
    else:
        parts[2] = bytes(len(parts[2]))
    path.write_bytes(b"".join(parts))
    return ANY


_NUMBERS = [b"0", b"-1", b"2147483647", b"2147483648", b"99999999999999999999", b"1e99", b"0.0001"]


def renumbered(rng: random.Random, path: Path) -> Ending:
    """Numbers in its objects (lengths, offsets, references, sizes) made others."""
    words = good(2).split(b" ")
    places = [i for i, word in enumerate(words) if word.isdigit()]
    for place in rng.sample(places, min(len(places), 2 ** rng.randrange(6))):
        words[place] = rng.choice(_NUMBERS)
    path.write_bytes(b" ".join(words))
    return ANY


def junk_around(rng: random.Random, path: Path) -> Ending:
    """A mail's header before it and garbage after it, as old servers deliver them."""
    path.write_bytes(rng.randbytes(rng.randrange(900)) + good(rng.randrange(2)) + rng.randbytes(99))
    return ANY


# --- no PDFs at all ------------------------------------------------------------------------------


def no_pdf(rng: random.Random, path: Path) -> Ending:
    """Empty, a header alone, noise, and files of other kinds with a PDF's name."""
    from PIL import Image

    picture = io.BytesIO()
    Image.new("L", (30, 30)).save(picture, "png")
    path.write_bytes(
        rng.choice(
            [
                b"",
                b"%PDF-1.7\n",
                bytes(1000),
                rng.randbytes(5000),
                b"<html><body>404 not found</body></html>",
                b"PK\3\4" + rng.randbytes(200),
                picture.getvalue(),
                b"%!PS-Adobe-3.0\n(%stdin) run\n",
            ]
        )
    )
    return Ending("corrupt")


def without_pages(_: random.Random, path: Path) -> Ending:
    pdfs.without_pages(path)
    return Ending("corrupt")


# --- circles and depths --------------------------------------------------------------------------


def xref_circle(rng: random.Random, path: Path) -> Ending:
    """Cross-reference tables that name each other as the earlier one."""
    data = good(0)
    start = data.rindex(b"xref\n", 0, data.rindex(b"startxref"))
    loop = b"/Prev %d /XRefStm %d" % (start, start if rng.random() < 0.5 else len(data))
    path.write_bytes(data.replace(b"trailer\n<<", b"trailer\n<<" + loop, 1))
    return ANY


def page_circle(rng: random.Random, path: Path) -> Ending:
    """A page tree whose node is its own child, or one far below it is."""
    depth = rng.choice([0, 1, 50])
    nodes = [
        b"<</Type /Pages /Kids [%d 0 R] /Count 3>>" % (2 if i == depth else i + 3)
        for i in range(depth + 1)
    ]
    pdfs.raw_pdf(path, [_CATALOG, *nodes])
    return Ending("corrupt")


def form_circle(rng: random.Random, path: Path) -> Ending:
    """A form that draws itself, or a pattern or a glyph that does."""
    entries = (
        b"/Type /XObject /Subtype /Form /BBox [0 0 99 99] /Resources <</XObject <</X 5 0 R>>>>"
    )
    glyph = (
        b"<</Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [1 0 0 1 0 0] /FirstChar 97"
        b" /LastChar 97 /Widths [9] /Encoding <</Differences [97 /a]>> /CharProcs <</a 6 0 R>>"
        b" /Resources <</Font <</S 5 0 R>>>>>>"
    )
    if rng.random() < 0.5:
        leaf = page().replace(b"<</Font", b"<</XObject <</X 5 0 R>> /Font")
        simple(path, _FORMULA + b"/X Do", leaf, stream(b"/X Do", entries))
    else:
        leaf = page().replace(_FONT % b"Symbol", b"5 0 R")
        simple(path, _FORMULA, leaf, glyph, stream(b"9 0 d0 BT /S 9 Tf (aaa) Tj ET"))
    return ANY


def object_circle(rng: random.Random, path: Path) -> Ending:
    """References that lead to themselves: a length, a font, a content, a box."""
    which = rng.randrange(3)
    if which == 0:
        body = b"<</Length 4 0 R>>\nstream\n" + _FORMULA + b"\nendstream"
        pdfs.raw_pdf(path, [_CATALOG, _KIDS, page(), body])
    elif which == 1:
        simple(path, _FORMULA, page().replace(b"4 0 R", b"5 0 R"), b"5 0 R")
    else:
        simple(path, _FORMULA, page(b"5 0 R 5 0 R 5 0 R 5 0 R"), b"6 0 R", b"5 0 R")
    return ANY


def deep(rng: random.Random, path: Path) -> Ending:
    """Arrays, dictionaries, page tree nodes, forms or graphics states, one in another."""
    depth = rng.choice([100, 5_000, 200_000])
    kind = rng.randrange(5)
    if kind == 0:
        simple(path, _FORMULA, page(more=b"/X " + b"[" * depth + b"]" * depth))
    elif kind == 1:
        simple(path, _FORMULA, page(more=b"/X " + b"<</X " * depth + b"0" + b">>" * depth))
    elif kind == 2:
        simple(path, b"q " * depth + _FORMULA + b"Q " * depth)
    elif kind == 3:
        depth = min(depth, 5_000)
        nodes = [
            b"<</Type /Pages /Kids [%d 0 R] /Count 1 /Parent %d 0 R>>" % (i + 1, max(i - 1, 1))
            for i in range(2, depth + 2)
        ]
        last = page().replace(b"4 0 R", b"%d 0 R" % (depth + 3))
        pdfs.raw_pdf(path, [_CATALOG, *nodes, last, stream(_FORMULA)])
    else:
        depth = min(depth, 5_000)
        entries = (
            b"/Type /XObject /Subtype /Form /BBox [0 0 612 792]"
            b" /Resources <</XObject <</X %d 0 R>>>>"
        )
        forms = [stream(b"/X Do", entries % (i + 6)) for i in range(depth)]
        leaf = page().replace(b"<</Font", b"<</XObject <</X 5 0 R>> /Font")
        simple(path, _FORMULA + b"/X Do", leaf, *forms)
    return ANY


def hanging(_: random.Random, path: Path) -> Ending:
    pdfs.hanging(path)
    return Ending("timeout")


# --- small files that want much ------------------------------------------------------------------


def greedy(_: random.Random, path: Path) -> Ending:
    """A page of 25 MB of text, packed: minutes and gigabytes to lay out."""
    pdfs.greedy(path, megabytes=25)
    return Ending("out_of_memory", "timeout")


@cache
def _bomb(layers: int) -> bytes:
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(200)) + packer.flush()
    for _ in range(layers - 1):
        data = zlib.compress(data, 9)
    return data


def decompression_bomb(rng: random.Random, path: Path) -> Ending:
    """A content of 200 MB, packed once or three times: a file of a few kilobytes."""
    layers = rng.choice([1, 2, 3])
    data = _bomb(layers)
    filters = b"/FlateDecode " * layers
    body = b"<</Filter [%s] /Length %d>>\nstream\n%s\nendstream" % (filters, len(data), data)
    pdfs.raw_pdf(path, [_CATALOG, _KIDS, page(), body])
    return ANY


def giant_image(rng: random.Random, path: Path) -> Ending:
    """A picture that claims 10^9 pixels or more, behind a formula, so that it must be drawn."""
    side = rng.choice([32_000, 100_000, 2**31 - 1])
    bits, space = rng.choice([(1, b"DeviceGray"), (8, b"DeviceRGB"), (16, b"DeviceCMYK")])
    entries = (
        b"/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent %d /ColorSpace /%s"
    )
    leaf = page().replace(b"<</Font", b"<</XObject <</X 5 0 R>> /Font")
    picture = stream(bytes(100_000), entries % (side, side, bits, space))
    simple(path, b"q 612 0 0 792 0 0 cm /X Do Q " + _FORMULA, leaf, picture)
    return ANY


def claimed_pages(rng: random.Random, path: Path) -> Ending:
    """One page, and a tree that claims very many, or fewer than none."""
    count = rng.choice([10**6, 10**9, 2**31 - 1, 2**40, -1])
    kids = _KIDS.replace(b"/Count 1", b"/Count %d" % count)
    pdfs.raw_pdf(path, [_CATALOG, kids, page(), stream(_FORMULA)])
    return Ending("corrupt")


def many_pages(_: random.Random, path: Path) -> Ending:
    """10,000 pages, of which the last one has a formula."""
    leaf = b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9]>>"
    last = page().replace(b"4 0 R", b"10003 0 R")
    references = b" ".join(b"%d 0 R" % number for number in range(3, 10_003))
    kids = b"<</Type /Pages /Kids [%s] /Count 10000>>" % references
    pdfs.raw_pdf(path, [_CATALOG, kids, *[leaf] * 9_999, last, stream(_FORMULA)])
    return Ending("ok", "timeout")


def giant_page(rng: random.Random, path: Path) -> Ending:
    """Boxes without area, turned around, or larger than the world."""
    media = rng.choice(
        [b"0 0 0 0", b"612 792 0 0", b"0 0 1e9 1e9", b"-1e38 -1e38 1e38 1e38", b"0 0 99999999 1"]
    )
    more = rng.choice([b"", b"/UserUnit 1000000", b"/Rotate 37", b"/CropBox [5 5 5 5]"])
    simple(path, _FORMULA, page(media, more))
    return Ending("ok", "empty")


def giant_text(rng: random.Random, path: Path) -> Ending:
    """A formula in a font of a mile, or of no size, or by a matrix that is none."""
    size = rng.choice([b"100000", b"1e30", b"0", b"-11", b"0.00001"])
    matrix = rng.choice([b"", b"1e20 0 0 1e20 0 0 cm ", b"0 0 0 0 0 0 cm ", b"1 1 1 1 0 0 cm "])
    simple(path, matrix + _FORMULA.replace(b"/S 11", b"/S " + size))
    return ANY


def dense(rng: random.Random, path: Path) -> Ending:
    """A page with very many small formulas, or one very long line of symbols."""
    if rng.random() < 0.5:
        lines = (
            b"1 0 0 1 %d %d Tm (a = b) Tj " % (i % 60 * 10, i // 60 * 4) for i in range(10_000)
        )
        content = b"BT /S 3 Tf " + b"".join(lines) + b"ET"
    else:
        content = b"BT /S 11 Tf 72 700 Td (" + b"a = b + " * 20_000 + b") Tj ET"
    simple(path, content)
    return ANY


def drawings(rng: random.Random, path: Path) -> Ending:
    """So many lines that any two of them might be a fraction bar and its neighbour."""
    lines = (
        b"%d %d m %d %d l S " % (x := rng.randrange(600), y := rng.randrange(790), x + 9, y)
        for _ in range(20_000)
    )
    simple(path, _FORMULA + b"".join(lines))
    return ANY


# --- fonts, locks, things that reach out ---------------------------------------------------------


def strange_font(rng: random.Random, path: Path) -> Ending:
    """Fonts without a map to characters, with one that lies, or whose file is noise."""
    noise = stream(rng.randbytes(3000), b"/Subtype /Type1C")
    described = b"<</Type /FontDescriptor /FontName /CMMI10 /Flags 4 /FontFile3 6 0 R>>"
    simple_font = b"<</Type /Font /Subtype /Type1 /BaseFont /CMMI10 /FontDescriptor 7 0 R>>"
    composite = (
        b"<</Type /Font /Subtype /Type0 /BaseFont /CMSY10 /Encoding /Identity-H /DescendantFonts"
        b" [<</Type /Font /Subtype /CIDFontType2 /BaseFont /CMSY10 /FontDescriptor 7 0 R"
        b" /CIDSystemInfo <</Registry (Adobe) /Ordering (Identity) /Supplement 0>>>>]"
        b" /ToUnicode 8 0 R>>"
    )
    lie = stream(
        b"/CIDInit begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange"
        b" 1 beginbfrange <0000> <FFFF> <D800> endbfrange"
        b" 1 beginbfchar <6120> <000A001B0000> endbfchar"
    )
    leaf = page().replace(_FONT % b"Symbol", b"5 0 R")
    simple(path, _FORMULA, leaf, rng.choice([simple_font, composite]), noise, described, lie)
    return ANY


def locked(rng: random.Random, path: Path) -> Ending:
    """Encrypted: with a password nobody gave, or with an owner's only, which opens for all."""
    document = pymupdf.open("pdf", good(0))
    owner_only = rng.random() < 0.5
    user = None if owner_only else "secret"
    document.save(path, encryption=pdfs.AES_256, owner_pw="owner", user_pw=user)
    return Ending("ok", formulas=2) if owner_only else Ending("encrypted")


def broken_lock(rng: random.Random, path: Path) -> Ending:
    """An encryption that no program knows, or whose numbers make no sense."""
    data = good(0)
    lock = b"/Encrypt <</Filter /%s /V %d /R %d /Length %d /O (%s) /U (x) /P -4>>" % (
        rng.choice([b"Standard", b"Nobody"]),
        rng.choice([0, 1, 4, 5, 99]),
        rng.choice([2, 6, 99]),
        rng.choice([0, 40, 128, 10**9]),
        b"o" * rng.choice([1, 32, 48]),
    )
    path.write_bytes(data.replace(b"trailer\n<<", b"trailer\n<<" + lock, 1))
    return ANY


def reaching_out(rng: random.Random, path: Path) -> Ending:
    """Contents in other files, programs to start, pages to fetch: none of it is followed."""
    target = rng.choice([b"/etc/passwd", b"http://127.0.0.1:9/x", b"../../secret"])
    action = rng.choice(
        [
            b"<</S /Launch /F (%s)>>",
            b"<</S /URI /URI (%s)>>",
            b"<</S /GoToR /F (%s) /D [0 /Fit]>>",
            b"<</S /JavaScript /JS (app.launchURL\\('%s'\\))>>",
            b"<</S /ImportData /F (%s)>>",
        ]
    )
    catalog = _CATALOG.replace(b">>", b" /OpenAction %s>>" % (action % target))
    outside = b"<</Length 0 /F (%s)>>\nstream\n\nendstream" % target
    leaf = page().replace(b"4 0 R", b"[4 0 R 5 0 R]")
    pdfs.raw_pdf(path, [catalog, _KIDS, leaf, stream(_FORMULA), outside])
    return Ending("ok", formulas=1)


def strange_codec(rng: random.Random, path: Path) -> Ending:
    """Pictures in the formats with the longest history of holes, with noise for data."""
    codec = rng.choice(
        [b"JBIG2Decode", b"JPXDecode", b"CCITTFaxDecode", b"DCTDecode", b"LZWDecode"]
    )
    entries = (
        b"/Type /XObject /Subtype /Image /Width 900 /Height 900 /BitsPerComponent 1"
        b" /ColorSpace /DeviceGray"
    )
    data = struct.pack(">I", rng.randrange(2**32)) + rng.randbytes(4000)
    head = b"<<%s /Filter /%s /Length %d>>" % (entries, codec, len(data))
    leaf = page().replace(b"<</Font", b"<</XObject <</X 5 0 R>> /Font")
    picture = head + b"\nstream\n" + data + b"\nendstream"
    simple(path, b"q 612 0 0 792 0 0 cm /X Do Q " + _FORMULA, leaf, picture)
    return ANY


MUTANTS: tuple[Maker, ...] = (truncated, flipped, shuffled, renumbered, junk_around)
"""Any number of different ones each."""

CRAFTED: tuple[Maker, ...] = (
    *(no_pdf, without_pages, xref_circle, page_circle, form_circle, object_circle, deep, hanging),
    *(greedy, decompression_bomb, giant_image, claimed_pages, many_pages, giant_page, giant_text),
    *(dense, drawings, strange_font, locked, broken_lock, reaching_out, strange_codec),
)
"""A few different ones each."""
