"""The reader: prepared pictures in, hypotheses out. A model and its search; no files but the
checkpoint, no Ray.

Pictures of like size share a batch, to compute little padding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from i2l_batch.answers import NOTHING, formula
from i2l_batch.attention import Attention
from i2l_batch.batches import FittingBatches, Key, limits
from i2l_batch.config import BeamSize
from i2l_batch.errors import UsageError
from i2l_batch.grammar import Grammar
from i2l_batch.grammar.constraint import Constrained, Masks
from i2l_batch.images import Prepared
from i2l_batch.models.beam_search import BeamConfig, beam_search
from i2l_batch.models.checkpoint import load_checkpoint
from i2l_batch.models.grouping import pad
from i2l_batch.models.hypothesis import Hypothesis, ranked
from i2l_batch.models.stepper import ModelStepper
from i2l_batch.models.tokenizer import BOS, EOS
from i2l_batch.records import Symbol
from i2l_batch.symbols import find_symbols

Device = Literal["auto", "cpu", "cuda"]

THOROUGH = 4
"""Hypotheses that `auto` follows where one is not enough: as good as five, in a tenth less time."""

UNSURE = -0.11
"""Mean log-probability of the tokens, below which a greedy answer is not enough: so are a fifth
of those to im2latex-100k's images, which bring most of what a beam is better for."""


class Reading(NamedTuple):
    """What was read in a prepared picture."""

    hypotheses: list[Hypothesis]
    symbols: Sequence[Symbol] | None
    """Of the answer; null when attention is not recorded."""
    attention: Attention | None
    """Of the answer; null when it is not recorded."""
    fits: bool = True
    """Into the memory of the device; else nothing was read."""


class PictureReader:
    """A loaded model that reads pictures; as many at once as the memory of the device bears."""

    def __init__(
        self,
        checkpoint: Path,
        *,
        device: Device,
        beam_size: BeamSize,
        batch_size: int | None,
        max_length: int,
        attention: bool,
    ) -> None:
        """Load a checkpoint. Arguments as those of `Transcriber`."""
        self.device = choose_device(device)
        self.model, self.tokenizer = load_checkpoint(checkpoint, self.device)
        self.beam_size: BeamSize = beam_size
        self.batch = limits(gpu=self.device == "cuda", batch_size=batch_size)
        self.beam = BeamConfig(
            bos=BOS,
            eos=EOS,
            beam_size=1 if beam_size == "auto" else beam_size,
            max_length=min(max_length, self.model.config.max_tokens),
            length_penalty=self.model.length_penalty,
            record_attention=attention,
        )
        # All together, and encoded again: a few at a time would cost more.
        self._thorough = replace(self.beam, beam_size=THOROUGH, eager=True)
        self._batches = {beam: FittingBatches(self.batch) for beam in (self.beam, self._thorough)}
        self.grammar = Grammar(self.tokenizer.vocabulary)
        self._masks = Masks(self.grammar, self.device)

    def read(self, pictures: Mapping[Key, Prepared]) -> Iterator[tuple[Key, Reading]]:
        """Each picture read, in any order."""
        blank = {key for key, picture in pictures.items() if "blank" in picture.flags}
        for key in blank:
            yield key, self._reading(pictures[key], NOTHING)
        unsure: dict[Key, Hypothesis] = {}
        for key, hypotheses in self._search(pictures, pictures.keys() - blank, self.beam):
            if hypotheses is None:
                yield key, self._reading(pictures[key], NOTHING)._replace(fits=False)
            elif self.beam_size == "auto" and self._is_unsure(hypotheses[0]):
                unsure[key] = hypotheses[0]
            else:
                yield key, self._reading(pictures[key], hypotheses)
        for key, hypotheses in self._search(pictures, unsure.keys(), self._thorough):
            greedy = unsure[key]
            others = [h for h in hypotheses or () if h.tokens != greedy.tokens]
            found = ranked([greedy, *others], self._thorough.length_penalty)
            found.sort(key=lambda h: self.grammar.loop(h.tokens) is not None)  # those come last
            yield key, self._reading(pictures[key], found)

    def _is_unsure(self, hypothesis: Hypothesis) -> bool:
        """Whether a greedy answer is to be looked for again."""
        is_whole = hypothesis.finished and self.grammar.loop(hypothesis.tokens) is None
        return hypothesis.score < UNSURE or not is_whole

    def _search(
        self, pictures: Mapping[Key, Prepared], keys: Set[Key], beam: BeamConfig
    ) -> Iterator[tuple[Key, list[Hypothesis] | None]]:
        """Some of the pictures with what the search found, in any order; null for those that do
        not fit into memory."""

        def search(batch: list[Key]) -> list[list[Hypothesis]] | None:
            images, sizes = pad([pictures[key].ink for key in batch])
            try:
                return self._decode(images, sizes, beam)
            except torch.OutOfMemoryError:
                pass
            # Not above: until there, the error holds all that was computed.
            if self.device == "cuda":
                torch.cuda.empty_cache()
            return None

        return self._batches[beam].work(keys, search)

    @torch.inference_mode()
    def _decode(self, images: Tensor, sizes: Tensor, beam: BeamConfig) -> list[list[Hypothesis]]:
        with torch.autocast(self.device, torch.bfloat16, enabled=self.device == "cuda"):
            memory = self.model.encode(images.to(self.device), sizes.to(self.device))
            stepper = ModelStepper(self.model, memory, beam.beam_size)
            stepper = Constrained(stepper, self._masks, len(images), beam.beam_size)
            return beam_search(stepper, len(images), beam, self.device)

    def _reading(self, picture: Prepared, hypotheses: list[Hypothesis]) -> Reading:
        if not self.beam.record_attention:
            return Reading(hypotheses, None, None)
        answer = hypotheses[0]
        tokens, read = formula(answer, self.grammar)
        left, top = picture.left, picture.top
        weights = np.zeros((0, 0), np.float32)
        places = np.zeros((0, 4))
        if answer.attention is not None:  # in a blank picture nothing was looked at
            weights = np.pad(answer.attention.cpu().numpy(), ((0, 1), (0, 0)))  # of what was added
            weights = weights[np.array([-1 if i is None else i for i in read], int)]
            places = self.model.places(torch.tensor([picture.ink.shape]))[0].numpy().astype(float)
            weights = weights[:, : len(places)]  # behind are those of larger pictures
        attention = Attention(
            tokens=tuple(self.tokenizer.vocabulary[token] for token in tokens),
            weights=weights,
            places=picture.to_given(places),
            em=self.model.em_pixels / picture.scale,
            frame=(left, top, left + picture.sharp.shape[1], top + picture.sharp.shape[0]),
        )
        symbols = find_symbols(attention, picture.sharp)
        return Reading([replace(h, attention=None) for h in hypotheses], symbols, attention)


def choose_device(device: Device) -> Literal["cpu", "cuda"]:
    """The device to compute on; `cuda` without a GPU is a UsageError."""
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise UsageError("--device cuda: torch finds no GPU here; use --device cpu or auto")
    return "cuda" if available and device != "cpu" else "cpu"
