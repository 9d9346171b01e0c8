"""What may come next in a formula, so that decoding never leaves valid LaTeX."""

from i2l_batch.grammar.grammar import Grammar
from i2l_batch.grammar.loops import find_loop

__all__ = ["Grammar", "find_loop"]
