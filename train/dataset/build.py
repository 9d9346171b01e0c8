"""The data set builder: formulas to parquet shards of pictures with tokens and token places.

In: formula lists. Out: `DIR/shard-NNNN.parquet` and `DIR/dataset.json` with the counts at every
filter and the vocabulary. A shard is there whole or not at all; the same command again makes only
what is missing, since every shard depends on the lists, the settings and its number alone.
"""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from i2l_batch.durable import whole_file
from i2l_batch.errors import UsageError
from i2l_batch.images import EM_PIXELS
from i2l_batch.train.dataset.formulas import count_tokens, cut_piece, read_formulas
from i2l_batch.train.dataset.normalize import Rejection, normalize_with
from i2l_batch.train.dataset.render import render
from i2l_batch.train.dataset.tex import FONTS, POINTS_PER_EM

SAMPLE_SCHEMA = pa.schema(
    [
        ("tokens", pa.list_(pa.string())),
        ("image", pa.binary()),  # PNG, 8-bit grey, black on white, cut to the ink
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("boxes", pa.binary()),  # (T, 4) int16: x0 y0 x1 y1 in pixels, zero where nothing is drawn
        ("em", pa.float32()),  # body size in pixels
        ("font", pa.string()),
    ]
)


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetConfig:
    """What goes into a data set."""

    column: str | None = None
    """Column of a JSON-lines or CSV list that holds the formula; None: the obvious one."""
    min_tokens: int = 3
    max_tokens: int = 100
    piece_tokens: int = 40
    """Longer formulas also give a random part of at most this many tokens; 0 for none."""
    min_frequency: int = 50
    """Formulas with a token that occurs less often in the list are dropped (paper, section 5)."""
    fonts: tuple[tuple[str, float], ...] = (
        ("computer-modern", 0.85),
        ("times", 0.05),
        ("palatino", 0.05),
        ("txfonts", 0.05),
    )
    """Font families and their shares."""
    em_pixels: tuple[float, float] = (EM_PIXELS * 0.8, EM_PIXELS * 1.3)
    """Range of the body size in pixels; half of the samples have exactly `EM_PIXELS`."""
    shard_size: int = 4000
    seed: int = 0

    def __post_init__(self) -> None:
        for font, _ in self.fonts:
            if font not in FONTS:
                raise UsageError(f"no font {font!r}: choose from {', '.join(FONTS)}")


def build_dataset(
    lists: Sequence[Path], output: Path, config: DatasetConfig, *, workers: int
) -> dict[str, int]:
    """Render the formulas of `lists` into shards under `output`; returns the counts.

    Raises:
        UsageError: a list cannot be read, or the folder was made with other lists or settings.
        RenderError: TeX is missing.
    """
    output.mkdir(parents=True, exist_ok=True)
    _claim(output, lists, config)
    formulas, counts, vocabulary = select_formulas(lists, config)
    shards = [
        formulas[i : i + config.shard_size] for i in range(0, len(formulas), config.shard_size)
    ]
    rejected: Counter[str] = Counter()
    # Spawned, not forked: a forked copy of a threaded parent can lock up.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        jobs = [
            pool.submit(build_shard, shard, number, output, config)
            for number, shard in enumerate(shards)
        ]
        for job in as_completed(jobs):
            rejected.update(job.result())
    counts["rendered"] = counts["selected"] - rejected.total()
    report = {
        "lists": [path.name for path in lists],
        "config": asdict(config),
        "counts": counts,
        "rejected": dict(rejected.most_common()),
        "vocabulary": vocabulary,
    }
    with whole_file(output / "dataset.json") as file:
        file.write(json.dumps(report, indent=1).encode())
    return counts


