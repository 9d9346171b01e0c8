"""Draws docs/distortions.png: a formula under each of the distortions that training uses.

python docs/distortions.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from i2l_batch.images import prepare
from i2l_batch.train.distortion.chain import DISTORTIONS, PAPER_MARGIN
from i2l_batch.train.distortion.picture import Picture

HERE = Path(__file__).resolve().parent
FORMULA = HERE.parent / "examples" / "formulas" / "quadratic.png"
EM = 10 / 72.27 * 110
"""Pixels per em of the example images (examples/build.py)."""
SEEDS = (1, 2, 3)
NAME, GAP, GROUND = 150, 12, 225


def sheet() -> Image.Image:
    """A row per distortion: its name and the formula under three seeds."""
    grey = np.asarray(Image.open(FORMULA).convert("L"))
    sharp = prepare(grey, EM, em_pixels=EM).sharp
    clean = Picture.of_ink(sharp, EM, PAPER_MARGIN)
    rows = {
        name: [kind(clean, np.random.default_rng(seed)).bytes() for seed in SEEDS]
        for name, kind in DISTORTIONS.items()
    }
    columns = [max(row[k].shape[1] for row in rows.values()) for k in range(len(SEEDS))]
    heights = [max(picture.shape[0] for picture in row) for row in rows.values()]
    width = NAME + sum(columns) + GAP * len(columns)
    image = Image.new("L", (width, sum(heights) + GAP * (len(rows) + 1)), GROUND)
    draw = ImageDraw.Draw(image)
    y = GAP
    for (name, row), height in zip(rows.items(), heights, strict=True):
        draw.text((GAP, y + 4), name.replace("_", " "), fill=0)
        x = NAME
        for picture, column in zip(row, columns, strict=True):
            image.paste(Image.fromarray(picture), (x, y))
            x += column + GAP
        y += height + GAP
    return image


if __name__ == "__main__":
    sheet().save(HERE / "distortions.png", optimize=True)
