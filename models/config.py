"""The numbers that fix the shapes of a model's weights; stored beside them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from i2l_batch.errors import CheckpointError


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelConfig:
    """Sizes of the `compact` model."""

    vocab_size: int
    channels: tuple[int, int, int, int] = (32, 64, 128, 224)
    """Channels of the encoder at 1/2, 1/4, 1/8 of the picture, and of its last blocks at 1/8."""
    dim: int = 256
    """Width of the decoder and of the memory."""
    num_heads: int = 4
    num_layers: int = 3
    ff_dim: int = 768
    max_tokens: int = 512
    """Longest output, in tokens, that positions exist for."""

    def __post_init__(self) -> None:
        sizes = asdict(self)
        channels = sizes.pop("channels")
        for name, value in sizes.items():
            if type(value) is not int or value < 1:
                raise CheckpointError(f"{name} must be a whole number above 0, not {value!r}")
        if len(channels) != 4 or any(type(c) is not int or c < 1 for c in channels):
            raise CheckpointError(f"channels must be 4 whole numbers above 0, not {channels!r}")
        if self.dim % self.num_heads:
            raise CheckpointError(f"dim {self.dim} is not a multiple of num_heads {self.num_heads}")
        if self.dim % 4:
            raise CheckpointError(f"dim {self.dim} is not a multiple of 4, as positions need")

    def to_json(self) -> dict[str, object]:
        """As plain JSON values."""
        return {**asdict(self), "channels": list(self.channels)}

    @classmethod
    def from_json(cls, values: object) -> ModelConfig:
        """The reverse of `to_json`; anything else is a CheckpointError."""
        if not isinstance(values, dict):
            raise CheckpointError("config.json does not describe a model: it holds no fields")
        known = {field.name for field in fields(cls)}
        if extra := sorted(set(values) - known):
            raise CheckpointError(f"config.json has unknown fields: {', '.join(extra)}")
        try:
            sizes: dict[str, Any] = dict(values)
            if "channels" in sizes:
                sizes["channels"] = tuple(sizes["channels"])
            return cls(**sizes)
        except TypeError as error:
            raise CheckpointError(f"config.json does not describe a model: {error}") from error
