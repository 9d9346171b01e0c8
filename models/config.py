"""The numbers that fix the shapes of a model's weights; stored beside them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, NamedTuple

from i2l_batch.errors import CheckpointError


@dataclass(frozen=True, kw_only=True, slots=True)
class CompactConfig:
    """Sizes of the `compact` model."""

    architecture: Literal["compact"] = "compact"
    vocab_size: int
    channels: tuple[int, ...] = (32, 64, 128, 224)
    """Channels of the encoder at 1/2, 1/4, 1/8 of the picture, and of its last blocks at 1/8."""
    dim: int = 256
    """Width of the decoder and of the memory."""
    num_heads: int = 4
    num_layers: int = 3
    ff_dim: int = 768
    max_tokens: int = 512
    """Longest output, in tokens, that positions exist for."""

    def __post_init__(self) -> None:
        check_sizes(self)
        if len(self.channels) != 4:
            raise CheckpointError(f"channels must be 4 whole numbers, not {self.channels!r}")
        if self.dim % self.num_heads:
            raise CheckpointError(f"dim {self.dim} is not a multiple of num_heads {self.num_heads}")
        if self.dim % 4:
            raise CheckpointError(f"dim {self.dim} is not a multiple of 4, as positions need")


@dataclass(frozen=True, kw_only=True, slots=True)
class PaperConfig:
    """Sizes of the paper's two models; the defaults are the paper's (tables 1 to 5)."""

    architecture: Literal["nopool", "strips"]
    """`strips` joins the vectors of each column of the encoder's map into one place to look at."""
    vocab_size: int
    height: int = 128
    width: int = 1088
    """Canvas that every picture is centred on, in pixels, without its white frame."""
    channels: tuple[int, ...] = (64, 128, 256, 512, 512)
    """Channels of the encoder's blocks, each of which halves the picture."""
    embedding_dim: int = 64
    attention_dims: tuple[int, int] = (256, 128)
    """Least widths of the attention's two hidden layers; each is at least the number of places."""
    lstm_units: int = 1500
    num_layers: int = 2
    output_dim: int = 358
    init_dim: int = 100
    """Width of the model that makes the first state out of the picture; 0 starts from zeros."""
    em_pixels: float = 33.2
    """Body size of the text in pixels: 12 pt at 200 dpi."""
    max_tokens: int = 171
    """Longest output: the longest target of 151, end included, and 20 more."""

    def __post_init__(self) -> None:
        if self.architecture not in ("nopool", "strips"):
            raise CheckpointError(f"unknown architecture {self.architecture!r}")
        check_sizes(self, may_be_zero=("init_dim",), but=("em_pixels",))
        if type(self.em_pixels) not in (int, float) or not 1 <= self.em_pixels <= 1000:
            raise CheckpointError(f"em_pixels must be from 1 to 1000, not {self.em_pixels!r}")
        if len(self.attention_dims) != 2:
            raise CheckpointError(
                f"attention_dims must be 2 whole numbers, not {self.attention_dims!r}"
            )
        cell = 2 ** len(self.channels)
        if self.height % cell or self.width % cell:
            raise CheckpointError(
                f"the canvas of {self.height}x{self.width} does not divide by {cell}"
            )


ModelConfig = CompactConfig | PaperConfig

CANVAS_MARGIN = 4
"""Empty pixels that pictures have around their ink; they may hang over the edge of the canvas."""


class PictureFormat(NamedTuple):
    """What pictures a model reads."""

    em_pixels: float
    """Body size of their text, in pixels."""
    max_size: tuple[int, int]
    """Largest height and width, the margin included, in pixels."""
    by_rows: bool
    """Formulas of several rows are read row by row."""


def picture_format(config: ModelConfig) -> PictureFormat:
    """What pictures a model of these sizes reads.

    Those of the paper leave one pixel of the canvas free on each side of their ink: 126 x 1086 in
    step 3 of its data pipeline.
    """
    if isinstance(config, PaperConfig):
        height, width = (side - 2 + 2 * CANVAS_MARGIN for side in (config.height, config.width))
        return PictureFormat(config.em_pixels, (height, width), by_rows=False)
    # Larger than most training pictures of the shipped weights, which have 16: other fonts and
    # images of unknown size are read 1 to 2 points of BLEU better, and at 20 those of the training
    # worse (docs/model.md). No formula in text size is larger than that.
    return PictureFormat(19.0, (512, 1536), by_rows=True)


def check_sizes(
    config: ModelConfig, may_be_zero: tuple[str, ...] = (), but: tuple[str, ...] = ()
) -> None:
    """Raise CheckpointError unless every size is a whole number above 0, or a list of such.

    Args:
        config: of any architecture.
        may_be_zero: fields for which 0 means none.
        but: fields that are no sizes.
    """
    for field in fields(config):
        value = getattr(config, field.name)
        least = 0 if field.name in may_be_zero else 1
        if field.name in ("architecture", *but):
            continue
        if isinstance(field.default, tuple):
            wanted = "a list of whole numbers"
            numbers = value if isinstance(value, tuple) else (None,)
        else:
            wanted, numbers = "a whole number", (value,)
        if not numbers or not all(type(n) is int and n >= least for n in numbers):
            raise CheckpointError(f"{field.name} must be {wanted} from {least} on, not {value!r}")


def to_json(config: ModelConfig) -> dict[str, object]:
    """As plain JSON values."""
    values = asdict(config)
    return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def from_json(values: object) -> ModelConfig:
    """The reverse of `to_json`; anything else is a CheckpointError."""
    if not isinstance(values, dict):
        raise CheckpointError("config.json does not describe a model: it holds no fields")
    architecture = values.get("architecture")
    if architecture not in ("compact", "nopool", "strips"):
        raise CheckpointError(f"config.json names no known architecture, but {architecture!r}")
    kind = CompactConfig if architecture == "compact" else PaperConfig
    known = {field.name for field in fields(kind)}
    if extra := sorted(set(values) - known):
        raise CheckpointError(f"config.json has unknown fields: {', '.join(extra)}")
    try:
        sizes: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items()
        }
        return kind(**sizes)
    except TypeError as error:
        raise CheckpointError(f"config.json does not describe a model: {error}") from error
