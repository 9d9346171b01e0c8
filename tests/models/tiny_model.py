"""A model small enough for tests: random weights, batch statistics as after some training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from i2l_batch.models.compact import Compact
from i2l_batch.models.config import CompactConfig

torch.set_num_threads(1)  # the tests' pictures are too small for more

VOCABULARY = 11


def tiny_model(seed: int = 0) -> Compact:
    torch.manual_seed(seed)
    config = CompactConfig(
        vocab_size=VOCABULARY,
        channels=(4, 6, 8, 10),
        dim=16,
        num_heads=2,
        num_layers=2,
        ff_dim=24,
        max_tokens=20,
    )
    model = Compact(config)
    vary_statistics(model)
    return model.eval()


def vary_statistics(model: Compact) -> None:
    """Batch statistics and biases as training leaves them, at random."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.normal_(module.running_mean, std=0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.3)  # so that an empty picture is not all zero


def pad_together(pictures: list[Tensor], height: int, width: int) -> tuple[Tensor, Tensor]:
    """Images (B, height, width) and sizes (B, 2) of pictures (h, w)."""
    images = torch.zeros(len(pictures), height, width)
    for image, picture in zip(images, pictures, strict=True):
        image[: picture.shape[0], : picture.shape[1]] = picture
    return images, torch.tensor([picture.shape for picture in pictures])
