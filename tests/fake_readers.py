"""Readers without a model, for runs in which the model does not matter."""

from __future__ import annotations

import hashlib
import os
import signal
import time

from i2l_batch.errors import CheckpointError, SourceError
from i2l_batch.records import Crop, Transcript, unread
from i2l_batch.stages import Piece, Reader


def hashed(crop: Crop) -> Transcript:
    """The answer of `HashReader`: the picture's hash."""
    return Transcript(
        latex=hashlib.sha256(crop.png).hexdigest()[:12],
        confidence=0.5,
        score=-0.7,
        lowest=-1.5,
        num_tokens=12,
        stop="eos",
        valid=True,
        flags=(),
        alternatives=(),
    )


class HashReader(Reader):
    """Reads a picture as its hash."""

    def load(self) -> None:
        pass

    def read(
        self, picks: list[tuple[int, int]], *chunks: list[Piece]
    ) -> tuple[list[Transcript], float]:
        crops = [chunks[chunk][piece].crop for chunk, piece in picks]
        for crop in crops:
            self.look(crop)
        return [hashed(crop) for crop in crops], 0.01

    def look(self, _: Crop, /) -> None:
        pass


class SlowReader(HashReader):
    """Takes its time, so that something can happen."""

    def look(self, _: Crop, /) -> None:
        time.sleep(0.15)


class OnceReader(HashReader):
    """Raises over a picture that it has seen."""

    def load(self) -> None:
        self._seen: set[bytes] = set()

    def look(self, crop: Crop, /) -> None:
        if crop.png in self._seen:
            raise ValueError("seen before")
        self._seen.add(crop.png)


class PoisonedReader(HashReader):
    """Dies over a formula with the number 3."""

    def look(self, crop: Crop, /) -> None:
        if crop.number == "3":
            os.kill(os.getpid(), signal.SIGKILL)


class FussyReader(HashReader):
    """Raises over a formula with the number 3."""

    def look(self, crop: Crop, /) -> None:
        if crop.number == "3":
            raise ValueError("three")


class HopelessReader(HashReader):
    """Raises over everything."""

    def look(self, _: Crop, /) -> None:
        raise ValueError("broken\nin two lines")


class FullReader(HashReader):
    """Has no memory for anything, as on a GPU that others use."""

    def read(
        self, picks: list[tuple[int, int]], *chunks: list[Piece]
    ) -> tuple[list[Transcript], float]:
        del chunks
        return [unread("out_of_memory") for _ in picks], 0.01


class LosingReader(HashReader):
    """Finds no crop where it should be."""

    def look(self, _: Crop, /) -> None:
        raise SourceError("crashed", "crops are lost")


class UnloadableReader(HashReader):
    """Its checkpoint is of no use."""

    def load(self) -> None:
        raise CheckpointError("the checkpoint is of no use")


class DyingReader(HashReader):
    """Never survives its loading."""

    def load(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)
