"""The commands that make training data, train, and evaluate; `cli.py` adds them to its own."""

from i2l_batch.train.commands.dataset import dataset
from i2l_batch.train.commands.evaluate import evaluate
from i2l_batch.train.commands.train import train

__all__ = ["dataset", "evaluate", "train"]
