"""`i2l calibrate`: one call, a line per file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def calibrate(
    checkpoint: Annotated[Path, typer.Argument(help="Checkpoint to calibrate.")],
    predictions: Annotated[
        list[Path],
        typer.Argument(help="Output folders of `i2l evaluate` of this checkpoint."),
    ],
) -> None:
    """Fit what confidence means to answers whose truth is known; stored with the checkpoint.

    Evaluate with the --beam-size that is to be used, auto unless there is a reason.
    """
    from i2l_batch.train.calibration.calibrate import calibrate

    for measured in calibrate(checkpoint, predictions):
        print(measured.line())
