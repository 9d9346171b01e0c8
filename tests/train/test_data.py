"""Reading a data set: what was written comes back, what does not suit the model is told."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from i2l_batch.errors import UsageError
from i2l_batch.models.tokenizer import UNK, Tokenizer
from i2l_batch.train.data import Sample, Split, read_vocabulary, usable
from tests.train.little_world import TOKENIZER, sample, samples, write_dataset

WORLD = samples(9, 4)


def same(one: Sample, other: Sample) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ("ink", "ids", "boxes")
    )


@pytest.mark.parametrize("padding", [0, 5])
def test_samples_come_back_as_they_were_drawn(tmp_path: Path, padding: int) -> None:
    """Also those that were stored with white around them: the model meets pictures without."""
    split = Split(write_dataset(tmp_path, WORLD, WORLD[:2], padding=padding), "train", TOKENIZER)
    assert len(split) == len(WORLD)
    assert split.lengths.tolist() == [len(s.ids) for s in WORLD]
    for i, drawn in enumerate(WORLD):
        assert same(split[i], drawn)
        assert split.sizes[i].tolist() == [n + 2 * padding for n in drawn.ink.shape]


def test_a_split_reads_itself_again_in_another_process(tmp_path: Path) -> None:
    split = Split(write_dataset(tmp_path, WORLD, WORLD[:2]), "validation", TOKENIZER)
    content = pickle.dumps(split)
    assert len(content) < 1000
    again = pickle.loads(content)
    assert [same(again[i], split[i]) for i in range(2)] == [True, True]


def test_tokens_outside_the_vocabulary_are_unknown(tmp_path: Path) -> None:
    split = Split(
        write_dataset(tmp_path, [sample("121"), sample("2")], WORLD),
        "train",
        Tokenizer.from_tokens("1"),
    )
    assert split[0].ids.tolist() == [4, UNK, 4]
    assert split[1].ids.tolist() == [UNK]


def test_whether_places_are_known(tmp_path: Path) -> None:
    for boxes in (True, False):
        folder = write_dataset(tmp_path / str(boxes), WORLD, WORLD, boxes=boxes)
        split = Split(folder, "train", TOKENIZER)
        assert split.has_boxes == boxes
        assert split[0].boxes.shape == (len(WORLD[0].ids), 4)
        assert split[0].boxes.any() == boxes


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"vocabulary": [1]}', '{"vocabulary": "a"}'])
def test_a_damaged_report_is_one_clear_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(UsageError, match=r"dataset\.json .*build the data set again") as caught:
        read_vocabulary(tmp_path)
    assert "\n" not in str(caught.value)


def test_an_unfinished_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a finished data set"):
        read_vocabulary(tmp_path)
    with pytest.raises(UsageError, match="holds no train samples"):
        Split(tmp_path, "train", TOKENIZER)
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "part-00000.parquet").write_bytes(b"half")
    with pytest.raises(UsageError, match="cannot be read, build it again"):
        Split(tmp_path, "train", TOKENIZER)


def split_of(folder: Path, **options: float) -> Split:
    drawn = [sample("1"), sample("1111"), sample("11111111")]
    return Split(write_dataset(folder, drawn, drawn, **options), "train", TOKENIZER)  # pyright: ignore


def choose(split: Split, width: int = 1000, max_tokens: int = 10) -> tuple[list[int], list[str]]:
    members, lines = usable(
        split, max_size=(40, width), margins=8, em_pixels=16.0, max_tokens=max_tokens
    )
    return members.tolist(), lines


def test_what_the_model_cannot_take_is_left_out_and_counted(tmp_path: Path) -> None:
    """Pictures are 12, 60 and 124 pixels wide."""
    split = split_of(tmp_path)
    assert choose(split) == ([0, 1, 2], [])
    assert choose(split, width=68) == (
        [0, 1],
        ["train: left out 1 pictures larger than 32 x 60 pixels"],
    )
    assert choose(split, width=67)[0] == [0]
    assert choose(split, max_tokens=4) == (
        [0, 1],
        ["train: left out 1 formulas longer than 4 tokens"],
    )
    assert len(choose(split, width=68, max_tokens=1)[1]) == 2
    with pytest.raises(UsageError, match="holds no train sample of at most 32 x 2 pixels"):
        choose(split, width=10)


@pytest.mark.parametrize("em", [33.2, 10.0])
def test_text_of_another_size_is_refused(tmp_path: Path, em: float) -> None:
    with pytest.raises(
        UsageError, match=f"for text of {em:g} pixels and the model reads text of 16"
    ):
        choose(split_of(tmp_path, em=em))


@pytest.mark.parametrize("em", [11.0, 18.0])
def test_text_of_about_the_size_is_taken(tmp_path: Path, em: float) -> None:
    assert choose(split_of(tmp_path, em=em)) == ([0, 1, 2], [])


def test_some_text_of_another_size_is_told(tmp_path: Path) -> None:
    split = split_of(tmp_path)
    split.ems = np.array([16.0, 16.0, 30.0])
    members, lines = choose(split)
    assert members == [0, 1, 2]
    assert lines == [
        "train: 1 samples have text of another size: the model reads text of 16 pixels"
    ]
