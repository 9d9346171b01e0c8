"""The commands that make training data, train, measure and calibrate; `cli.py` adds them."""

from i2l_batch.train.commands.calibrate import calibrate
from i2l_batch.train.commands.dataset import dataset
from i2l_batch.train.commands.evaluate import evaluate
from i2l_batch.train.commands.train import train

__all__ = ["calibrate", "dataset", "evaluate", "train"]
