"""What an evaluation says: a table for people, and JSON that names everything it rests on.

In: summaries by length, and facts of data, model and run. Out: text.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from i2l_batch.metrics import Tally
from i2l_batch.runs import timestamp, utc_now, versions
from i2l_batch.train.evaluation.summary import VERSIONS, ByLength, token_figures

FORMAT = 1
"""Number of the layout of report.json."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The outcome of an evaluation."""

    data: Mapping[str, Any]
    """What was measured on."""
    model: Mapping[str, Any]
    """What was measured."""
    lengths: ByLength
    blank: Tally | None
    """Answers to blank pictures; None where there was no model to ask."""
    images: bool
    """Pictures were compared."""
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        overall = self.lengths.overall()
        return {
            "format": FORMAT,
            "data": {**self.data, "formulas": overall.raw.num_formulas},
            "model": dict(self.model),
            "metrics": VERSIONS,
            "versions": versions(),
            "date": timestamp(utc_now()),
            "machine": {"platform": platform.platform(), "cpus": os.cpu_count()},
            "seconds": round(self.seconds, 2),
            "formulas_per_second": round(overall.raw.num_formulas / self.seconds, 2),
            "overall": overall.figures(images=self.images),
            "blank_pictures": self.blank
            and {"formulas": self.blank.num_formulas, **token_figures(self.blank)},
            "bins": [
                {"tokens": tokens, **summary.figures(images=self.images)}
                for tokens, summary in self.lengths.by_bin()
            ],
        }

    def table(self) -> str:
        """A table for people."""
        values = self.as_json()
        overall = values["overall"]
        lines = [
            _data_line(values["data"]),
            _model_line(values["model"]),
            f"{self.seconds:.1f} s, {values['formulas_per_second']:.1f} formulas/s",
            "",
            f"{'':<20}{'formulas':>9}{'BLEU':>8}{'edit':>8}{'exact':>8}",
            _token_line("labels as they are", overall["formulas"], overall["labels_as_they_are"]),
            _token_line("canonical form", overall["formulas"], overall["canonical_form"]),
        ]
        if blank := values["blank_pictures"]:
            lines.append(_token_line("blank pictures", blank["formulas"], blank))
        lines += ["", *self._pictures(overall), "", *self._bins(values["bins"])]
        return "\n".join(lines)

    def _pictures(self, overall: Mapping[str, Any]) -> list[str]:
        lines = [f"{_percent(overall['valid'])} of answers parse"]
        if self.images:
            lines[0] += f", {_percent(overall['drawn'])} give a picture"
            lines.append(
                f"same picture: {_percent(overall['image_match_harvard'])} as the field counts it, "
                f"{_percent(overall['image_match_strict'])} strictly; "
                f"{_percent(overall['image_edit'])} of columns"
            )
            if lost := overall["labels_without_picture"]:
                lines.append(f"{lost} labels give no picture and are left out of these shares")
        if overall["unanswered"]:
            lines.append(f"{overall['unanswered']} formulas have no answer and count as empty ones")
        return lines

    def _bins(self, bins: list[dict[str, Any]]) -> list[str]:
        head = f"{'tokens':<20}{'formulas':>9}{'BLEU':>8}{'edit':>8}{'exact':>8}{'parse':>8}"
        lines = [head + (f"{'same':>8}{'strict':>8}" if self.images else "")]
        for figures in bins:
            line = _token_line(
                figures["tokens"], figures["formulas"], figures["labels_as_they_are"]
            )
            line += f"{figures['valid']:>8.4f}"
            if self.images:
                line += f"{figures['image_match_harvard']:>8.4f}"
                line += f"{figures['image_match_strict']:>8.4f}"
            lines.append(line)
        return lines


def _data_line(data: Mapping[str, Any]) -> str:
    line = f"{data['formulas']} formulas of {data['path']}"
    if data["split"]:
        line += f" ({data['name']}), split {data['split']}"
    if account := data.get("account"):
        line += (
            f", {account['matched']} found in {data['results']}; "
            f"{account['source_missing']} of sources that are not there, "
            f"{account['formula_missing']} not found in theirs; "
            f"{account['extra']} more found in these sources, {account['other_sources']} in others"
        )
    return line


def _model_line(model: Mapping[str, Any]) -> str:
    name = model["path"] or model["id"]
    kind = f"{model['architecture']}, " if "architecture" in model else ""
    return f"model {name} ({kind}{model['sha256'][:8]}), beam {model['beam_size']}"


def _token_line(name: str, count: int, figures: Mapping[str, float]) -> str:
    return (
        f"{name:<20}{count:>9}{figures['bleu']:>8.4f}{figures['edit_distance']:>8.4f}"
        f"{figures['exact_match']:>8.4f}"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
