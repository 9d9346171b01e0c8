"""Whole configurations by name: the models of the paper, our own, and tiny ones of each for trying.

Knows no files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from i2l_batch.errors import UsageError
from i2l_batch.images import EM_PIXELS
from i2l_batch.models.config import CompactConfig, PaperConfig
from i2l_batch.train.config import DataConfig, LossConfig, OptimizerConfig, TrainConfig

UNKNOWN = 1
"""`vocab_size` in a configuration without a data set."""


def preset(name: str) -> TrainConfig:
    """The configuration of a name. Raises UsageError for an unknown one."""
    if name not in PRESETS:
        raise UsageError(f"no preset {name!r}: choose from {', '.join(PRESETS)}")
    return PRESETS[name]()


def _paper(architecture: Literal["nopool", "strips"]) -> TrainConfig:
    """The paper's run: all defaults."""
    return TrainConfig(model=PaperConfig(architecture=architecture, vocab_size=UNKNOWN))


def _paper_tiny(architecture: Literal["nopool", "strips"]) -> TrainConfig:
    """The paper's model at a hundredth of its size, for text of 16 pixels; minutes on a CPU."""
    model = PaperConfig(
        architecture=architecture,
        vocab_size=UNKNOWN,
        height=64,
        width=384,
        channels=(8, 16, 32, 64),
        embedding_dim=16,
        attention_dims=(64, 32),
        lstm_units=128,
        output_dim=64,
        init_dim=32,
        em_pixels=EM_PIXELS,
    )
    # So small a model bears ten times the paper's step size.
    optimizer = OptimizerConfig(learning_rate=1e-3)
    return TrainConfig(model=model, optimizer=optimizer, epochs=20.0, micro_pixels=1_500_000)


def _compact() -> TrainConfig:
    return TrainConfig(
        model=CompactConfig(vocab_size=UNKNOWN),
        data=DataConfig(
            max_tokens=150,
            buckets="size",
            short_first=True,
            augment=True,
            distort=0.25,
            token_dropout=0.15,
        ),
        loss=LossConfig(mean="tokens", label_smoothing=0.05, l2=0.0, guide_weight=1.0),
        optimizer=OptimizerConfig(
            kind="adamw",
            learning_rate=1e-3,
            betas=(0.9, 0.98),
            weight_decay=0.01,
            schedule="cosine",
            warmup_steps=200,
            clip_norm=1.0,
            precision="auto",
        ),
        epochs=10.0,
        batch_size=64,
        validate_samples=1000,
        micro_pixels=1_000_000,
    )


def _compact_tiny() -> TrainConfig:
    """The compact model at a tenth of its size."""
    model = CompactConfig(
        vocab_size=UNKNOWN, channels=(16, 32, 48, 64), dim=64, num_layers=2, ff_dim=128
    )
    compact = _compact()
    return TrainConfig(
        model=model,
        data=replace(compact.data, distort=0.0),
        loss=compact.loss,
        optimizer=compact.optimizer,
        epochs=20.0,
        batch_size=compact.batch_size,
        micro_pixels=compact.micro_pixels,
    )


PRESETS: dict[str, Callable[[], TrainConfig]] = {
    "compact": _compact,
    "nopool": lambda: _paper("nopool"),
    "strips": lambda: _paper("strips"),
    "compact-tiny": _compact_tiny,
    "nopool-tiny": lambda: _paper_tiny("nopool"),
    "strips-tiny": lambda: _paper_tiny("strips"),
}
"""The command's `--preset`."""
