"""What a search is for: the request, checked as far as it can be without a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from i2l_batch.errors import UsageError
from i2l_batch.latex import tokenize

Sort = Literal["source", "confidence"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What to look for, and where. Exactly one of `pattern` and `like` is given.

    Raises UsageError.
    """

    pattern: str | None = None
    """LaTeX with wildcards: see `parse_pattern`."""
    like: str | None = None
    """A formula whose nearest ones are wanted: see `similarity_to`."""
    source: str | None = None
    """Only papers that this glob matches: see `sources_matching`; all when null."""
    min_confidence: float = 0.0
    """Only formulas of this confidence or more, 0 to 1."""
    sort: Sort | None = None
    """source: in reading order, the default. confidence: the surest first. `like` has its own."""
    limit: int = 20
    """Formulas to show; 0 for all."""

    def __post_init__(self) -> None:
        """Check each by itself, and which go together."""
        if (self.pattern is None) == (self.like is None):
            raise UsageError(
                r"give either a pattern, such as '\int _ { 0 }', or --like with a formula"
            )
        if self.like is not None and self.sort is not None:
            raise UsageError("--like sorts by similarity: leave out --sort")
        if self.like is not None and not tokenize(self.like):
            raise UsageError(r"the formula after --like is empty: give LaTeX such as 'E = m c ^ 2'")
        if not 0 <= self.min_confidence <= 1:
            raise UsageError(f"--min-confidence is from 0 to 1, not {self.min_confidence:g}")
        if self.limit < 0:
            raise UsageError(f"--limit is a number of formulas, or 0 for all, not {self.limit}")
        for text in (self.pattern, self.like):
            if text is not None and not _is_text(text):
                raise UsageError(f"{text!a} is not UTF-8, which all texts in the results are")


def _is_text(argument: str) -> bool:
    """Whether it can be stored: bytes that are not UTF-8 become surrogates on their way here."""
    try:
        argument.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
