"""One shard of a data set: formulas to a parquet file of pictures with tokens and token places.

In: a `ShardJob`. Out: the bytes of the file, which depend on nothing else, with a `ShardNote` in
its metadata. Knows nothing of folders or of other shards.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from i2l_batch.train.dataset.config import DatasetConfig, Split
from i2l_batch.train.dataset.fonts import NOT_SHOWN
from i2l_batch.train.dataset.png import encode_png
from i2l_batch.train.dataset.render import Rendering, render
from i2l_batch.train.dataset.select import Formula
from i2l_batch.train.dataset.split import choose, length_bin
from i2l_batch.train.dataset.tex import POINTS

SAMPLE_SCHEMA = pa.schema(
    [
        ("tokens", pa.list_(pa.string())),
        ("formula", pa.string()),  # as the list has it
        ("image", pa.binary()),  # PNG, 8-bit grey, black on white, cut to the ink but for padding
        ("height", pa.int32()),  # of the image, in pixels
        ("width", pa.int32()),
        # (T, 4) int16: x0 y0 x1 y1 in pixels, zero where nothing is drawn; empty: without boxes
        ("boxes", pa.binary()),
        ("em", pa.float32()),  # body size in pixels
        ("font", pa.string()),
        ("split", pa.string()),
        ("bin", pa.int32()),  # longest formula of the length bin, in tokens
    ]
)

_POINTS_PER_INCH = 72.27

_NOTE = b"i2l"


class ShardJob(NamedTuple):
    """What a shard is made from."""

    split: Split
    formulas: Sequence[Formula]
    config: DatasetConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class ShardNote:
    """What the report needs to know of a shard."""

    rows: int
    rejected: dict[str, dict[str, int]]
    """Step (rendered, max_width, max_height) to reasons to numbers of formulas."""
    bins: dict[str, int]
    """Length bin to rows."""
    tokens: list[str]
    """The distinct tokens, sorted."""


def build_shard(job: ShardJob) -> bytes:
    """Render the formulas of a shard; the file as bytes."""
    columns: dict[str, list[Any]] = {name: [] for name in SAMPLE_SCHEMA.names}
    rejected: dict[str, Counter[str]] = {
        step: Counter() for step in ("rendered", "max_width", "max_height")
    }
    for formula, font, em, result in _render(job):
        if objection := _objection(result, job.config):
            step, reason = objection
            rejected[step][reason] += 1
            continue
        assert isinstance(result, Rendering)
        row = _row(formula, result, job)
        for name, value in {**row, "em": em, "font": font, "split": job.split}.items():
            columns[name].append(value)
    note = ShardNote(
        rows=len(columns["tokens"]),
        rejected={step: dict(reasons.most_common()) for step, reasons in rejected.items()},
        bins={str(edge): n for edge, n in sorted(Counter(columns["bin"]).items())},
        tokens=sorted({token for tokens in columns["tokens"] for token in tokens}),
    )
    schema = SAMPLE_SCHEMA.with_metadata({_NOTE: json.dumps(asdict(note))})
    buffer = pa.BufferOutputStream()
    # Pictures are packed already.
    pq.write_table(
        pa.table(columns, schema=schema),
        buffer,
        compression="zstd",
        use_dictionary=["font", "split"],  # pyright: ignore[reportArgumentType],
    )
    return buffer.getvalue().to_pybytes()


def read_note(path: Path) -> ShardNote | None:
    """The note of a shard; None when there is none that can be read."""
    try:
        metadata = pq.read_metadata(path).metadata or {}
        return ShardNote(**json.loads(metadata[_NOTE]))
    except (OSError, pa.ArrowInvalid, KeyError, TypeError, ValueError):
        return None


def _render(job: ShardJob) -> Iterator[tuple[Formula, str, float, Rendering | str]]:
    """Each formula with its font, its body size in pixels and what became of it, by font."""
    config = job.config
    names, shares = zip(*config.fonts, strict=True)
    fonts = [
        choose(formula.lot.font, _fitting(formula.tokens.split(" "), names, shares))
        for formula in job.formulas
    ]
    for k, font in enumerate(names):
        members = [f for f, chosen in zip(job.formulas, fonts, strict=True) if chosen == k]
        dpis = [_dpi(formula, config) for formula in members]
        results = render(
            [formula.tokens.split(" ") for formula in members],
            dpis,
            font=font,
            points=config.points,
            marked=config.boxes,
        )
        for formula, dpi, result in zip(members, dpis, results, strict=True):
            yield formula, font, dpi * POINTS[config.points] / _POINTS_PER_INCH, result


def _fitting(
    tokens: Sequence[str], names: Sequence[str], shares: Sequence[float]
) -> Sequence[float]:
    """Shares of the fonts that can show all of a formula's tokens; all of them where none can."""
    shown = [
        share if NOT_SHOWN.get(name, frozenset()).isdisjoint(tokens) else 0.0
        for name, share in zip(names, shares, strict=True)
    ]
    return shown if any(shown) else shares


def _dpi(formula: Formula, config: DatasetConfig) -> float:
    place = formula.lot.size
    if config.usual_dpi is not None:
        if place < 0.5:
            return config.usual_dpi
        place = 2 * place - 1
    low, high = config.dpi
    return low + place * (high - low)


def _objection(result: Rendering | str, config: DatasetConfig) -> tuple[str, str] | None:
    """The step at which a formula is rejected, and why."""
    if isinstance(result, str):
        return "rendered", result.split(".")[0]
    height, width = result.pixels.shape
    if config.max_width and width > config.max_width:
        return "max_width", f"is wider than {config.max_width} pixels"
    if config.max_height and height > config.max_height:
        return "max_height", f"is higher than {config.max_height} pixels"
    return None


def _row(formula: Formula, result: Rendering, job: ShardJob) -> dict[str, Any]:
    """What of a row depends on the formula and its picture."""
    padding = job.config.padding
    pixels, boxes = result.pixels, result.boxes
    if padding:
        pixels = np.pad(pixels, padding, constant_values=255)
        drawn = boxes.any(1, keepdims=True)
        boxes = np.where(drawn, boxes + np.int16(padding), boxes)
    tokens = formula.tokens.split(" ")
    return {
        "tokens": tokens,
        "formula": formula.source,
        "image": encode_png(pixels),
        "height": pixels.shape[0],
        "width": pixels.shape[1],
        "boxes": boxes.tobytes(),
        "bin": length_bin(len(tokens)),
    }
