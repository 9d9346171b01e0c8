"""The hyper-parameters of a training run, and what a run is: a data set, a folder, a configuration.

Defaults are the paper's ("paper, section ..." is arXiv 1802.05415, or its published code where that
decides). `presets` holds whole configurations, `config_file` their TOML. Knows no tensors.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from i2l_batch.errors import UsageError
from i2l_batch.models.config import ModelConfig

Precision = Literal["auto", "fp32", "bf16"]

PAPER_BINS = (28, 35, 41, 48, 55, 64, 75, 88, 105, 150)
"""Upper edges of the paper's length bins, in tokens without eos (section A.6)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DataConfig:
    """Which samples are learned, in what order and in what guise."""

    max_tokens: int = 150
    """Longest formula that is learned or validated, in tokens without eos (paper, section 3)."""
    buckets: Literal["length", "size"] = "length"
    """What the samples of a batch have in common: a length bin (paper), or the picture's size."""
    bins: tuple[int, ...] = PAPER_BINS
    """Upper edges of the length bins, in tokens without eos; longer formulas make one more."""
    short_first: bool = False
    """In the first epoch short formulas come before long ones."""
    augment: bool = False
    """Pictures move by some pixels, strokes get thicker, thinner, softer or paler."""
    distort: float = 0.0
    """Share of the pictures that look like scans, screenshots and sloppy crops (0-1)."""
    token_dropout: float = 0.0
    """Share of the decoder's input tokens replaced by `<unk>`, so that it must look (0-1)."""
    loader_workers: int = -1
    """Processes per worker that read pictures ahead; 0 reads in the worker itself, -1 takes 2 for
    a GPU and 0 for a CPU."""

    def __post_init__(self) -> None:
        at_least("data", self, 1, "max_tokens")
        at_least("data", self, -1, "loader_workers")
        share("data", self, "distort", "token_dropout")
        if self.buckets == "length" and not (self.bins and self.bins[0] > 0):
            raise UsageError("data.bins needs at least one edge above 0")
        if any(a >= b for a, b in zip(self.bins, self.bins[1:], strict=False)):
            raise UsageError(f"data.bins {list(self.bins)} must rise")


@dataclass(frozen=True, kw_only=True, slots=True)
class LossConfig:
    """What is minimised."""

    mean: Literal["sequences", "tokens"] = "sequences"
    """The average of the cross-entropy: over each sequence first (paper, eq. 17), or over all
    tokens."""
    label_smoothing: float = 0.0
    """Share of the target's mass spread over the vocabulary (0-1)."""
    l2: float = 5e-5
    """Factor of half the squared weights, added to the loss (paper, section 2.3)."""
    alpha_weight: float = 0.0
    """Factor of the penalty on uneven attention (paper, eq. 17b); 0 in the headline runs."""
    alpha_target: float = 5.27
    """Unevenness of the attention, in percent of the most possible, that costs nothing."""
    guide_weight: float = 0.0
    """Factor of the loss that leads the attention to the ink of the next token; needs a data set
    with token places."""

    def __post_init__(self) -> None:
        share("loss", self, "label_smoothing")
        at_least("loss", self, 0, "l2", "alpha_weight", "alpha_target", "guide_weight")


