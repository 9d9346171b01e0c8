"""One formula that was read, with what the model looked at: what a sheet and the page show.

In: a picture as it was given, and what was read in it. Out: its part with ink, and the same about
that part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from i2l_batch.attention import Attention
from i2l_batch.records import Box, Transcript

MARGIN = 0.5
"""Ems of ground that are shown around the ink."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explained:
    """A formula's picture, its transcription, and where each token of it was looked for."""

    title: str
    """Its file and its place there, for people."""
    sheet: str
    """Name of its sheet, relative to the page."""
    picture: np.ndarray
    """(H, W) uint8 grey, dark on light."""
    transcript: Transcript
    """Its symbols have their boxes in pixels of the picture."""
    attention: Attention
    """Its places are in pixels of the picture."""


def explained(
    title: str, sheet: str, grey: np.ndarray, transcript: Transcript, attention: Attention
) -> Explained:
    """A formula of a given picture (H, W) uint8, cut to what is to be seen of it."""
    margin = round(MARGIN * attention.em)
    x0, y0, x1, y1 = attention.frame
    left, top = max(x0 - margin, 0), max(y0 - margin, 0)
    picture = grey[top : y1 + margin, left : x1 + margin]

    def moved(box: Box) -> Box:
        return Box(x0=box.x0 - left, y0=box.y0 - top, x1=box.x1 - left, y1=box.y1 - top)

    return Explained(
        title=title,
        sheet=sheet,
        picture=255 - picture if "inverted" in transcript.flags else picture,
        transcript=replace(
            transcript,
            symbols=tuple(
                replace(symbol, box=moved(symbol.box)) if symbol.box else symbol
                for symbol in transcript.symbols or ()
            ),
        ),
        attention=replace(
            attention,
            places=attention.places - np.array([left, top, left, top]),
            frame=(x0 - left, y0 - top, x1 - left, y1 - top),
        ),
    )
