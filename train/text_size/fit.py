"""Fit the network that tells the text size from marks.

    i2l dataset build FORMULAS -o large/ --preset fonts --dpi 405 --max-tokens 120 \
        --min-frequency 0 --split 100/0/0
    python -m i2l_batch.train.text_size large/ -o i2l_batch/text_size.safetensors

In: features and sizes. Out: a `SizeNetwork`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from i2l_batch.text_size import NUM_FEATURES, SIZES, SizeNetwork


@dataclass(frozen=True, kw_only=True, slots=True)
class FitConfig:
    """How it is learned."""

    hidden: int = 32
    epochs: int = 18
    batch_size: int = 256
    learning_rate: float = 2e-3
    """Highest, of a cycle that starts and ends lower."""
    weight_decay: float = 0.02
    dropout: float = 0.1
    """Share of the counts that are not seen (0-1)."""
    tolerance: float = 0.05
    """Standard deviation of the wanted answer, as a logarithm."""
    seed: int = 0


def fit(features: np.ndarray, ems: np.ndarray, config: FitConfig | None = None) -> SizeNetwork:
    """A network for features (N, `NUM_FEATURES`) of pictures with text of `ems` (N,) pixels."""
    config = config or FitConfig()
    torch.manual_seed(config.seed)
    model = nn.Sequential(
        nn.Linear(NUM_FEATURES, config.hidden),
        nn.ReLU(),
        nn.Linear(config.hidden, config.hidden),
        nn.ReLU(),
        nn.Linear(config.hidden, len(SIZES)),
    )
    x, wanted = torch.from_numpy(features).float(), _wanted(ems, config.tolerance)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=config.weight_decay)
    batches = -(-len(x) // config.batch_size)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.learning_rate, total_steps=config.epochs * batches
    )
    for _ in range(config.epochs):
        for batch in torch.randperm(len(x)).split(config.batch_size):
            seen = x[batch] * (torch.rand(len(batch), NUM_FEATURES) >= config.dropout)
            loss = nn.functional.cross_entropy(model(seen), wanted[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            cycle.step()
    return SizeNetwork(*(parameter.detach().numpy() for parameter in model.parameters()))


def _wanted(ems: np.ndarray, tolerance: float) -> Tensor:
    """(N, S) probabilities about the true size."""
    distance = np.log(ems)[:, None] - np.log(SIZES)
    scores = torch.from_numpy(-0.5 * (distance / tolerance) ** 2).float()
    return scores.softmax(-1)


def within(network: SizeNetwork, features: np.ndarray, ems: np.ndarray, share: float) -> float:
    """Share of pictures (0-1) whose size is told within a share of it."""
    told = SIZES[network.scores(features).argmax(-1)]
    return float((np.abs(np.log(told / ems)) <= np.log1p(share)).mean())
