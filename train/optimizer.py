"""How gradients move weights: the optimizer, its step size over the run, the pull of L2.

In: a model and the configuration. Out: an optimizer of torch. Knows no data and no workers.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from i2l_batch.models.recognizer import Recognizer
from i2l_batch.train.config import OptimizerConfig

LAST_RATE = 0.02
"""Share of the peak step size that the cosine schedule ends at."""


def make_optimizer(model: Recognizer, config: OptimizerConfig) -> torch.optim.Optimizer:
    """Adam or AdamW; weight decay acts on the model's decayed weights alone."""
    decayed = {id(parameter) for parameter in model.decayed()}
    groups = [
        {
            "params": [p for p in model.parameters() if (id(p) in decayed) == decays],
            "weight_decay": config.weight_decay if decays else 0.0,
        }
        for decays in (True, False)
    ]
    kind = torch.optim.AdamW if config.kind == "adamw" else torch.optim.Adam
    return kind(
        groups,
        lr=config.learning_rate,
        betas=config.betas,
        eps=config.eps,
        fused=model.device.type == "cuda",  # one kernel instead of a dozen per weight
    )


def learning_rate(config: OptimizerConfig, step: int, total_steps: int) -> float:
    """Step size of the 0-based step."""
    rate = config.learning_rate
    if config.schedule == "cosine":
        course = 0.5 * (1 + math.cos(math.pi * step / total_steps))
        rate *= LAST_RATE + (1 - LAST_RATE) * course
    if step < config.warmup_steps:
        rate *= (step + 1) / config.warmup_steps
    return rate


@torch.no_grad()
def add_l2(weights: list[nn.Parameter], factor: float) -> None:
    """Add to the gradients that of `factor` / 2 times the sum of the squared weights.

    After the workers' gradients are added up, so that it counts once, however many they are.
    """
    for weight in weights:
        if factor and weight.grad is not None:
            weight.grad.add_(weight, alpha=factor)


@torch.no_grad()
def clip(model: nn.Module, longest: float) -> float:
    """Length of the gradient over all weights, which is then shortened to `longest` if that is
    less; 0 for no limit."""
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    length = torch.nn.utils.get_total_norm(gradients)
    if longest:
        torch.nn.utils.clip_grads_with_norm_(model.parameters(), longest, length)
    return float(length)
