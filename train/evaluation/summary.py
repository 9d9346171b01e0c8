"""The figures of an evaluation: over everything, and by the length of the labels.

In: formulas with their answers and comparisons, one at a time. Out: a `Summary` per length bin and
over all; they add up. Knows nothing of files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from i2l_batch.canonical import canonicalize
from i2l_batch.latex import tokenize
from i2l_batch.metrics import VERSIONS as TOKEN_METRICS
from i2l_batch.metrics import Tally
from i2l_batch.records import Transcript
from i2l_batch.train.dataset.split import BIN_EDGES, length_bin
from i2l_batch.train.evaluation.image_match import VERSIONS as IMAGE_METRICS
from i2l_batch.train.evaluation.image_match import Comparison
from i2l_batch.train.evaluation.truth import Label

VERSIONS = {
    **TOKEN_METRICS,
    "valid": "parses-math-core/1",
    "drawn": "drawn-by-pdflatex/1",
    **IMAGE_METRICS,
}
"""Name and version of every figure's definition."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One formula, its answer, and what the two have in common."""

    label: Label
    answer: Transcript | None
    """None where there is none; it counts as an empty one."""
    tokens: list[str]
    """Of the answer."""
    pictures: Comparison | None = None
    """None where pictures were not compared, or the label gives none."""

    @property
    def valid(self) -> bool:
        """There is an answer, and it parses."""
        return self.answer is not None and self.answer.valid


def judged(label: Label, answer: Transcript | None) -> Judged:
    """A formula with the tokens of its answer; pictures are not compared yet."""
    return Judged(label=label, answer=answer, tokens=tokenize(answer.latex) if answer else [])


@dataclass(kw_only=True, slots=True)
class Summary:
    """The figures of a set of formulas."""

    raw: Tally = field(default_factory=Tally)
    """Answers against the labels as they are."""
    canonical: Tally = field(default_factory=Tally)
    """Both in canonical form."""
    valid: int = 0
    unanswered: int = 0
    compared: int = 0
    """Formulas whose label gives a picture; the shares of image matches are of these."""
    drawn: int = 0
    """Of these, answers that give a picture too: what the paper calls correct syntax."""
    harvard: int = 0
    harvard_with_space: int = 0
    strict: int = 0
    edits: int = 0
    columns: int = 0

    def add(self, formula: Judged) -> None:
        """Count one formula."""
        truth = formula.label.tokens
        self.raw.add(formula.tokens, truth)
        self.canonical.add(canonicalize(formula.tokens), canonicalize(truth))
        self.valid += formula.valid
        self.unanswered += formula.answer is None
        if pictures := formula.pictures:
            self.compared += 1
            self.drawn += pictures.drawn
            self.harvard += pictures.harvard
            self.harvard_with_space += pictures.harvard_with_space
            self.strict += pictures.strict
            self.edits += pictures.edits
            self.columns += pictures.columns

    def __add__(self, other: Summary) -> Summary:
        names = self.__dataclass_fields__
        return Summary(**{name: getattr(self, name) + getattr(other, name) for name in names})

    def figures(self, *, images: bool) -> dict[str, Any]:
        """Name to figure; `images` says whether pictures were compared."""
        count = self.raw.num_formulas
        figures: dict[str, Any] = {
            "formulas": count,
            "labels_as_they_are": token_figures(self.raw),
            "canonical_form": token_figures(self.canonical),
            "valid": self.valid / max(count, 1),
            "unanswered": self.unanswered,
        }
        if images:
            compared = max(self.compared, 1)
            figures |= {
                "drawn": self.drawn / compared,
                "image_match_harvard": self.harvard / compared,
                "image_match_harvard_with_space": self.harvard_with_space / compared,
                "image_match_strict": self.strict / compared,
                "image_edit": 1 - self.edits / max(self.columns, 1),
                "labels_without_picture": count - self.compared,
            }
        return figures


class ByLength:
    """Summaries by length bin: those that the paper's batches were made of, and a last one."""

    def __init__(self) -> None:
        self._bins: dict[int, Summary] = {}

    def add(self, formula: Judged) -> None:
        """Count one formula."""
        self._bins.setdefault(bin_of(formula.label), Summary()).add(formula)

    def overall(self) -> Summary:
        """Over all bins."""
        return sum(self._bins.values(), Summary())

    def by_bin(self) -> list[tuple[str, Summary]]:
        """Range of tokens and summary of each bin that has formulas; the longest are one bin."""
        low, found = 1, []
        for edge in BIN_EDGES:
            if edge in self._bins:
                found.append((f"{low}-{edge}", self._bins[edge]))
            low = edge + 1
        longer = [summary for edge, summary in self._bins.items() if edge >= low]
        return [*found, (f"{low}-", sum(longer, Summary()))] if longer else found


def bin_of(label: Label) -> int:
    """The length bin of a label, as in data sets."""
    return length_bin(len(label.tokens))


def token_figures(tally: Tally) -> dict[str, float]:
    """BLEU, edit distance and exact match."""
    scores = tally.scores()
    return {
        "bleu": scores.bleu,
        "edit_distance": scores.edit_distance,
        "exact_match": scores.exact_match,
    }
