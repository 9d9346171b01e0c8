"""What training minimises: the next token, where to look for it, how evenly to look.

Every loss is a sum over tokens or samples whose weights add up to 1 over all batches and workers of
a step, so that the parts of a step, wherever they are computed, add up to its mean.

Shapes: B samples, T tokens, L places of the attention, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from i2l_batch.models.tokenizer import PAD


def token_loss(
    logits: Tensor, targets: Tensor, weights: Tensor, label_smoothing: float = 0.0
) -> Tensor:
    """Cross-entropy in nats of logits (B, T, V) and targets (B, T), summed by weights (B, T)."""
    losses = F.cross_entropy(
        logits.flatten(0, 1).float(),
        targets.flatten(),
        reduction="none",
        label_smoothing=label_smoothing,
    )
    return (losses * weights.flatten()).sum()


def guide_loss(attention: Sequence[Tensor], inside: Tensor, weights: Tensor) -> Tensor:
    """-log of the attention within a token's ink, by weights (B, T); nothing where that is unknown.

    Args:
        attention: per layer (B, T, L), summing to 1 over L; their mean loss is taken.
        inside: (B, T, L) bool, places that the token's ink touches.
        weights: (B, T) float.

    Returns:
        nats: 0 with all attention inside, 9.2 for a token with none (see below).
    """
    known = weights * inside.any(-1)
    losses = []
    for layer in attention:
        within = (layer.float() * inside).sum(-1)
        losses.append(-((within + 1e-4).log() * known).sum())  # a miss must not cost infinity
    return torch.stack(losses).mean()


def touched(boxes: Tensor, places: Tensor) -> Tensor:
    """Which places (B, L, 4) each box (B, T, 4) touches: (B, T, L) bool; none for an empty box."""
    x0, y0, x1, y1 = boxes.unsqueeze(2).unbind(-1)
    left, top, right, bottom = places.unsqueeze(1).unbind(-1)
    across = (left < x1) & (right > x0) & (x1 > x0)
    return across & (top < y1) & (bottom > y0) & (y1 > y0)


def unevenness(attention: Tensor, targets: Tensor) -> Tensor:
    """The paper's ASE_N (eq. 17c to 17e) of each sample: (B,) percent of the most possible.

    0 when every place got the same attention over the whole formula, 100 when one got all.

    Args:
        attention: (B, T, L), summing to 1 over L.
        targets: (B, T) ids; steps of padding do not count, eos does.
    """
    counted = (targets != PAD).float()
    places = attention.shape[-1]
    if places == 1:
        return torch.zeros_like(counted[:, 0])
    length = counted.sum(1)
    per_place = (attention.float() * counted[:, :, None]).sum(1)
    error = (per_place - (length / places)[:, None]).square().sum(1)
    return 100 * error / (length.square() * (places - 1) / places)
