"""Which distortions a picture goes through, in the order in which life would do them.

In: a sample of clean print and a generator. Out: the same sample as the program would get it from a
user's file: distorted, and then prepared as every user's picture is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from i2l_batch.images import MARGIN, prepare
from i2l_batch.train.data import Sample
from i2l_batch.train.distortion import kinds
from i2l_batch.train.distortion.kinds import Distortion
from i2l_batch.train.distortion.picture import Picture

PAPER_MARGIN = 8
"""Pixels of paper around a formula before anything happens to it."""

GUESS = 0.1
"""Standard error of the guessed size of the text, as a logarithm; see `text_size.estimate_em`."""


class Stage(NamedTuple):
    """Distortions of which at most one happens."""

    chance: float
    """That one of them does (0-1)."""
    choices: dict[str, Distortion]


STAGES = (
    Stage(0.25, {"thick": kinds.thick, "thin": kinds.thin}),
    Stage(
        0.2,
        {
            "neighbouring_lines": kinds.neighbouring_lines,
            "equation_number": kinds.equation_number,
        },
    ),
    Stage(
        0.4,
        {"tilted": kinds.tilted, "sheared": kinds.sheared, "stretched": kinds.stretched},
    ),
    Stage(0.5, {"low_resolution": kinds.low_resolution}),
    Stage(0.3, {"enlarged": kinds.enlarged}),
    Stage(0.2, {"blurred": kinds.blurred}),
    Stage(0.3, {"faint": kinds.faint, "uneven_light": kinds.uneven_light}),
    Stage(0.3, {"noisy": kinds.noisy, "specks": kinds.specks}),
    Stage(0.35, {"tight": kinds.tight, "wide": kinds.wide}),
    Stage(0.3, {"jpeg": kinds.jpeg}),
    Stage(0.1, {"inverted": kinds.inverted}),
)
"""From print to file."""

DISTORTIONS = {name: kind for stage in STAGES for name, kind in stage.choices.items()}
"""All by name."""


def draw_names(rng: np.random.Generator) -> list[str]:
    """The names of a random chain, maybe none."""
    names = []
    for stage in STAGES:
        if rng.random() < stage.chance:
            choices = list(stage.choices)
            names.append(choices[int(rng.integers(len(choices)))])
    return names


def distorted(
    sample: Sample,
    em: float,
    rng: np.random.Generator,
    *,
    em_pixels: float,
    max_size: tuple[int, int],
) -> Sample:
    """The sample after a random chain of distortions, at the size that the model reads.

    Args:
        sample: of clean print.
        em: body size of its text in pixels.
        rng: decides everything.
        em_pixels: body size that the model reads.
        max_size: height and width that the model takes, margins included.
    """
    picture = Picture.of_ink(sample.ink, em, PAPER_MARGIN)
    for name in draw_names(rng):
        picture = DISTORTIONS[name](picture, rng)
    # A guess as good as that from the ink, which takes longer than all the rest.
    guess = picture.em * float(np.exp(rng.normal(0, GUESS)))
    prepared = prepare(picture.bytes(), guess, em_pixels=em_pixels, max_size=max_size)
    if "blank" in prepared.flags:
        return sample
    # Samples are cut to their ink.
    ink = prepared.ink[MARGIN:-MARGIN, MARGIN:-MARGIN]
    x0, y0, x1, y1 = (prepared.from_given(picture.place(sample.boxes)) - MARGIN).T
    boxes = np.stack([np.floor(x0), np.floor(y0), np.ceil(x1), np.ceil(y1)], 1)
    boxes = np.clip(boxes, 0, [ink.shape[1], ink.shape[0]] * 2)
    boxes[~sample.boxes.any(1)] = 0
    return Sample(ink=ink, ids=sample.ids, boxes=boxes.astype(np.int16))
