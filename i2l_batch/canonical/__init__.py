"""One spelling for formulas that look the same."""

from i2l_batch.canonical.arguments import brace_arguments
from i2l_batch.canonical.form import canonicalize

__all__ = ["brace_arguments", "canonicalize"]