def _claim(output: Path, lists: Sequence[Path], config: DatasetConfig) -> None:
    """Note what the shards of a folder are made from; refuse to mix them with others."""
    for path in lists:
        if not path.is_file():
            raise UsageError(f"no such formula list: {path}")
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in lists]
    recipe = json.loads(json.dumps({"lists": digests, **asdict(config)}))
    note = output / "recipe.json"
    if note.exists():
        before = json.loads(note.read_text("utf-8"))
        if changed := sorted(key for key in recipe if recipe[key] != before.get(key)):
            raise UsageError(
                f"{output} was made with other settings ({', '.join(changed)}): "
                "give another folder, or remove this one"
            )
    with whole_file(note) as file:
        file.write(json.dumps(recipe, indent=1).encode())


def select_formulas(
    lists: Sequence[Path], config: DatasetConfig
) -> tuple[list[list[str]], dict[str, int], list[str]]:
    """The formulas to render in their final order, counts at every filter, and the vocabulary."""
    rng = random.Random(config.seed)
    normalized = (
        normalize_with("canonical", formula)
        for path in lists
        for formula in read_formulas(path, config.column)
    )
    distinct = {" ".join(t): t for t in normalized if not isinstance(t, Rejection)}
    read = list(distinct.values())
    counts = {"read": len(read)}
    frequency = count_tokens(read)
    kept = {token for token, n in frequency.items() if n >= config.min_frequency}
    known = [tokens for tokens in read if all(token in kept for token in tokens)]
    counts["known tokens"] = len(known)
    fitting = [t for t in known if config.min_tokens <= len(t) <= config.max_tokens]
    counts["length"] = len(fitting)
    if config.piece_tokens:
        pieces = [
            piece
            for tokens in known
            if len(tokens) > config.piece_tokens
            and (piece := cut_piece(tokens, rng, config.piece_tokens))
        ]
        counts["pieces"] = len(pieces)
        fitting += pieces
    counts["selected"] = len(fitting)
    rng.shuffle(fitting)
    return fitting, counts, sorted(count_tokens(fitting))


def build_shard(
    formulas: Sequence[list[str]], number: int, output: Path, config: DatasetConfig
) -> Counter[str]:
    """Render one shard and write it, unless it is there; returns the reasons of rejections."""
    path = output / f"shard-{number:04d}.parquet"
    if path.exists():
        metadata = pq.read_metadata(path).metadata or {}
        return Counter(json.loads(metadata.get(b"rejected", b"{}")))
    rng = random.Random(f"{config.seed}-{number}")
    names, weights = zip(*config.fonts, strict=True)
    chosen = rng.choices(names, weights, k=len(formulas))
    ems = [EM_PIXELS if rng.random() < 0.5 else rng.uniform(*config.em_pixels) for _ in formulas]
    rows = []
    rejected: Counter[str] = Counter()
    for font in names:
        members = [i for i in range(len(formulas)) if chosen[i] == font]
        for start in range(0, len(members), 500):
            part = members[start : start + 500]
            dpis = [ems[i] / POINTS_PER_EM * 72.27 for i in part]
            for i, result in zip(
                part, render([formulas[i] for i in part], dpis, font=font), strict=True
            ):
                if isinstance(result, str):
                    rejected[result.split(".")[0]] += 1
                    continue
                rows.append(_sample(formulas[i], result.pixels, result.boxes, ems[i], font))
    table = pa.Table.from_pylist(rows, schema=SAMPLE_SCHEMA)
    table = table.replace_schema_metadata({"rejected": json.dumps(rejected)})
    with whole_file(path) as file:
        pq.write_table(table, file, compression="zstd")
    return rejected


def _sample(
    tokens: list[str], pixels: np.ndarray, boxes: np.ndarray, em: float, font: str
) -> dict[str, object]:
    """A row of SAMPLE_SCHEMA."""
    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "PNG", compress_level=6)
    return {
        "tokens": tokens,
        "image": png.getvalue(),
        "height": pixels.shape[0],
        "width": pixels.shape[1],
        "boxes": boxes.tobytes(),
        "em": em,
        "font": font,
    }
