"""Draws docs/calibration.png: how many answers of each confidence are exactly right.

    python docs/calibration.py im2latex/ arxiv/

of output folders of `i2l evaluate`, a panel each. The confidence of an answer is that of a
calibration fitted on four fifths of all answers, which it is not among. On the diagonal nine in ten
answers with 0.9 are right; a dot's area is the number of answers in its bin.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from i2l_batch.train.calibration.calibrate import held_out_confidences, read_answers
from i2l_batch.train.calibration.fit import calibration_error

HERE = Path(__file__).resolve().parent
SIDE, MARGIN, BINS = 360, 60, 10
INK, GRID, DIAGONAL, DOT = (40, 40, 40), (225, 225, 225), (150, 150, 150), (0, 90, 180)


def panel(name: str, confidence: np.ndarray, right: np.ndarray) -> Image.Image:
    """One file's answers: mean confidence across, share that is right upwards."""
    image = Image.new("RGB", (SIDE + 2 * MARGIN, SIDE + 2 * MARGIN), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(14)
    for tenth in range(0, 11, 2):
        at = SIDE * tenth / 10
        draw.line([MARGIN + at, MARGIN, MARGIN + at, MARGIN + SIDE], fill=GRID)
        draw.line([MARGIN, MARGIN + at, MARGIN + SIDE, MARGIN + at], fill=GRID)
        draw.text((MARGIN + at, MARGIN + SIDE + 8), f"{tenth / 10:g}", INK, font, anchor="mt")
        draw.text((MARGIN - 8, MARGIN + SIDE - at), f"{tenth / 10:g}", INK, font, anchor="rm")
    draw.line([MARGIN, MARGIN + SIDE, MARGIN + SIDE, MARGIN], fill=DIAGONAL, width=2)
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    for i in np.unique(place):
        inside = place == i
        x = MARGIN + SIDE * confidence[inside].mean()
        y = MARGIN + SIDE * (1 - right[inside].mean())
        radius = 3 + 22 * np.sqrt(inside.mean())
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], outline=DOT, width=2)
        draw.ellipse([x - 3, y - 3, x + 3, y + 3], fill=DOT)
    error = calibration_error(confidence, right, BINS)
    title = f"{name}: {len(right):,} answers, expected calibration error {error:.3f}"
    draw.text((MARGIN, 8), title, INK, font)
    draw.text((MARGIN + SIDE / 2, MARGIN + SIDE + 40), "confidence", INK, font, anchor="mm")
    draw.text((8, MARGIN - 24), "exactly right", INK, font)
    return image


def main(folders: list[str]) -> None:
    """All panels, side by side."""
    files = [read_answers(Path(folder)) for folder in folders]
    panels = [
        panel(answers.name, confidence, answers.right)
        for answers, confidence in zip(files, held_out_confidences(files), strict=True)
    ]
    image = Image.new("RGB", (sum(p.width for p in panels), panels[0].height), "white")
    x = 0
    for one in panels:
        image.paste(one, (x, 0))
        x += one.width
    image.quantize(64).save(HERE / "calibration.png", optimize=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
