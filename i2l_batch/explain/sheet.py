"""One formula as a sheet of panels: the plain picture, then one for each token, lit where the model
looked when it wrote it.

In: an explained formula. Out: an RGB image. Light is laid under the ink (only what is light in the
picture takes its colour), so that the formula can be read in every panel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from i2l_batch.explain.formula import Explained
from i2l_batch.visible import drawn

EM = 20.0
"""Pixels per em of text in a panel, unless the formula is too wide."""
WIDTH, MAX_HEIGHT = 1800, 16_000
"""Pixels of the widest and of the highest sheet."""
MIN_WIDTH = 720
"""For the text above the panels."""
SPREAD = 0.15
"""Ems by which a place is widened on each side, as its convolutions see beyond it: the paper's
pictures have 5 pixels at 33 per em."""
GAP, TITLE, MARGIN = 14, 22, 24
"""Pixels between panels, above each for its title, and around all."""

COLOURS = np.array([(255, 255, 255), (255, 238, 150), (255, 176, 59), (250, 112, 66)], float)
"""Of no light, a little, much, all; what is between is mixed."""
INK, FAINT, FRAME, BOX = (25, 25, 30), (150, 150, 155), (225, 225, 228), (30, 100, 220)


def light(explained: Explained, token: int, shape: tuple[int, int], zoom: float) -> np.ndarray:
    """(H, W) in 0..1: how strongly each pixel was looked at for a token.

    The root of the attention, so that a tenth can be seen.

    Args:
        explained: a formula.
        token: index of its token.
        shape: height and width of the result.
        zoom: its pixels for one of the formula's picture.
    """
    attention = explained.attention
    found = np.zeros(shape)
    spread = SPREAD * attention.em
    edges = (attention.places + np.array([-1, -1, 1, 1]) * spread) * zoom
    edges = np.maximum(np.rint(edges), 0).astype(int)
    weights = np.sqrt(np.clip(attention.weights[token], 0, 1))
    for place in np.flatnonzero(weights > 0.01):
        x0, y0, x1, y1 = edges[place]
        part = found[y0:y1, x0:x1]
        np.maximum(part, weights[place], out=part)
    return found


def lit(grey: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8: a picture (H, W) uint8 on a ground of light (H, W) in 0..1."""
    steps, levels = np.linspace(0, 1, len(COLOURS)), np.linspace(0, 1, 256)
    table = np.stack([np.interp(levels, steps, channel) for channel in COLOURS.T], -1)
    ground = table[np.rint(strength * 255).astype(np.uint8)]
    return np.rint(ground * (grey[..., None] / 255)).astype(np.uint8)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Grid:
    """Where panels go: pixels."""

    columns: int
    cell: tuple[int, int]
    """Width and height of a panel, with its title."""
    top: int

    def corner(self, number: int) -> tuple[int, int]:
        """Left and top of panel `number`."""
        row, column = divmod(number, self.columns)
        return MARGIN + column * (self.cell[0] + GAP), self.top + row * (self.cell[1] + GAP)


def draw_sheet(explained: Explained) -> Image.Image:
    """The sheet of a formula; one that would be too high ends with a note of what is left out."""
    height, width = explained.picture.shape
    zoom = min(EM / explained.attention.em, (WIDTH - 2 * MARGIN) / width, 4.0)
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    grey = np.asarray(Image.fromarray(explained.picture).resize(size, Image.Resampling.LANCZOS))
    tokens = explained.attention.tokens
    visible = set(drawn(tokens))
    cell = (max(size[0], 90), size[1] + TITLE)
    columns = _columns(1 + len(tokens), cell)
    total = max(columns * (cell[0] + GAP) - GAP, MIN_WIDTH - 2 * MARGIN) + 2 * MARGIN
    lines = _header(explained, total - 2 * MARGIN)
    grid = _Grid(columns=columns, cell=cell, top=MARGIN + TITLE * len(lines) + GAP)
    rows = max(1, (MAX_HEIGHT - grid.top - TITLE - MARGIN) // (cell[1] + GAP))
    shown = min(len(tokens), rows * columns - 1)
    bottom = grid.corner(shown)[1] + cell[1] + GAP
    note = len(tokens) - shown
    sheet = Image.new("RGB", (total, bottom + (TITLE if note else 0) + MARGIN - GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for number, (text, colour) in enumerate(lines):
        draw.text((MARGIN, MARGIN + number * TITLE), text, fill=colour, font=_font(15))
    _panel(sheet, grid.corner(0), "picture", FAINT, lit(grey, np.zeros(grey.shape)))
    for number in range(shown):
        panel = lit(grey, light(explained, number, grey.shape, zoom))
        corner = grid.corner(number + 1)
        colour = INK if number in visible else FAINT
        _panel(sheet, corner, f"{number + 1}   {tokens[number]}", colour, panel)
        _frame_symbol(draw, explained, number, corner, zoom)
    if note:
        text = f"{note} more tokens are not shown here; they are on the page"
        draw.text((MARGIN, bottom), text, fill=INK, font=_font(15))
    return sheet


def _columns(panels: int, cell: tuple[int, int]) -> int:
    """As many as give a sheet about half again as wide as high, and fit."""
    fit = max(1, (WIDTH - 2 * MARGIN + GAP) // (cell[0] + GAP))
    wanted = math.ceil(math.sqrt(1.5 * panels * (cell[1] + GAP) / (cell[0] + GAP)))
    least = (MIN_WIDTH - 2 * MARGIN + GAP) // (cell[0] + GAP)
    return min(fit, max(wanted, least), panels)


def _panel(
    sheet: Image.Image,
    corner: tuple[int, int],
    title: str,
    colour: tuple[int, int, int],
    pixels: np.ndarray,
) -> None:
    x, y = corner
    height, width = pixels.shape[:2]
    draw = ImageDraw.Draw(sheet)
    draw.text((x, y), title, fill=colour, font=_font(14))
    draw.rectangle((x - 1, y + TITLE - 1, x + width, y + TITLE + height), outline=FRAME)
    sheet.paste(Image.fromarray(pixels), (x, y + TITLE))


def _frame_symbol(
    draw: ImageDraw.ImageDraw,
    explained: Explained,
    number: int,
    corner: tuple[int, int],
    zoom: float,
) -> None:
    """A thin frame around the symbol's box, if it has one."""
    box = (explained.transcript.symbols or ())[number].box
    if box:
        x, y = corner[0], corner[1] + TITLE
        edges = (x + box.x0 * zoom - 3, y + box.y0 * zoom - 3)
        draw.rectangle((*edges, x + box.x1 * zoom + 2, y + box.y1 * zoom + 2), outline=BOX)


def _header(explained: Explained, width: int) -> list[tuple[str, tuple[int, int, int]]]:
    """Lines of text above the panels, and their colours: what it is, and the answer, broken at
    blanks."""
    transcript = explained.transcript
    about = f"{explained.title}   confidence {transcript.confidence:.3f}"
    if transcript.flags:
        about += f"   {', '.join(transcript.flags)}"
    answer = transcript.latex or "nothing was read"
    return [(about, FAINT), *((line, INK) for line in _wrapped(answer.split(" "), width))]


def _wrapped(words: Sequence[str], width: int) -> list[str]:
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _font(15).getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font that comes with Pillow."""
    return ImageFont.load_default(size)
