"""The numbers that fix the shapes of a model's weights; stored beside them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

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

    def to_json(self) -> dict[str, object]:
        """As plain JSON values."""
        return {**asdict(self), "channels": list(self.channels)}

    @classmethod
    def from_json(cls, values: dict[str, object]) -> ModelConfig:
        """The reverse of `to_json`; unknown or missing numbers are a CheckpointError."""
        known = {field.name for field in fields(cls)}
        if extra := sorted(set(values) - known):
            raise CheckpointError(f"config.json has unknown fields: {', '.join(extra)}")
        try:
            channels = values.get("channels", cls.__dataclass_fields__["channels"].default)
            return cls(**{**values, "channels": tuple(channels)})  # pyright: ignore
        except TypeError as error:
            raise CheckpointError(f"config.json does not describe a model: {error}") from error
