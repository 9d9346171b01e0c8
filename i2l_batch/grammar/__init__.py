"""What may come next in a formula, so that decoding never leaves valid LaTeX."""

from i2l_batch.grammar.completion import Completed, completed
from i2l_batch.grammar.grammar import Grammar

__all__ = ["Completed", "Grammar", "completed"]
