"""One formula that was read, with what the model looked at: what a sheet and the page show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from i2l_batch.attention import Attention
from i2l_batch.records import Transcript


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
