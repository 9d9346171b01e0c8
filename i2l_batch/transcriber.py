"""The transcriber: pictures of formulas in, `Transcript`s out. A plain class: no Ray, no files but
the checkpoint.

Identical pictures are read once, also in later batches. Pictures of like size share a batch, to
compute little padding.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from i2l_batch.errors import UsageError
from i2l_batch.images import prepare
from i2l_batch.latex import is_valid
from i2l_batch.models.beam_search import BeamConfig, Hypothesis, beam_search
from i2l_batch.models.checkpoint import load_checkpoint
from i2l_batch.models.encoder import STRIDE
from i2l_batch.models.files import SHIPPED
from i2l_batch.models.stepper import ModelStepper
from i2l_batch.models.tokenizer import BOS, EOS, Tokenizer
from i2l_batch.records import Candidate, Transcript

Device = Literal["auto", "cpu", "cuda"]

BATCH_PIXELS = 2_000_000
"""Padded pixels that are encoded at once: about 250 MB of activations."""

NOTHING = [Hypothesis(tokens=(), log_probability=0.0, finished=True)]
"""What is read in a blank picture. A model would recite something."""

REMEMBERED = 10_000
"""Pictures whose answers are kept, for the same formula on another page or in another paper."""


class Key(NamedTuple):
    """What tells prepared pictures apart."""

    height: int
    width: int
    digest: bytes


class Transcriber:
    """A loaded model that reads pictures."""

    def __init__(
        self,
        checkpoint: Path = SHIPPED,
        *,
        device: Device = "auto",
        beam_size: int = 5,
        batch_size: int = 32,
        max_length: int = 256,
        num_threads: int | None = None,
    ) -> None:
        """Load a checkpoint.

        Args:
            checkpoint: folder with weights, configuration and vocabulary.
            device: `auto` takes the GPU where there is one.
            beam_size: hypotheses that are followed per picture; 1 is greedy, and fastest.
            batch_size: most pictures that are decoded at once.
            max_length: most tokens of an answer.
            num_threads: CPU threads; null leaves torch's own choice.
        """
        if num_threads is not None:
            torch.set_num_threads(num_threads)
        self.device = choose_device(device)
        self.model, self.tokenizer = load_checkpoint(checkpoint, self.device)
        self.batch_size = batch_size
        self.beam = BeamConfig(
            bos=BOS,
            eos=EOS,
            beam_size=beam_size,
            max_length=min(max_length, self.model.config.max_tokens),
        )
        self._read: dict[Key, list[Hypothesis]] = {}

    def transcribe(
        self, pictures: Sequence[np.ndarray], ems: Sequence[float | None] | None = None
    ) -> list[Transcript]:
        """Read grey pictures (H, W) uint8, one formula each.

        Args:
            pictures: black on white or the reverse, any size.
            ems: size of each formula's main font in pixels, where it is known.
        """
        prepared = [
            prepare(grey, em, em_pixels=self.model.em_pixels, max_size=self.model.max_size)
            for grey, em in zip(pictures, ems or [None] * len(pictures), strict=True)
        ]
        keys = [_key(picture.ink) for picture in prepared]
        unread = {
            key: picture.ink
            for key, picture in zip(keys, prepared, strict=True)
            if "blank" not in picture.flags and key not in self._read
        }
        found = {key: self._read[key] for key in keys if key in self._read}
        for batch in size_batches(unread, self.batch_size):
            answers = self._decode([unread[key] for key in batch])
            found.update(zip(batch, answers, strict=True))
        self._remember(found)
        return [
            transcript(found.get(key, NOTHING), self.tokenizer, picture.flags)
            for key, picture in zip(keys, prepared, strict=True)
        ]

    def _remember(self, found: dict[Key, list[Hypothesis]]) -> None:
        self._read |= found
        for key in list(self._read)[: max(0, len(self._read) - REMEMBERED)]:
            del self._read[key]

    @torch.inference_mode()
    def _decode(self, inks: Sequence[np.ndarray]) -> list[list[Hypothesis]]:
        images, sizes = pad(inks)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.device == "cuda"):
            memory = self.model.encode(images.to(self.device), sizes.to(self.device))
            stepper = ModelStepper(self.model, memory, self.beam.beam_size)
            return beam_search(stepper, len(inks), self.beam, self.device)


def choose_device(device: Device) -> Literal["cpu", "cuda"]:
    """The device to compute on; `cuda` without a GPU is a UsageError."""
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise UsageError("--device cuda: torch finds no GPU here; use --device cpu or auto")
    return "cuda" if available and device != "cpu" else "cpu"


def pad(inks: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Pictures (h, w) uint8 ink as one batch (B, H, W) float in 0..1, and sizes (B, 2)."""
    sizes = np.array([ink.shape for ink in inks])
    height, width = (-(-sizes.max(0) // STRIDE) * STRIDE).tolist()
    batch = np.zeros((len(inks), height, width), np.float32)
    for i, ink in enumerate(inks):
        batch[i, : ink.shape[0], : ink.shape[1]] = ink
    return torch.from_numpy(batch / 255), torch.from_numpy(sizes)


def size_batches(pictures: Mapping[Key, np.ndarray], batch_size: int) -> list[list[Key]]:
    """The pictures' keys in batches of like size, within `batch_size` and `BATCH_PIXELS`."""
    # Wide formulas have many tokens: sorted by width, a batch also ends at about the same step.
    ordered = sorted(pictures, key=lambda key: (key.width, key.height))
    batches: list[list[Key]] = []
    height = 0
    for key in ordered:
        height = max(height, key.height)
        full = batches and (
            len(batches[-1]) == batch_size
            or (len(batches[-1]) + 1) * height * key.width > BATCH_PIXELS
        )
        if full or not batches:
            batches.append([])
            height = key.height
        batches[-1].append(key)
    return batches


def transcript(
    hypotheses: Sequence[Hypothesis], tokenizer: Tokenizer, flags: tuple[str, ...]
) -> Transcript:
    """The answer out of a beam: its best hypothesis that parses, or the best if none does."""
    latexes = [tokenizer.decode(h.tokens) for h in hypotheses]
    chosen = next((i for i, latex in enumerate(latexes) if is_valid(latex)), 0)
    best, latex = hypotheses[chosen], latexes[chosen]
    if not best.finished:
        flags = (*flags, "max_length")
    if has_loop(best.tokens):
        flags = (*flags, "repeats")
    valid = is_valid(latex)
    return Transcript(
        latex=latex,
        # The geometric mean of the token probabilities; not calibrated to accuracy.
        confidence=0.0 if "blank" in flags else math.exp(min(best.score, 0.0)),
        score=best.score,
        num_tokens=len(best.tokens),
        stop="eos" if best.finished else "length",
        valid=valid,
        flags=flags if valid else (*flags, "invalid"),
        alternatives=tuple(
            Candidate(latex=other, score=h.score)
            for i, (other, h) in enumerate(zip(latexes, hypotheses, strict=True))
            if i != chosen
        ),
    )


def _key(ink: np.ndarray) -> Key:
    height, width = ink.shape
    return Key(height, width, hashlib.blake2b(ink.tobytes(), digest_size=16).digest())


def has_loop(tokens: Sequence[int], repeats: int = 6) -> bool:
    """Whether a run of 2 to 12 tokens comes `repeats` times in a row, as a stuck decoder does."""
    for period in range(2, 13):
        matches = 0
        for i in range(period, len(tokens)):
            matches = matches + 1 if tokens[i] == tokens[i - period] else 0
            if matches >= period * (repeats - 1):
                return True
    return False
