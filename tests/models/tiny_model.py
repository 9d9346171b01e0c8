"""Models small enough for tests: random weights, statistics and biases as after some training."""

from __future__ import annotations

import functools
from typing import Literal

import torch
from torch import Tensor, nn

from i2l_batch.models.compact import Compact
from i2l_batch.models.config import CompactConfig, PaperConfig
from i2l_batch.models.paper import PaperModel
from i2l_batch.models.recognizer import Recognizer

torch.set_num_threads(1)  # the tests' pictures are too small for more

VOCABULARY = 11
ARCHITECTURES = ("compact", "nopool", "strips")
SIZES = [(17, 40), (30, 23), (9, 61)]
"""Height and width of `pictures`."""

# float32 sums in another order
assert_close = functools.partial(torch.testing.assert_close, rtol=1e-4, atol=1e-5)


def pictures() -> list[Tensor]:
    """Pictures (h, w) of random ink."""
    generator = torch.Generator().manual_seed(1)
    return [torch.rand(size, generator=generator) for size in SIZES]


def some_tokens(batch: int, length: int = 6) -> Tensor:
    """Random ids (batch, length)."""
    return torch.randint(0, VOCABULARY, (batch, length), generator=torch.Generator().manual_seed(2))


def tiny(architecture: str) -> Recognizer:
    """The tiny model of an architecture."""
    if architecture == "compact":
        return tiny_model()
    return tiny_paper("strips" if architecture == "strips" else "nopool")


def tiny_paper(architecture: Literal["nopool", "strips"], *, init_dim: int = 6) -> PaperModel:
    """A canvas of 32 x 64 with a map of 4 x 8 cells, and biases that are not zero."""
    torch.manual_seed(0)
    config = PaperConfig(
        architecture=architecture,
        vocab_size=VOCABULARY,
        height=32,
        width=64,
        channels=(3, 4, 5),
        embedding_dim=6,
        attention_dims=(12, 10),
        lstm_units=14,
        output_dim=13,
        init_dim=init_dim,
        em_pixels=10.5,
        max_tokens=20,
    )
    model = PaperModel(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                nn.init.normal_(parameter, std=0.3)
            else:
                parameter *= 2  # untrained, the picture would hardly matter
    return model.eval()


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
