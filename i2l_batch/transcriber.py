"""The transcriber: pictures of formulas in, `Transcript`s out. A plain class: no Ray, no files but
the checkpoint.

Identical pictures are read once; formulas of several rows are read row by row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

import torch

from i2l_batch.answers import transcript
from i2l_batch.any_picture import AnyPicture, grey_picture
from i2l_batch.arrangement import arrange
from i2l_batch.attention import Attention
from i2l_batch.batches import Key, key_of
from i2l_batch.calibration import load_calibration
from i2l_batch.config import BeamSize
from i2l_batch.images import Prepared, prepare
from i2l_batch.models.config import picture_format
from i2l_batch.models.files import SHIPPED
from i2l_batch.picture_reader import Device, PictureReader, Reading
from i2l_batch.records import Transcript, unread
from i2l_batch.row_answers import joined, joined_attention, placed

_Parts = list[tuple[Key, Prepared]]
"""What is read of a picture at once: its rows, or all of it."""


class Transcriber:
    """A loaded model that reads formulas."""

    def __init__(
        self,
        checkpoint: Path = SHIPPED,
        *,
        device: Device = "auto",
        beam_size: BeamSize = "auto",
        batch_size: int | None = None,
        max_length: int = 256,
        attention: bool = False,
        num_threads: int | None = None,
    ) -> None:
        """Load a checkpoint.

        Args:
            checkpoint: folder with weights, configuration and vocabulary.
            device: `auto` takes the GPU where there is one.
            beam_size: hypotheses that are followed per picture; 1 is greedy, and fastest; `auto` is
                1, and 4 for pictures of which the model is unsure then.
            batch_size: most pictures that are decoded at once; null for 32 on a CPU, 256 on a GPU.
            max_length: most tokens of an answer, or of each of its rows.
            attention: also find where each token stands: `Transcript.symbols`, and `look`.
            num_threads: CPU threads; null leaves torch's own choice.
        """
        if num_threads is not None:
            torch.set_num_threads(num_threads)
        self.reader = PictureReader(
            checkpoint,
            device=device,
            beam_size=beam_size,
            batch_size=batch_size,
            max_length=max_length,
            attention=attention,
        )
        self._calibration = load_calibration(checkpoint)

    def transcribe(
        self, pictures: Sequence[AnyPicture], ems: Sequence[float | None] | None = None
    ) -> list[Transcript]:
        """Read pictures, one formula each.

        Args:
            pictures: paths, PIL images or arrays, as `grey_picture` takes them; black on white or
                the reverse, any size.
            ems: size of each formula's main font in pixels, where it is known.

        Raises:
            SourceError: a file cannot be read.
            UsageError: an array is no picture.
        """
        return self.read(self._prepare(pictures, ems))

    def read(self, pictures: Sequence[Prepared]) -> list[Transcript]:
        """As `transcribe`, for pictures that are prepared for this model already."""
        parts = [self._keyed(picture) for picture in pictures]
        readings = self.reader.read(dict(chain(*parts)))
        found = {key: reading._replace(attention=None) for key, reading in readings}
        return [self._answer(p, part, found) for p, part in zip(pictures, parts, strict=True)]

    def look(
        self, pictures: Sequence[AnyPicture], ems: Sequence[float | None] | None = None
    ) -> list[tuple[Transcript, Attention]]:
        """As `transcribe`, with what the model looked at for each token.

        Raises:
            AssertionError: the transcriber was made without `attention`.
        """
        assert self.reader.beam.record_attention, "made without attention"
        prepared = self._prepare(pictures, ems)
        parts = [self._keyed(picture) for picture in prepared]
        found = dict(self.reader.read(dict(chain(*parts))))
        return [
            (self._answer(picture, part, found), self._attention(picture, part, found))
            for picture, part in zip(prepared, parts, strict=True)
        ]

    def _prepare(
        self, pictures: Sequence[AnyPicture], ems: Sequence[float | None] | None
    ) -> list[Prepared]:
        wanted = picture_format(self.reader.model.config)._asdict()
        return [
            prepare(grey_picture(picture), em, **wanted)
            for picture, em in zip(pictures, ems or [None] * len(pictures), strict=True)
        ]

    def _keyed(self, picture: Prepared) -> _Parts:
        located = self.reader.beam.record_attention
        return [(key_of(part, located), part) for part in picture.rows or (picture,)]

    def _answer(self, picture: Prepared, parts: _Parts, found: Mapping[Key, Reading]) -> Transcript:
        answers = [self._transcript(found[key], part) for key, part in parts]
        if not picture.rows:
            return answers[0]
        tokens = [answer.latex.split() for answer in answers]
        places = placed(tokens, picture.rows, self.reader.model.em_pixels)
        return joined(answers, places, picture.flags, self._calibration)

    def _attention(
        self, picture: Prepared, parts: _Parts, found: Mapping[Key, Reading]
    ) -> Attention:
        looked = [found[key].attention for key, _ in parts]
        rows = [attention for attention in looked if attention is not None]
        assert len(rows) == len(parts), "attention is recorded"
        if not picture.rows:
            return rows[0]
        tokens = [row.tokens for row in rows]
        places = placed(tokens, picture.rows, self.reader.model.em_pixels)
        return joined_attention(rows, arrange(places))

    def _transcript(self, reading: Reading, picture: Prepared) -> Transcript:
        if not reading.fits:
            return unread("out_of_memory", picture.flags)
        return transcript(
            reading.hypotheses,
            self.reader.tokenizer,
            self.reader.grammar,
            picture.flags,
            calibration=self._calibration,
            symbols=reading.symbols,
        )
