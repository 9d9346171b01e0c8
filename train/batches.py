"""Samples to tensors: pictures padded to one size, tokens shifted by one, each in its guise.

In: samples, and how each is to look this time. Out: `Batch`es. Knows nothing of files and models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from i2l_batch.images import MARGIN
from i2l_batch.models.tokenizer import BOS, EOS, PAD, UNK
from i2l_batch.train.config import DataConfig
from i2l_batch.train.data import Sample

GRID = (16, 32)
"""Batches are padded to multiples of this height and width, in pixels: few distinct shapes, since
preparing the convolutions for a new one takes longer than running them, and whole cells."""

UNVARIED = (0.0, 1.0, 1.0)
"""Softness, exponent and strength of strokes that are left as they are."""


@dataclass(frozen=True, slots=True)
class Guise:
    """How a sample looks in one step."""

    shift: tuple[int, int] = (MARGIN, MARGIN)
    """Empty pixels above and to the left of the ink."""
    strokes: tuple[float, float, float] = UNVARIED
    """Softness (0-1), exponent (below 1 thickens) and strength of the ink."""
    dropped: np.ndarray | None = None
    """(T,) bool: tokens that the decoder is not shown."""


FARTHEST = 2 + 2 * MARGIN
"""A moved picture has fewer pixels than this above and to the left of its ink."""

PLAIN = Guise()
"""As pictures look when a model is used."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of B samples; T is the longest target, eos included."""

    ink: Tensor
    """(B, H, W) uint8 ink, 0 empty to 255 full; H and W multiples of `GRID`."""
    sizes: Tensor
    """(B, 2) height and width of each picture, margin included."""
    inputs: Tensor
    """(B, T) ids from bos on."""
    targets: Tensor
    """(B, T) ids up to eos, then pad."""
    boxes: Tensor
    """(B, T, 4) x0 y0 x1 y1 of each target token's ink in pixels of the picture; zero where
    unknown, as for eos."""
    weights: Tensor
    """(B, T) float: share of each target token in the mean over the step; 0 for padding."""
    strokes: Tensor | None
    """(B, 3) float softness, exponent and strength of the ink; null to leave it as it is."""

    def __len__(self) -> int:
        return len(self.ink)

    def to(self, device: torch.device) -> Batch:
        """The same on another device; from pinned memory a GPU fetches it while this goes on."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> Batch:
        """The same in memory that a GPU can read by itself."""
        return self._each(Tensor.pin_memory)

    def _each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        def changed(tensor: Any) -> Any:
            return tensor if tensor is None else change(tensor)

        return Batch(**{field.name: changed(getattr(self, field.name)) for field in fields(self)})

    def images(self) -> Tensor:
        """(B, H, W) float ink in 0..1, strokes varied."""
        ink = self.ink.float() / 255
        return ink if self.strokes is None else vary(ink, self.strokes)


def draw_guise(length: int, data: DataConfig, rng: np.random.Generator) -> Guise:
    """A random look of a sample of `length` tokens, as far as the configuration wants one."""
    shift, strokes, dropped = PLAIN.shift, PLAIN.strokes, None
    if data.augment:
        dy, dx = rng.integers(2, FARTHEST, 2).tolist()
        soft, exponent, strength = rng.uniform([-0.2, 0.55, 0.85], [0.5, 1.3, 1.15]).tolist()
        shift, strokes = (dy, dx), (max(soft, 0.0), exponent, strength)
    if data.token_dropout:
        dropped = rng.random(length) < data.token_dropout
    return Guise(shift, strokes, dropped)


def collate(
    samples: Sequence[Sample],
    guises: Sequence[Guise] | None = None,
    token_weights: Sequence[float] | None = None,
) -> Batch:
    """Put samples into one batch.

    Args:
        samples: at least one.
        guises: how each looks; null for plain.
        token_weights: what each token of a sample counts in the loss; null for an even mean.
    """
    guises = guises or [PLAIN] * len(samples)
    lengths = np.array([len(sample.ids) + 1 for sample in samples])
    if token_weights is None:
        token_weights = [1 / lengths.sum()] * len(samples)
    sizes = np.array(
        [
            [s.ink.shape[0] + guise.shift[0] + MARGIN, s.ink.shape[1] + guise.shift[1] + MARGIN]
            for s, guise in zip(samples, guises, strict=True)
        ]
    )
    height, width = padded_sizes(sizes).max(0).tolist()
    ink = np.zeros((len(samples), height, width), np.uint8)
    targets = np.full((len(samples), lengths.max()), PAD, np.int64)
    inputs = targets.copy()
    boxes = np.zeros((*targets.shape, 4), np.int64)
    for b, (sample, guise) in enumerate(zip(samples, guises, strict=True)):
        (h, w), (dy, dx) = sample.ink.shape, guise.shift
        ink[b, dy : dy + h, dx : dx + w] = sample.ink
        n = len(sample.ids)
        targets[b, :n], targets[b, n] = sample.ids, EOS
        shown = sample.ids if guise.dropped is None else np.where(guise.dropped, UNK, sample.ids)
        inputs[b, 0], inputs[b, 1 : n + 1] = BOS, shown
        placed = sample.boxes.any(1)
        boxes[b, :n][placed] = sample.boxes[placed] + np.array([dx, dy, dx, dy])
    tokens = torch.from_numpy(targets)
    plain = all(guise.strokes == UNVARIED for guise in guises)
    return Batch(
        ink=torch.from_numpy(ink),
        sizes=torch.from_numpy(sizes),
        inputs=torch.from_numpy(inputs),
        targets=tokens,
        boxes=torch.from_numpy(boxes),
        weights=torch.tensor(token_weights, dtype=torch.float)[:, None] * (tokens != PAD),
        strokes=None if plain else torch.tensor([guise.strokes for guise in guises]),
    )


def largest_margins(data: DataConfig) -> int:
    """Most empty pixels above and below a picture's ink together, or left and right of it."""
    return FARTHEST - 1 + MARGIN if data.augment else 2 * MARGIN


def padded_sizes(sizes: np.ndarray) -> np.ndarray:
    """Heights and widths (..., 2) rounded up to `GRID`."""
    return -(-sizes // GRID) * GRID


def vary(ink: Tensor, strokes: Tensor) -> Tensor:
    """Pictures (B, H, W) of ink in 0..1 with softer, thicker, thinner or paler strokes (B, 3)."""
    softness, exponent, strength = strokes[:, :, None, None].unbind(1)
    soft = F.avg_pool2d(ink.unsqueeze(1), 3, 1, 1, count_include_pad=True).squeeze(1)
    ink = torch.lerp(ink, soft, softness.expand_as(ink))
    return (ink**exponent * strength).clamp(0, 1)
