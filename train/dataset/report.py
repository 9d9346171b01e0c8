"""The report of a data set: its counts beside the paper's, as JSON and as a table.

In: the account of the selection and what the shards say of themselves. Out: a dictionary that JSON
can hold, and lines to read. Knows nothing of formulas or pictures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from i2l_batch.train.dataset.config import Split
from i2l_batch.train.dataset.select import Selection
from i2l_batch.train.dataset.shards import ShardNote
from i2l_batch.train.dataset.split import BIN_EDGES

PAPER: dict[str, Any] = {
    "name": "I2L-140K",
    # After rendering; length came last there, after the picture's size.
    "counts": {
        "read": 154_944,
        "distinct": 154_384,
        "min_frequency": 152_840,
        "max_tokens": 142_966,
        "max_width": 148_468,
        "max_height": 145_934,
        "kept": 142_966,
    },
    "removed": {
        "distinct": 560,
        "min_frequency": 1_544,
        "max_tokens": 2_968,
        "max_width": 4_372,
        "max_height": 2_534,
    },
    "splits": {"train": 114_406, "validation": 14_280, "test": 14_280},
    "bins": dict(
        zip(
            map(str, BIN_EDGES),
            (15_439, 14_340, 13_364, 15_115, 13_689, 15_318, 15_277, 13_963, 12_675, 13_786),
            strict=True,
        )
    ),
    "vocabulary": 336,
}
"""The paper's data set at the steps that it has too. Its 338 words include begin and end."""


def make_report(selection: Selection, notes: Mapping[Split, Sequence[ShardNote]]) -> dict[str, Any]:
    """What a data set holds and what was left out, as `dataset.json` has it."""
    funnel = selection.funnel
    everything = [note for of_split in notes.values() for note in of_split]
    for step in ("rendered", "max_width", "max_height"):
        reasons: Counter[str] = Counter()
        for note in everything:
            reasons.update(note.rejected[step])
        funnel.step(step, reasons)
    funnel.step("kept", {})
    bins: Counter[int] = Counter()
    for note in everything:
        bins.update({int(edge): n for edge, n in note.bins.items()})
    seen = {token for note in notes["train"] or everything for token in note.tokens}
    return {
        "counts": funnel.counts,
        "rejected": dict(sorted(funnel.rejected.items(), key=lambda item: (-item[1], item[0]))),
        "splits": {split: sum(note.rows for note in notes[split]) for split in notes},
        "shards": {split: len(notes[split]) for split in notes},
        "bins": {str(edge): bins[edge] for edge in sorted(bins)},
        "vocabulary": sorted(seen & selection.common),
        "paper": PAPER,
    }


def report_table(report: Mapping[str, Any]) -> str:
    """The report as text."""
    return "\n".join(_lines(report))


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    paper = report["paper"]
    yield _row("", "left", "removed", paper["name"], "removed")
    before = 0
    for step, left in report["counts"].items():
        if step == "pieces":
            yield _row("pieces added", left)
            before += left
            continue
        removed = before - left if step not in ("read", "kept") else None
        of_paper = paper["counts"].get(step)
        # There the length was looked at last: what was left then cannot be compared.
        shown = None if step == "max_tokens" else of_paper
        yield _row(_STEPS[step], left, removed, shown, paper["removed"].get(step))
        before = left
    yield ""
    for reason, count in report["rejected"].items():
        yield f"{count:>10,}  {reason}"
    yield ""
    for title in ("splits", "bins"):
        yield _row(_TITLES[title], "formulas", "", paper["name"])
        for key, count in report[title].items():
            yield _row(f"  {key}", count, None, paper[title].get(key))
    yield _row("vocabulary", len(report["vocabulary"]), None, paper["vocabulary"])


_STEPS = {
    "read": "read",
    "normalised": "normalised",
    "distinct": "distinct",
    "min_tokens": "not too short",
    "banned": "no banned token",
    "min_frequency": "no rare token",
    "max_tokens": "not too long",
    "rendered": "rendered",
    "max_width": "not too wide",
    "max_height": "not too high",
    "kept": "kept",
}
_TITLES = {"splits": "split", "bins": "length up to (tokens)"}


def _row(name: str, *cells: str | int | None) -> str:
    texts = ("" if c is None else f"{c:,}" if isinstance(c, int) else c for c in cells)
    return (f"{name:<24}" + "".join(f"{text:>11}" for text in texts)).rstrip()
