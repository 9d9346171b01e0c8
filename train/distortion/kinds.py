"""The distortions by name: each takes a picture and a generator, and gives another picture.

In: a `Picture` of clean print. Out: what a printer, a scanner, a camera, a web page or a careless
crop makes of it. Lengths are in em of the text, so that they mean the same at every size.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from i2l_batch.train.distortion.picture import PAPER, Picture

Distortion = Callable[[Picture, np.random.Generator], Picture]


def thick(picture: Picture, rng: np.random.Generator) -> Picture:
    """Ink that spread: every pixel takes some of the darkest of its neighbours."""
    return picture.shown(_toward(picture.grey, _extreme(picture.grey, np.minimum), rng, 0.3, 1.0))


def thin(picture: Picture, rng: np.random.Generator) -> Picture:
    """Ink that wore off: every pixel takes some of the lightest of its neighbours."""
    return picture.shown(_toward(picture.grey, _extreme(picture.grey, np.maximum), rng, 0.1, 0.35))


def faint(picture: Picture, rng: np.random.Generator) -> Picture:
    """Grey print on paper that is not white."""
    black, white = rng.uniform(20, 110), rng.uniform(215, 250)
    return picture.shown(black + picture.grey * (white - black) / PAPER)


def blurred(picture: Picture, rng: np.random.Generator) -> Picture:
    """Out of focus, by 2 to 6 hundredths of an em."""
    return picture.shown(_blur(picture.grey, picture.em * rng.uniform(0.02, 0.06)))


def low_resolution(picture: Picture, rng: np.random.Generator) -> Picture:
    """Scanned at 48 to 85 dpi (10 pt text), and shown in this many pixels or in its old size."""
    small = picture.resized(rng.uniform(6.6, 11.8) / picture.em)
    return small if rng.random() < 0.5 else small.resized(picture.em / small.em)


def enlarged(picture: Picture, rng: np.random.Generator) -> Picture:
    """Zoomed in up to three times, as in a screenshot."""
    return picture.resized(rng.uniform(1.2, 3.0))


def noisy(picture: Picture, rng: np.random.Generator) -> Picture:
    """Grain of a sensor, of 3 to 14 grey levels."""
    grain = rng.standard_normal(picture.grey.shape, dtype=np.float32) * rng.uniform(3, 14)
    return picture.shown(picture.grey + grain)


def specks(picture: Picture, rng: np.random.Generator) -> Picture:
    """Dust: single dark pixels, three in ten thousand at most."""
    spots = rng.random(picture.grey.shape) < rng.uniform(0.00005, 0.0003)
    return picture.shown(np.where(spots, rng.uniform(0, 120), picture.grey))


def jpeg(picture: Picture, rng: np.random.Generator) -> Picture:
    """Saved as JPEG of quality 25 to 75."""
    file = io.BytesIO()
    Image.fromarray(picture.bytes()).save(file, "JPEG", quality=int(rng.integers(25, 76)))
    return picture.shown(np.asarray(Image.open(file)))


def uneven_light(picture: Picture, rng: np.random.Generator) -> Picture:
    """A shadow: paper that darkens from one side to another, by a third at most."""
    height, width = picture.grey.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    slope = np.cos(angle) * x / width + np.sin(angle) * y / height
    slope = (slope - slope.min()) / max(float(np.ptp(slope)), 1e-6)
    return picture.shown(picture.grey * (1 - rng.uniform(0.08, 0.33) * slope))


def tilted(picture: Picture, rng: np.random.Generator) -> Picture:
    """Turned by up to a degree and a half."""
    angle = np.deg2rad(rng.uniform(-1.5, 1.5))
    cos, sin = np.cos(angle), np.sin(angle)
    return picture.mapped(np.array([[cos, -sin], [sin, cos]]))


def sheared(picture: Picture, rng: np.random.Generator) -> Picture:
    """Slanted, by up to a twelfth of its height."""
    return picture.mapped(np.array([[1.0, rng.uniform(-0.08, 0.08)], [0.0, 1.0]]))


def stretched(picture: Picture, rng: np.random.Generator) -> Picture:
    """Wider or narrower letters, as of another font: by up to an eighth."""
    return picture.mapped(np.diag([float(np.exp(rng.uniform(-0.12, 0.12))), 1.0]))


def inverted(picture: Picture, _rng: np.random.Generator) -> Picture:
    """White on black."""
    return picture.shown(PAPER - picture.grey)


def neighbouring_lines(picture: Picture, rng: np.random.Generator) -> Picture:
    """A crop too wide: the edges of the lines above and below, cut off by the picture's edge."""
    grey, em = picture.grey, picture.em
    gap = round(em * rng.uniform(0.35, 0.9))
    strip = max(1, round(em * rng.uniform(0.06, 0.22)))
    rows = np.flatnonzero((grey < 128).any(1))
    if not len(rows):
        return picture
    # Feet of letters for the line above, heads for the one below; other ones than stand there.
    feet = grey[max(0, rows[-1] + 1 - strip) : rows[-1] + 1]
    heads = grey[rows[0] : rows[0] + strip]
    above, below = rng.random(2) < 0.6
    result = picture.padded(0, gap + strip if above else 0, 0, gap + strip if below else 0)
    changed = result.grey.copy()
    if above:
        changed[: len(feet)] = np.roll(feet, int(rng.integers(0, grey.shape[1])), 1)
    if below:
        changed[len(changed) - len(heads) :] = np.roll(
            heads, int(rng.integers(0, grey.shape[1])), 1
        )
    return result.shown(changed)


