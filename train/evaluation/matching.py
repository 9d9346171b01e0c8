"""Rows of a results folder against a truth file of one's own.

In: results of `i2l transcribe`, and records with `source`, `latex` and what else tells a formula
from the others of its source. Out: a label with its answer, or without one, and an account of what
has no counterpart on the other side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from i2l_batch.errors import UsageError
from i2l_batch.records import Transcript
from i2l_batch.results import open_results
from i2l_batch.train.evaluation.truth import Label, file_sha256, label, latex_of, text_of
from i2l_batch.train.records_file import read_records

_KEYS = ("page", "index", "number")
_COLUMNS = (
    *("formula_id", "source", "page", "index", "number"),
    *("latex", "confidence", "score", "lowest", "num_tokens", "stop", "valid", "flags"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """How truth and results fit: truth = matched + source_missing + formula_missing."""

    truth: int
    matched: int
    source_missing: int
    """Truth rows whose source is not in the results, or failed there."""
    formula_missing: int
    """Truth rows whose source has formulas, but not this one."""
    extra: int
    """Formulas of the truth's sources that the truth does not hold."""
    other_sources: int
    """Formulas of sources that the truth does not name: not measured."""


class MatchedResults:
    """Truth rows with their answers in a results folder."""

    def __init__(
        self,
        results: Path,
        truth: Path,
        *,
        max_tokens: int | None = None,
        limit: int | None = None,
    ) -> None:
        """Read and match both.

        Args:
            results: a results folder.
            truth: JSON lines or CSV.
            max_tokens: leave out formulas with more tokens in their label, after matching.
            limit: take only the first so many of the rest.

        Raises:
            StoreError: no results folder.
            UsageError: the truth cannot be read, is ambiguous, or fits nothing in the folder.
        """
        opened = open_results(results)
        self.results, self.truth = results, truth
        self.max_tokens, self.limit = max_tokens, limit
        self.run = opened.runs()[-1]
        formulas = opened.formulas(_COLUMNS).to_table().to_pylist()
        pairs, self.account = _match(list(read_records(truth)), formulas)
        if not self.account.matched:
            there = f"such as {formulas[0]['source']!r}" if formulas else "there are none"
            raise UsageError(
                f"no row of {truth} has a counterpart in {results}: `source` must be as in the "
                f"results ({there})"
            )
        fitting = (p for p in pairs if max_tokens is None or len(p[0].tokens) <= max_tokens)
        self.pairs = list(islice(fitting, limit))
        if not self.pairs:
            raise UsageError(f"{truth} holds no formula of at most {max_tokens} tokens")

    def __len__(self) -> int:
        return len(self.pairs)

    def batches(self, size: int) -> Sequence[list[tuple[Label, Transcript | None]]]:
        """All pairs in the truth's order, at most `size` at a time."""
        return [self.pairs[i : i + size] for i in range(0, len(self), size)]

    def facts(self) -> dict[str, Any]:
        """What names the truth in a report."""
        return {
            "kind": "results",
            "name": self.truth.stem,
            "path": str(self.truth),
            "split": None,
            "sha256": file_sha256(self.truth),
            "max_tokens": self.max_tokens,
            "limit": self.limit,
            "results": str(self.results),
            "account": asdict(self.account),
        }

    def model_facts(self) -> dict[str, Any]:
        """What names the model in a report."""
        settings = self.run["settings"]
        options = {name: settings.get(name) for name in ("beam_size", "max_length")}
        return {"path": None, **self.run["model"], **options}


def _match(
    records: Sequence[tuple[str, Mapping[str, Any]]], formulas: Sequence[Mapping[str, Any]]
) -> tuple[list[tuple[Label, Transcript | None]], Account]:
    """Labels with answers in the records' order, and the account."""
    by_source: dict[str, list[Mapping[str, Any]]] = {}
    for formula in formulas:
        by_source.setdefault(formula["source"], []).append(formula)
    pairs: list[tuple[Label, Transcript | None]] = []
    claimed: dict[str, str] = {}
    sources: Counter[str] = Counter()
    for place, record in records:
        source = text_of(record, place, "source", "image", "img")
        sources[source] += 1
        found = _find(record, place, by_source.get(source, []))
        if found:
            earlier = claimed.setdefault(found["formula_id"], place)
            if earlier != place:
                raise UsageError(f"{place} and {earlier} name the same formula")
        truth = label(_name(source, record), latex_of(record, place))
        pairs.append((truth, _transcript(found) if found else None))
    missing = sum(n for source, n in sources.items() if source not in by_source)
    in_sources = sum(len(by_source.get(source, ())) for source in sources)
    return pairs, Account(
        truth=len(pairs),
        matched=len(claimed),
        source_missing=missing,
        formula_missing=len(pairs) - len(claimed) - missing,
        extra=in_sources - len(claimed),
        other_sources=len(formulas) - in_sources,
    )


def _find(
    record: Mapping[str, Any], place: str, formulas: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """The formula out of those of its source that a record means; None when there is none."""
    wanted = {key: _plain(record[key]) for key in _KEYS if _plain(record.get(key))}
    fitting = [
        formula
        for formula in formulas
        if all(_plain(formula[key]) == value for key, value in wanted.items())
    ]
    if len(fitting) > 1:
        raise UsageError(
            f"{place} fits {len(fitting)} formulas of its source: add `page` and `index` as in the "
            "results, or `number`"
        )
    return fitting[0] if fitting else None


def _plain(value: object) -> str:
    """A page, index or equation number as text, without parentheses; empty for none."""
    return "" if value is None else str(value).strip().removeprefix("(").removesuffix(")")


def _name(source: str, record: Mapping[str, Any]) -> str:
    """What the formula is called in the predictions."""
    keys = [f"{key}={_plain(record[key])}" for key in _KEYS if _plain(record.get(key))]
    return " ".join([source, *keys])


def _transcript(formula: Mapping[str, Any]) -> Transcript:
    names = ("latex", "confidence", "score", "lowest", "num_tokens", "stop", "valid")
    return Transcript(
        **{name: formula[name] for name in names}, flags=tuple(formula["flags"]), alternatives=()
    )
