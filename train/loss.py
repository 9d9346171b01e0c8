"""What training minimises: the next token, and where to look for it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from i2l_batch.models.tokenizer import BOS, PAD, UNK


def token_loss(logits: Tensor, targets: Tensor, label_smoothing: float) -> Tensor:
    """Mean cross-entropy in nats per token: logits (B, T, V), targets (B, T), padding left out."""
    return F.cross_entropy(
        logits.flatten(0, 1).float(),
        targets.flatten(),
        ignore_index=PAD,
        label_smoothing=label_smoothing,
    )


def attention_loss(attention: Sequence[Tensor], places: Tensor) -> Tensor:
    """Mean of -log(attention within the token's cells), over tokens whose place is known.

    Args:
        attention: per guided layer (B, T, L), summing to 1 over L.
        places: (B, T, L) bool.

    Returns:
        nats, from 0 (all attention inside) to 9.2 (none, see below); 0 when no place is known.
    """
    known = places.any(-1)
    if not known.any():
        return torch.zeros((), device=places.device)
    losses = []
    for weights in attention:
        within = (weights.float() * places).sum(-1)
        losses.append(-(within[known] + 1e-4).log().mean())  # a miss must not cost infinity
    return torch.stack(losses).mean()


def drop_tokens(inputs: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Inputs (B, T) with a random share replaced by `<unk>`; bos and padding stay."""
    dropped = torch.rand(inputs.shape, generator=generator) < share
    return inputs.masked_fill(dropped & (inputs != PAD) & (inputs != BOS), UNK)