def equation_number(picture: Picture, rng: np.random.Generator) -> Picture:
    """A crop too wide: the equation's number at the right, whole or cut."""
    number = f"({rng.integers(1, 10)}.{rng.integers(1, 100)})" if rng.random() < 0.5 else ""
    number = number or f"({rng.integers(1, 100)})"
    font = ImageFont.load_default(max(6, round(picture.em)))
    width, height = (round(edge) for edge in font.getbbox(number)[2:])
    gap = round(picture.em * rng.uniform(1.6, 4))
    wide_picture = picture.padded(0, 0, gap + width, 0)
    image = Image.fromarray(wide_picture.grey)
    middle = (picture.grey.shape[0] - height) // 2
    ImageDraw.Draw(image).text((picture.grey.shape[1] + gap, middle), number, 0.0, font)
    cut = round(width * rng.uniform(0, 0.8)) if rng.random() < 0.5 else 0
    return wide_picture.shown(np.asarray(image)).padded(0, 0, -cut, 0)


def tight(picture: Picture, rng: np.random.Generator) -> Picture:
    """A crop too tight: up to a pixel of ink is lost at each edge."""
    ys, xs = (np.flatnonzero((picture.grey < 200).any(axis)) for axis in (1, 0))
    if not len(ys):
        return picture
    height, width = picture.grey.shape
    lost = np.round(rng.uniform(0, 0.07, 4) * picture.em).astype(int)
    edges = np.array([xs[0], ys[0], width - 1 - xs[-1], height - 1 - ys[-1]]) + lost
    left, top, right, bottom = (-edges).tolist()
    return picture.padded(left, top, right, bottom)


def wide(picture: Picture, rng: np.random.Generator) -> Picture:
    """A crop too wide: up to three em of empty paper at each edge."""
    left, top, right, bottom = np.round(rng.uniform(0, 3, 4) * picture.em).astype(int).tolist()
    return picture.padded(left, top, right, bottom)


def _toward(
    grey: np.ndarray, other: np.ndarray, rng: np.random.Generator, low: float, high: float
) -> np.ndarray:
    share = rng.uniform(low, high)
    return grey + (other - grey) * share


def _extreme(grey: np.ndarray, choose: np.ufunc) -> np.ndarray:
    """The darkest, or the lightest, of each pixel and the four beside it."""
    edged = np.pad(grey, 1, mode="edge")
    result = edged[1:-1, 1:-1]
    for neighbour in (edged[:-2, 1:-1], edged[2:, 1:-1], edged[1:-1, :-2], edged[1:-1, 2:]):
        result = choose(result, neighbour)
    return result


def _blur(grey: np.ndarray, radius: float) -> np.ndarray:
    image = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(float(radius)))).astype(np.float32)
