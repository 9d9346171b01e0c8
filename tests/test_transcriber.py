"""The transcriber: what it answers depends on the picture alone, and no picture is read twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from i2l_batch.answers import transcript
from i2l_batch.batches import Key, Limits, size_batches
from i2l_batch.calibration import Calibration, to_json
from i2l_batch.config import ExtractConfig
from i2l_batch.errors import CheckpointError
from i2l_batch.extract import extract_chunk
from i2l_batch.grammar import Grammar
from i2l_batch.images import Prepared, decode_png, prepare
from i2l_batch.models.checkpoint import load_checkpoint, save_checkpoint
from i2l_batch.models.compact import Compact
from i2l_batch.models.decoder import Memory
from i2l_batch.models.files import CALIBRATION
from i2l_batch.models.grouping import pad
from i2l_batch.models.hypothesis import Hypothesis, length_norm
from i2l_batch.models.tokenizer import EOS, Tokenizer
from i2l_batch.picture_reader import THOROUGH, UNSURE
from i2l_batch.records import Transcript
from i2l_batch.row_answers import ARRANGED
from i2l_batch.transcriber import Transcriber
from tests.conftest import EXAMPLES
from tests.faults.cramped import put_in


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    """Of formulas of one row."""
    return [picture for picture in crops() if not prepared(picture).rows]


@pytest.fixture(scope="module")
def displays() -> list[np.ndarray]:
    """Of formulas of several rows."""
    return [picture for picture in crops() if prepared(picture).rows]


def crops() -> list[np.ndarray]:
    found = []
    for paper in ("numbered", "two_column"):
        extraction = extract_chunk(str(EXAMPLES / f"papers/{paper}.pdf"), "pdf", ExtractConfig())
        found += [decode_png(crop.png) for crop in extraction.crops]
    return found


def prepared(picture: np.ndarray) -> Prepared:
    """At the size of 200 dpi, as the crops are."""
    return prepare(picture, 10 * 200 / 72.27, em_pixels=18.0, by_rows=True)


class Counting(Compact):
    """Counts the pictures that are encoded."""

    count = 0

    def encode(self, images: Tensor, sizes: Tensor) -> Memory:
        self.count += len(images)
        return super().encode(images, sizes)


def reader(checkpoint: Path, **options: Any) -> Transcriber:
    return Transcriber(checkpoint, device="cpu", num_threads=1, **options)


def test_neighbours_and_batches_do_not_matter(pictures: list[np.ndarray], checkpoint: Path) -> None:
    for beam_size in (1, 3):
        one_by_one = reader(checkpoint, beam_size=beam_size)
        alone = [one_by_one.transcribe([picture])[0] for picture in pictures]
        for batch_size in (2, 7, 100):
            together = reader(checkpoint, beam_size=beam_size, batch_size=batch_size)
            for answer, expected in zip(together.transcribe(pictures), alone, strict=True):
                assert answer.latex == expected.latex
                assert answer.score == pytest.approx(expected.score, abs=1e-4)
                assert len(answer.alternatives) == beam_size - 1
    assert len({answer.latex for answer in alone}) > 3  # else the order could not be seen


def test_equal_pictures_are_read_once(pictures: list[np.ndarray], checkpoint: Path) -> None:
    transcriber = reader(checkpoint, beam_size=1)
    model = put_in(transcriber, Counting)
    some = pictures[:4]
    answers = transcriber.transcribe([*some, *reversed(some), *some])
    assert model.count == 4
    assert answers[:4] == answers[7:3:-1] == answers[8:]


def test_rows_are_read_as_pictures_of_their_own(
    displays: list[np.ndarray], checkpoint: Path
) -> None:
    assert len(displays) >= 4
    transcriber = reader(checkpoint, beam_size=3, attention=True)
    ready = [prepared(picture) for picture in displays]
    for answer, picture in zip(transcriber.read(ready), ready, strict=True):
        rows = transcriber.read(picture.rows)
        assert answer.valid
        assert "rows" in answer.flags
        body = answer.latex.split()[1:-1]
        assert [token for token in body if token not in ("&", r"\\")] == [
            token for row in rows for token in row.latex.split() if token not in ("&", r"\\")
        ]
        assert answer.lowest == min(ARRANGED, *(row.lowest for row in rows))
        assert answer.score < max(row.score for row in rows)
        assert answer.symbols is not None
        assert [symbol.token for symbol in answer.symbols] == answer.latex.split()
        boxes = [symbol.box for symbol in answer.symbols]
        of_rows = [s.box for row in rows if row.symbols for s in row.symbols if s.box]
        assert [box for box in boxes if box] == of_rows
        scores = [other.score for other in answer.alternatives]
        assert scores == sorted(scores, reverse=True)
        assert answer.latex not in {other.latex for other in answer.alternatives}


def test_what_was_looked_at_in_rows_is_there_in_the_whole(
    displays: list[np.ndarray], checkpoint: Path
) -> None:
    transcriber = reader(checkpoint, beam_size=1, attention=True)
    for answer, attention in transcriber.look(displays, [10 * 200 / 72.27] * len(displays)):
        assert attention.tokens == tuple(answer.latex.split())
        assert attention.weights.shape == (len(attention.tokens), len(attention.places))
        totals = attention.weights.sum(1)
        assert ((totals < 1e-6) | (abs(totals - 1) < 1e-3)).all()
        is_read = [token not in ("&", r"\\") for token in attention.tokens[1:-1]]
        assert ((totals[1:-1] > 0.5) | ~np.array(is_read, bool)).mean() > 0.9


def test_an_answer_that_was_cut_is_closed_and_says_so() -> None:
    tokenizer = Tokenizer.from_tokens(["x", "{", "}", "^"])
    grammar = Grammar(tokenizer.vocabulary)
    beam = [
        Hypothesis(
            tokens=tuple(tokenizer.encode(latex.split())),
            log_probability=-n,
            lowest=-n,
            finished=latex.endswith("}"),
        )
        for n, latex in enumerate(["x ^ { x }", "x ^ { x", "x ^"])
    ]
    answer = transcript(beam, tokenizer, grammar, ())
    assert (answer.latex, answer.valid, answer.stop, answer.flags) == ("x ^ { x }", True, "eos", ())
    assert [other.latex for other in answer.alternatives] == ["x ^ { x }", "x ^ { }"]
    cut = transcript(beam[1:], tokenizer, grammar, ())
    assert (cut.latex, cut.valid, cut.num_tokens) == ("x ^ { x }", True, 5)
    assert (cut.stop, cut.flags) == ("length", ("max_length",))
    assert cut.score == beam[1].score


def test_a_loop_is_cut_to_one_turn_and_says_so() -> None:
    tokenizer = Tokenizer.from_tokens(["x", "{", "}", "^"])
    ids = tuple(tokenizer.encode(["{", "x", *["^", "{", "x"] * 40]))
    stuck = Hypothesis(tokens=ids, log_probability=-1.0, finished=True, lowest=-1.0)
    answer = transcript([stuck], tokenizer, Grammar(tokenizer.vocabulary), ())
    assert answer.latex == "{ x ^ { } }"
    assert answer.flags == ("repeats",)


def test_a_blank_picture_says_nothing(pictures: list[np.ndarray], checkpoint: Path) -> None:
    transcriber = reader(checkpoint, beam_size=2)
    model = put_in(transcriber, Counting)
    blank = np.full((40, 90), 255, np.uint8)
    answers = transcriber.transcribe([blank, pictures[0], 255 - blank])
    assert model.count == 1
    for answer in (answers[0], answers[2]):
        assert (answer.latex, answer.confidence, answer.alternatives) == ("", 0.0, ())
        assert "blank" in answer.flags
    assert answers[1] == transcriber.transcribe([pictures[0]])[0]


def test_white_on_black_reads_the_same(pictures: list[np.ndarray], checkpoint: Path) -> None:
    transcriber = reader(checkpoint, beam_size=2)
    framed = [np.pad(p, 3, constant_values=255) for p in pictures[:5]]
    upright = transcriber.transcribe(framed, [30.0] * 5)
    inverted = transcriber.transcribe([255 - p for p in framed], [30.0] * 5)
    for one, other in zip(upright, inverted, strict=True):
        assert (one.latex, one.score) == (other.latex, other.score)
        assert set(other.flags) - set(one.flags) == {"inverted"}


def test_nothing_gives_nothing(checkpoint: Path) -> None:
    assert reader(checkpoint).transcribe([]) == []


def test_the_longest_answer_is_flagged(pictures: list[np.ndarray], checkpoint: Path) -> None:
    for answer in reader(checkpoint, beam_size=1, max_length=4).transcribe(pictures):
        assert answer.num_tokens <= 4
        assert ("max_length" in answer.flags) == (answer.stop == "length")
        assert 0 <= answer.confidence <= 1
        assert answer.valid == ("invalid" not in answer.flags)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        Transcriber(tmp_path)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 512), st.integers(1, 1536)), min_size=1, max_size=40),
    st.builds(Limits, st.integers(1, 9), st.integers(1, 10**7), st.integers(1, 10**8)),
)
def test_every_picture_is_in_one_batch_within_the_limits(
    shapes: list[tuple[int, int]], limits: Limits
) -> None:
    pictures = {
        Key(*shape, b"%d" % i): np.broadcast_to(np.uint8(0), shape)
        for i, shape in enumerate(shapes)
    }
    batches = size_batches(pictures, limits)
    keys = [key for batch in batches for key in batch]
    assert sorted(keys) == sorted(pictures)
    for batch in batches:
        assert 1 <= len(batch) <= limits.pictures
        if len(batch) > 1:
            assert len(batch) * max(key.height * key.width for key in batch) <= limits.pixels
            height, width = np.max([(key.height, key.width) for key in batch], 0)
            assert len(batch) * height * width <= limits.grid


def test_padding_is_empty() -> None:
    inks = [np.full((3, 5), 255, np.uint8), np.full((9, 2), 51, np.uint8)]
    images, sizes = pad(inks)
    assert sizes.tolist() == [[3, 5], [9, 2]]
    assert images.dtype == torch.float32
    assert images[0, :3, :5].unique().tolist() == [1.0]
    assert images.sum().item() == pytest.approx(15 + 18 * 0.2)


def test_auto_is_greedy_where_that_is_sure_and_a_beam_where_not(
    pictures: list[np.ndarray], checkpoint: Path, tmp_path: Path
) -> None:
    model, tokenizer = load_checkpoint(checkpoint)
    assert isinstance(model, Compact)
    with torch.no_grad():
        model.decoder.output.bias[EOS] += 1.5  # or hardly an answer would end,
        model.decoder.output.weight *= 3  # or be sure of itself
    copy = tmp_path / "copy"
    save_checkpoint(copy, model, tokenizer)
    greedy = reader(copy, beam_size=1).transcribe(pictures)
    beam = reader(copy, beam_size=THOROUGH).transcribe(pictures)
    calibration = Calibration(bias=0.0, weights=(1.0, 0.0, 0.0, 0.0))
    (copy / CALIBRATION).write_bytes(to_json(calibration, []))
    answers = reader(copy, beam_size="auto").transcribe(pictures)
    kinds = set()
    for answer, first, better in zip(answers, greedy, beam, strict=True):
        is_sure = first.score >= UNSURE and first.stop == "eos"
        kinds.add((is_sure, answer.latex == first.latex))
        is_cut = not {"max_length", "repeats"}.isdisjoint(answer.flags)
        odds = calibration.confidence(answer.score, answer.lowest, answer.num_tokens)
        assert answer.confidence == (0.0 if is_cut else pytest.approx(odds))
        if is_sure:
            assert answer.latex == first.latex
            assert answer.score == pytest.approx(first.score, abs=1e-4)
            assert not answer.alternatives
        else:
            assert first.latex in {answer.latex, *(other.latex for other in answer.alternatives)}
            assert rank(answer) >= rank(first)
            if rank(better) > rank(first):
                assert rank(answer) > rank(first)
    assert kinds == {(True, True), (False, True), (False, False)}


def rank(answer: Transcript) -> tuple[bool, float]:
    """As the search ranks it, rounded."""
    total = answer.score * (answer.num_tokens + 1)
    return answer.stop == "eos", round(total / length_norm(answer.num_tokens, 0.8), 3)
