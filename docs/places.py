"""Draws docs/places.png: where the model found each symbol of ten formulas.

    python docs/places.py

The formulas are drawn by TeX, so that the true places are known too: a box is green where its
centre is in the true one, else red; blue for a token that was misread, and has no true one. Below
each formula are its tokens as read, an ordinal at each box. Needs TeX.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from i2l_batch.canonical import canonicalize
from i2l_batch.latex import tokenize
from i2l_batch.records import Symbol
from i2l_batch.train.dataset.render import Rendering, render
from i2l_batch.transcriber import Transcriber
from i2l_batch.visible import drawn

HERE = Path(__file__).resolve().parent
DPI = 200.0
ZOOM = 2
"""Pixels of the page for one of the picture, so that boxes and ordinals find room."""
GAP, WIDTH = 40, 900
RIGHT, WRONG, UNKNOWN, TEXT = (0, 140, 60), (210, 0, 0), (0, 80, 200), (110, 110, 110)

FORMULAS = (
    r"x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}",
    r"\int_{-\infty}^{\infty} e^{-x^2} d x = \sqrt{\pi}",
    r"(a + b)^n = \sum_{k=0}^{n} \binom{n}{k} a^k b^{n-k}",
    r"f'(x) = \lim_{h \to 0} \frac{f(x + h) - f(x)}{h}",
    r"\frac{\partial^2 u}{\partial t^2} = c^2 \nabla^2 u",
    r"R_{\mu\nu} - \frac{1}{2} g_{\mu\nu} R = \frac{8 \pi G}{c^4} T_{\mu\nu}",
    r"\hat{H} | \psi \rangle = i \hbar \frac{d}{dt} | \psi \rangle",
    r"\prod_{p} \left( 1 - p^{-s} \right)^{-1} = \sum_{n=1}^{\infty} \frac{1}{n^{s}}",
    r"\bar{X}_n = \frac{X_1 + \cdots + X_n}{n} \rightarrow \mathcal{N}(\mu, \sigma^2)",
    r"\oint_{\gamma} f(z) d z = 2 \pi i \sum_{k} \mathrm{Res}(f, a_k)",
)


def panel(tokens: list[str], rendering: Rendering, symbols: tuple[Symbol, ...]) -> Image.Image:
    """A formula with the boxes of its symbols, and the tokens below."""
    height, width = rendering.pixels.shape
    image = Image.new("RGB", (WIDTH, height * ZOOM + 3 * GAP), "white")
    picture = Image.fromarray(rendering.pixels).resize((width * ZOOM, height * ZOOM))
    image.paste(picture, (GAP, GAP))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(15)
    read = [symbol.token for symbol in symbols]
    matcher = SequenceMatcher(None, read, tokens, autojunk=False)
    true_places = {
        start + k: true_start + k
        for start, true_start, size in matcher.get_matching_blocks()
        for k in range(size)
    }
    for count, i in enumerate(drawn(read), 1):
        box = symbols[i].box
        if box is None:
            continue
        colour = UNKNOWN
        if i in true_places and rendering.boxes[true_places[i]].any():
            true_box = rendering.boxes[true_places[i]].tolist()
            colour = RIGHT if box.is_centred_in(*true_box) else WRONG
        corners = [GAP + ZOOM * edge for edge in (box.x0, box.y0, box.x1, box.y1)]
        draw.rectangle(corners, outline=colour)
        draw.text((corners[0], corners[1] - 15), str(count), fill=colour, font=font)
    draw.text((GAP, height * ZOOM + 2 * GAP - 10), " ".join(read), fill=TEXT, font=font)
    return image


def sheet() -> Image.Image:
    """All formulas, one below the other."""
    formulas = [canonicalize(tokenize(formula)) for formula in FORMULAS]
    renderings = render(formulas, [DPI] * len(formulas))
    transcriber = Transcriber(attention=True)
    panels = []
    for tokens, rendering in zip(formulas, renderings, strict=True):
        assert isinstance(rendering, Rendering), rendering
        [answer] = transcriber.transcribe([rendering.pixels])
        panels.append(panel(tokens, rendering, answer.symbols or ()))
    image = Image.new("RGB", (WIDTH, sum(panel.height for panel in panels)), "white")
    y = 0
    for one in panels:
        image.paste(one, (0, y))
        y += one.height
    return image


if __name__ == "__main__":
    sheet().quantize(64).save(HERE / "places.png", optimize=True)