@dataclass(frozen=True, kw_only=True, slots=True)
class OptimizerConfig:
    """How the weights move."""

    kind: Literal["adam", "adamw"] = "adam"
    """adamw adds `weight_decay`, apart from the gradient."""
    learning_rate: float = 1e-4
    """Step size at its peak (paper, section A.6)."""
    betas: tuple[float, float] = (0.5, 0.9)
    """Memory of the gradient's mean and of its square (paper, table 6)."""
    eps: float = 1e-8
    weight_decay: float = 0.0
    """Share of the weights that decays per step and unit of step size; adamw only."""
    schedule: Literal["constant", "cosine"] = "constant"
    """Course of the step size after the warm-up; cosine ends at 2 % of the peak."""
    warmup_steps: int = 0
    """Steps over which the step size rises from 0."""
    clip_norm: float = 0.0
    """Longest gradient; 0 for no limit (paper)."""
    precision: Precision = "fp32"
    """Numbers of the forward pass; weights and their updates always have 32 bits. auto: bf16 where
    the device computes faster with it."""

    def __post_init__(self) -> None:
        if self.learning_rate <= 0 or self.eps <= 0:
            raise UsageError("optimizer.learning_rate and optimizer.eps must be positive")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise UsageError(f"optimizer.betas {list(self.betas)} must be from 0 to below 1")
        at_least("optimizer", self, 0, "weight_decay", "warmup_steps", "clip_norm")
        if self.weight_decay and self.kind != "adamw":
            raise UsageError('optimizer.weight_decay needs optimizer.kind = "adamw"')


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig:
    """A whole training run. Everything but the last group decides what is learned."""

    model: ModelConfig
    """Sizes of the model. Its `vocab_size` says nothing: the data set decides."""
    data: DataConfig = field(default_factory=DataConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    epochs: float = 100.0
    """Passes over the training split (paper, section 2.3: about 100)."""
    max_steps: int = 0
    """Most optimizer steps, if that is less; 0 for no limit."""
    batch_size: int = 56
    """Samples per optimizer step, over all workers (paper: 28 on each of two GPUs)."""
    seed: int = 0
    """Seed of all random choices."""
    validate_epochs: float = 1.0
    """Passes between validations; each also writes a checkpoint."""
    validate_steps: int = 0
    """Steps between validations, instead of `validate_epochs`; 0 to go by those."""
    validate_samples: int = 0
    """Only the first so many samples of the validation split; 0 for all."""

    micro_pixels: int = 4_000_000
    """Padded pixels that go through the model at once; gradients of the pieces add up. The default
    is 28 canvases, the paper's share of a GPU."""
    checkpoint_steps: int = 500
    """Steps between checkpoints to resume from."""
    log_steps: int = 50
    """Steps between rows of the metrics table."""
    max_minutes: float = 0.0
    """Stop so long after the command was given, validations included, to go on with the same
    command; 0 for no limit. A step or validation that has begun is finished."""

    def __post_init__(self) -> None:
        if not (self.epochs > 0 and math.isfinite(self.epochs)):
            raise UsageError(f"epochs {self.epochs} must be positive")
        if self.validate_epochs <= 0:
            raise UsageError(f"validate_epochs {self.validate_epochs} must be positive")
        at_least("", self, 1, "batch_size", "micro_pixels", "checkpoint_steps", "log_steps")
        at_least(
            "", self, 0, "seed", "max_steps", "validate_steps", "validate_samples", "max_minutes"
        )

    def model_for(self, vocab_size: int) -> ModelConfig:
        """The model's sizes for a vocabulary."""
        return replace(self.model, vocab_size=vocab_size)

    def total_steps(self, epoch_steps: int) -> int:
        """Optimizer steps of the whole run, where a pass over the data takes `epoch_steps`."""
        steps = max(1, math.ceil(self.epochs * epoch_steps - 1e-9))
        return min(steps, self.max_steps) if self.max_steps else steps


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainJob:
    """What every worker of a run is told."""

    dataset: Path
    """Folder of a finished data set."""
    run: Path
    """Folder of the run: configuration, checkpoints, metrics."""
    config: TrainConfig
    start_from: Path | None = None
    """Checkpoint whose weights a new run starts from (fine-tuning)."""
    started: float = field(default_factory=time.time)
    """When the command was given, in seconds since 1970, as workers on other machines know it."""


def at_least(section: str, config: object, least: int, *names: str) -> None:
    """Raise UsageError for the first of the fields that is below `least`."""
    for name in names:
        value = getattr(config, name)
        if not value >= least:
            raise UsageError(f"{_dotted(section, name)} {value}: use {least} or more")


def share(section: str, config: object, *names: str) -> None:
    """Raise UsageError for the first of the fields that is not from 0 to below 1."""
    for name in names:
        value = getattr(config, name)
        if not 0 <= value < 1:
            raise UsageError(f"{_dotted(section, name)} {value}: use 0 to below 1")


def _dotted(section: str, name: str) -> str:
    return f"{section}.{name}" if section else name
