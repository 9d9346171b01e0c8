"""Samples to batches: shards are read once, batches are cut by size, pictures vary a little.

In: a data set folder. Out: `Batch`es of tensors. Knows nothing of models.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from torch import Tensor
from torch.nn import functional as F

from i2l_batch.errors import UsageError
from i2l_batch.images import MARGIN, decode_png
from i2l_batch.models.encoder import STRIDE
from i2l_batch.models.tokenizer import BOS, EOS, PAD, Tokenizer

GRID = (2 * STRIDE, 4 * STRIDE)
"""Batches are padded to multiples of this height and width, in pixels."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One formula in memory."""

    ink: np.ndarray
    """(H, W) uint8, cut to the ink."""
    ids: np.ndarray
    """(T,) int16 token ids, without bos and eos."""
    boxes: np.ndarray
    """(T, 4) int16 token places in pixels of `ink`."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of B samples; T is the longest target, eos included."""

    images: Tensor
    """(B, H, W) float ink in 0..1, H and W multiples of the encoder's stride."""
    sizes: Tensor
    """(B, 2) height and width of each picture."""
    inputs: Tensor
    """(B, T) ids from bos on."""
    targets: Tensor
    """(B, T) ids up to eos, then pad."""
    places: Tensor
    """(B, T, L) bool: the memory cells in which a target token's ink lies; empty where unknown."""


def read_vocabulary(folder: Path) -> Tokenizer:
    """The tokenizer of a data set. Raises UsageError when it is unfinished or damaged."""
    path = folder / "dataset.json"
    try:
        report = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{folder} is not a finished data set: no dataset.json") from error
    except ValueError as error:
        raise UsageError(f"{path} is damaged, build the data set again: {error}") from error
    tokens = report.get("vocabulary") if isinstance(report, dict) else None
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise UsageError(f"{path} holds no vocabulary: build the data set again")
    return Tokenizer.from_tokens(tokens)


def read_samples(folder: Path, tokenizer: Tokenizer) -> list[Sample]:
    """All samples of a data set's shards, in order, pictures decoded."""
    samples = []
    for path in sorted(folder.glob("shard-*.parquet")):
        table = pq.read_table(path, columns=["tokens", "image", "boxes"])
        for row in table.to_pylist():
            ids = np.asarray(tokenizer.encode(row["tokens"]), np.int16)
            boxes = np.frombuffer(row["boxes"], np.int16).reshape(-1, 4)
            samples.append(Sample(255 - decode_png(row["image"]), ids, boxes))
    if not samples:
        raise UsageError(f"{folder} holds no samples: build it with `i2l dataset build`")
    return samples


def cut_batches(
    samples: Sequence[Sample],
    members: Sequence[int],
    rng: np.random.Generator,
    *,
    batch_pixels: int,
    batch_size: int,
) -> list[list[int]]:
    """The members in batches of like sizes, in random order: every member in exactly one."""
    order = np.asarray(members)
    noise = rng.uniform(0.9, 1.1, len(order))
    heights = np.array([samples[i].ink.shape[0] for i in members])
    widths = np.array([samples[i].ink.shape[1] for i in members])
    order = order[np.lexsort((widths * noise, np.round(heights * noise / GRID[0])))]
    padded = np.stack([heights, widths], 1) + 4 * MARGIN
    padded = dict(zip(members, (-(-padded // GRID) * GRID).tolist(), strict=True))
    batches: list[list[int]] = []
    start = 0
    while start < len(order):
        count = batch_size
        while count > 16 and count * _area(order[start : start + count], padded) > batch_pixels:
            count -= 16
        batches.append(order[start : start + count].tolist())
        start += count
    return [batches[k] for k in rng.permutation(len(batches))]


def _area(members: np.ndarray, padded: dict[int, list[int]]) -> int:
    """Pixels that each picture takes when these share a batch."""
    sizes = [padded[i] for i in members.tolist()]
    return max(h for h, _ in sizes) * max(w for _, w in sizes)


def collate(samples: Sequence[Sample], rng: np.random.Generator | None) -> Batch:
    """Pad samples to one size. With a generator they also move and vary; without, they do not."""
    shifts = [
        (MARGIN, MARGIN) if rng is None else tuple(rng.integers(2, 2 + 2 * MARGIN, 2).tolist())
        for _ in samples
    ]
    sizes = np.array(
        [
            [s.ink.shape[0] + dy + MARGIN, s.ink.shape[1] + dx + MARGIN]
            for s, (dy, dx) in zip(samples, shifts, strict=True)
        ]
    )
    # Few distinct shapes: preparing the convolutions for a new one takes longer than running them.
    height, width = (int(-(-m // step) * step) for m, step in zip(sizes.max(0), GRID, strict=True))
    length = max(len(s.ids) for s in samples) + 1
    images = np.zeros((len(samples), height, width), np.uint8)
    ids = np.full((len(samples), length + 1), PAD)
    boxes = np.zeros((len(samples), length, 4), np.int64)
    for b, (sample, (dy, dx)) in enumerate(zip(samples, shifts, strict=True)):
        h, w = sample.ink.shape
        images[b, dy : dy + h, dx : dx + w] = sample.ink
        n = len(sample.ids)
        ids[b, 0], ids[b, 1 : n + 1], ids[b, n + 1] = BOS, sample.ids, EOS
        boxes[b, :n] = sample.boxes
        boxes[b, :n][sample.boxes.any(1)] += [dx, dy, dx, dy]
    tokens = torch.from_numpy(ids)
    ink = torch.from_numpy(images).float() / 255
    return Batch(
        images=ink if rng is None else vary(ink, rng),
        sizes=torch.from_numpy(sizes),
        inputs=tokens[:, :-1].clone(),
        targets=tokens[:, 1:].clone(),
        places=_places(torch.from_numpy(boxes), height // STRIDE, width // STRIDE),
    )


def _places(boxes: Tensor, rows: int, columns: int) -> Tensor:
    """Cells that each box (B, T, 4) in pixels touches: (B, T, rows * columns) bool."""
    x0, y0, x1, y1 = (boxes[..., k, None] for k in range(4))
    left = torch.arange(columns) * STRIDE
    top = torch.arange(rows) * STRIDE
    across = (left < x1) & (left + STRIDE > x0)
    down = (top < y1) & (top + STRIDE > y0)
    return (down[..., :, None] & across[..., None, :]).flatten(2)


def vary(ink: Tensor, rng: np.random.Generator) -> Tensor:
    """Pictures (B, H, W) with strokes made thicker, thinner, softer or paler, each its own way."""

    def draw(low: float, high: float) -> Tensor:
        values = rng.uniform(low, high, (len(ink), 1, 1)).astype(np.float32)
        return torch.from_numpy(values)

    soft = F.avg_pool2d(ink.unsqueeze(1), 3, 1, 1, count_include_pad=True).squeeze(1)
    ink = torch.lerp(ink, soft, draw(-0.2, 0.5).clamp(min=0))
    ink = ink ** draw(0.55, 1.3)
    return (ink * draw(0.85, 1.15)).clamp(0, 1)


def epochs(
    samples: Sequence[Sample], members: Sequence[int], rng: np.random.Generator, **limits: int
) -> Iterator[Batch]:
    """Batches of one pass over the members."""
    for batch in cut_batches(samples, members, rng, **limits):
        yield collate([samples[i] for i in batch], rng)
