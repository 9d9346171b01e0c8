"""A formula whose attention is known, for sheets and pages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from i2l_batch.attention import Attention
from i2l_batch.explain.formula import Explained
from i2l_batch.records import Box, Symbol, Transcript
from i2l_batch.visible import drawn


def explained(tokens: Sequence[str], cell: int = 10, **facts: object) -> Explained:
    """A row of black blocks, one for each token; of token i, the model looked at block i alone."""
    count = len(tokens)
    picture = np.full((3 * cell, max(count, 1) * cell), 255, np.uint8)
    places, symbols = np.zeros((count, 4)), []
    for i, token in enumerate(tokens):
        x = i * cell
        places[i] = x, cell, x + cell, 2 * cell
        picture[cell + 3 : 2 * cell - 3, x + 3 : x + cell - 3] = 0
        box = Box(x0=x + 3, y0=cell + 3, x1=x + cell - 3, y1=2 * cell - 3)
        shown = i in drawn(tokens)
        symbols.append(
            Symbol(token=token, box=box if shown else None, weight=1.0 if shown else None)
        )
    transcript = Transcript(
        latex=" ".join(tokens),
        confidence=0.75,
        score=-0.3,
        lowest=-0.5,
        num_tokens=count,
        stop="eos",
        valid=True,
        flags=("invalid",),
        alternatives=(),
        symbols=tuple(symbols),
    )
    values = {"title": 'a <b> & "c".png', "sheet": "a b-png.png"} | facts
    return Explained(
        title=str(values["title"]),
        sheet=str(values["sheet"]),
        picture=picture,
        transcript=transcript,
        attention=Attention(
            tokens=tuple(tokens),
            weights=np.eye(count, dtype=np.float32),
            places=places,
            em=14.0,
            frame=(0, 0, picture.shape[1], picture.shape[0]),
        ),
    )
