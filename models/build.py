"""From a configuration to a model with random weights."""

from __future__ import annotations

from i2l_batch.models.compact import Compact
from i2l_batch.models.config import CompactConfig, ModelConfig
from i2l_batch.models.paper import PaperModel
from i2l_batch.models.recognizer import Recognizer


def build_model(config: ModelConfig) -> Recognizer:
    """The model of a configuration."""
    return Compact(config) if isinstance(config, CompactConfig) else PaperModel(config)
