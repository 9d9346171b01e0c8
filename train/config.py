"""The hyper-parameters of a training run."""

from __future__ import annotations

from dataclasses import dataclass

from i2l_batch.errors import UsageError


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig:
    """How the model learns. Progress runs from 0 to 1 over `max_minutes` of training."""

    max_minutes: float = 90.0
    """Training time in minutes, over all starts of the run."""
    learning_rate: float = 1e-3
    """Peak of the AdamW step size; warmed up, then lowered along a cosine."""
    warmup_steps: int = 200
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    label_smoothing: float = 0.05
    token_dropout: float = 0.2
    """Share of input tokens replaced by `<unk>`, so that the decoder must look at the picture."""
    attention_weight: float = 0.5
    """Weight of the loss that guides one attention head to the place of the next token."""
    start_tokens: int = 20
    """Formulas of up to this many tokens are learned first."""
    end_tokens: int = 100
    """The limit grows to this many, geometrically with progress."""
    batch_pixels: int = 400_000
    """Padded pixels in a batch."""
    batch_size: int = 80
    """Most samples in a batch."""
    validate_minutes: float = 10.0
    """Minutes between validations, each of which writes a checkpoint."""
    validate_samples: int = 400
    seed: int = 0

    def __post_init__(self) -> None:
        if self.max_minutes <= 0:
            raise UsageError(f"max_minutes is {self.max_minutes}: give a positive time")
        if not 0 < self.start_tokens <= self.end_tokens:
            raise UsageError(
                f"start_tokens {self.start_tokens} and end_tokens {self.end_tokens}: "
                "need 0 < start <= end"
            )

    def limit_tokens(self, progress: float) -> int:
        """Longest formula learned at this progress."""
        return round(self.start_tokens * (self.end_tokens / self.start_tokens) ** progress)
