"""A split of a data set in memory: pictures stay compressed, everything else is plain arrays.

In: a data set folder. Out: samples one by one, and the numbers that batches are cut by. Knows
nothing of batches and models.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from i2l_batch.errors import UsageError
from i2l_batch.images import decode_png
from i2l_batch.models.tokenizer import Tokenizer

COLUMNS = ["tokens", "image", "height", "width", "boxes", "em"]

LIKE_SIZES = 1.5
"""Ratio of body sizes within which a model learns from text of another size: the builder draws it
in 13 to 21 pixels."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One formula, ready to be put into a batch."""

    ink: np.ndarray
    """(H, W) uint8, 0 empty to 255 full, cut to the ink."""
    ids: np.ndarray
    """(T,) token ids, without bos and eos."""
    boxes: np.ndarray
    """(T, 4) int16 x0 y0 x1 y1 of the tokens in pixels of `ink`; zero where unknown."""


class Split:
    """All samples of a split, in the order of their files.

    Pickled it is its address only: a loader process reads the files itself.
    """

    def __init__(self, folder: Path, name: str, tokenizer: Tokenizer) -> None:
        self.folder, self.name, self._tokenizer = folder, name, tokenizer
        table = _read(folder, name)
        offsets, self._ids = _token_ids(table["tokens"], tokenizer)
        self._starts = offsets
        self._images, self._boxes = table["image"], table["boxes"]
        self.lengths = np.diff(offsets)
        """(N,) tokens of each sample, without eos."""
        self.sizes = np.stack([table["height"].to_numpy(), table["width"].to_numpy()], 1)
        """(N, 2) height and width of each picture in pixels."""
        self.ems = table["em"].to_numpy()
        """(N,) body size of each picture's text in pixels."""

    def __len__(self) -> int:
        return len(self.lengths)

    def ids(self, index: int) -> np.ndarray:
        """(T,) token ids of a sample, without bos and eos; its picture is not read."""
        return self._ids[self._starts[index] : self._starts[index + 1]]

    def __getitem__(self, index: int) -> Sample:
        ids = self.ids(index)
        boxes = np.frombuffer(self._boxes[index].as_py(), np.int16).reshape(-1, 4)
        if not len(boxes):
            boxes = np.zeros((len(ids), 4), np.int16)
        return trimmed(Sample(255 - decode_png(self._images[index].as_py()), ids, boxes))

    def __reduce__(self) -> tuple[type[Split], tuple[Path, str, Tokenizer]]:
        return type(self), (self.folder, self.name, self._tokenizer)

    @property
    def has_boxes(self) -> bool:
        """Whether the place of every token's ink is known."""
        return any(box.as_py() for box in self._boxes)


def trimmed(sample: Sample) -> Sample:
    """The sample without empty rows and columns around its ink, as the model will meet pictures."""
    rows, columns = np.flatnonzero(sample.ink.any(1)), np.flatnonzero(sample.ink.any(0))
    if not len(rows) or (len(rows), len(columns)) == sample.ink.shape:
        return sample
    top, left = int(rows[0]), int(columns[0])
    boxes = np.where(
        sample.boxes.any(1, keepdims=True), sample.boxes - np.array([left, top, left, top]), 0
    )
    ink = sample.ink[top : rows[-1] + 1, left : columns[-1] + 1]
    return Sample(ink, sample.ids, boxes.astype(np.int16))


def read_vocabulary(folder: Path) -> Tokenizer:
    """The tokenizer of a data set. Raises UsageError when it is unfinished or damaged."""
    path = folder / "dataset.json"
    try:
        report = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(
            f"{folder} is not a finished data set (no dataset.json): "
            "build it with `i2l dataset build`"
        ) from error
    except ValueError as error:
        raise UsageError(f"{path} is damaged, build the data set again: {error}") from error
    tokens = report.get("vocabulary") if isinstance(report, dict) else None
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise UsageError(f"{path} holds no vocabulary: build the data set again")
    return Tokenizer.from_tokens(tokens)


def fingerprint(folder: Path) -> str:
    """What tells a finished data set from others: the hash of its recipe, or of its report."""
    recipe, report = folder / "recipe.json", folder / "dataset.json"
    return hashlib.sha256((recipe if recipe.exists() else report).read_bytes()).hexdigest()


def usable(
    split: Split, *, max_size: tuple[int, int], margins: int, em_pixels: float, max_tokens: int
) -> tuple[np.ndarray, list[str]]:
    """Which samples a model can learn, and a line on each kind that it cannot, or will badly.

    Args:
        split: the samples.
        max_size: height and width that the model takes, empty margins around the ink included.
        margins: pixels of two opposite margins together.
        em_pixels: body size of the text that it reads.
        max_tokens: longest formula.

    Returns:
        (M,) sorted indices, and lines for people.

    Raises:
        UsageError: most samples have text of another size, or none is left.
    """
    folder, name = split.folder, split.name
    foreign = np.abs(np.log(split.ems / em_pixels)) > np.log(LIKE_SIZES)
    advice = f"the model reads text of {em_pixels:g} pixels"
    if foreign.mean() > 0.5:
        raise UsageError(
            f"{folder} was built for text of {np.median(split.ems):g} pixels and {advice}: "
            "build the data set with the model's --preset (or --dpi)"
        )
    lines = []
    if foreign.any():
        lines.append(f"{name}: {foreign.sum()} samples have text of another size: {advice}")
    large = (split.sizes + margins > np.array(max_size)).any(1)
    long = ~large & (split.lengths > max_tokens)
    most = " x ".join(str(size - margins) for size in max_size)
    if large.any():
        lines.append(f"{name}: left out {large.sum()} pictures larger than {most} pixels")
    if long.any():
        lines.append(f"{name}: left out {long.sum()} formulas longer than {max_tokens} tokens")
    members = np.flatnonzero(~large & ~long)
    if not len(members):
        raise UsageError(
            f"{folder} holds no {name} sample of at most {most} pixels and {max_tokens} tokens"
        )
    return members, lines


def _read(folder: Path, name: str) -> pa.Table:
    """The columns of a split that training needs. Raises UsageError when there is no sample."""
    paths = sorted((folder / name).glob("*.parquet"))
    try:
        tables = [pq.read_table(path, columns=COLUMNS) for path in paths]
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"{folder / name} cannot be read, build it again: {error}") from error
    if not sum(table.num_rows for table in tables):
        raise UsageError(
            f"{folder} holds no {name} samples: build the data set with a {name} split"
        )
    return pa.concat_tables(tables)


def _token_ids(tokens: pa.ChunkedArray, tokenizer: Tokenizer) -> tuple[np.ndarray, np.ndarray]:
    """Offsets (N + 1,) into the ids, and the ids of all samples one after another, int32."""
    lists = tokens.combine_chunks()
    flat = lists.flatten().dictionary_encode()
    known = np.array(tokenizer.encode(flat.dictionary.to_pylist()), np.int32)
    offsets = lists.offsets.to_numpy() - lists.offsets[0].as_py()
    return offsets.astype(np.int64), known[flat.indices.to_numpy()]
