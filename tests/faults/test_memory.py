"""A GPU that is too small for a batch reads it in parts; what does not fit alone is a row that says
so, and its neighbours are read."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from i2l_batch.batches import ON_CPU, FittingBatches, Key
from i2l_batch.config import BeamSize, ExtractConfig
from i2l_batch.extract import extract_chunk
from i2l_batch.images import decode_png, prepare
from i2l_batch.records import Crop, Transcript
from i2l_batch.results import open_results
from i2l_batch.transcriber import Transcriber
from tests.conftest import EXAMPLES
from tests.extract import pdfs
from tests.faults.cramped import Cramped, CrampedReader, put_in
from tests.runs import direct_rows, documents, rows, run


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 90), st.integers(1, 400)), min_size=1, max_size=60),
    st.integers(50, 300_000),
    st.integers(1, 40),
)
def test_what_fits_alone_is_read_and_little_is_tried_in_vain(
    shapes: list[tuple[int, int]], room: int, batch_size: int
) -> None:
    keys = [Key(*shape, b"%d" % i) for i, shape in enumerate(shapes)]
    in_vain = 0

    def do(batch: list[Key]) -> list[bytes] | None:
        nonlocal in_vain
        if len(batch) * max(key.area for key in batch) <= room:
            return [key.digest for key in batch]
        in_vain += len(batch) > 1
        return None

    batches = FittingBatches(ON_CPU._replace(pictures=batch_size))
    for _ in range(3):
        found = dict(batches.work(keys, do))
        assert found == {key: key.digest if key.area <= room else None for key in keys}
    # It is remembered what did not fit: each failure halves all that comes later.
    assert in_vain <= math.log2(ON_CPU.pixels / room) + 1


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    """Of formulas of one row; one is larger than all others."""
    found = extract_chunk(str(EXAMPLES / "papers/numbered.pdf"), "pdf", ExtractConfig())
    crops = [decode_png(crop.png) for crop in found.crops]
    crops = [crop for crop in crops if not prepare(crop, None, by_rows=True).rows]
    return [*crops, wide(max(crops, key=lambda crop: crop.size))]


def wide(picture: np.ndarray) -> np.ndarray:
    return np.tile(picture, (1, 3))


def cramped(checkpoint: Path, beam_size: BeamSize, **limits: int) -> tuple[Transcriber, Cramped]:
    transcriber = Transcriber(checkpoint, device="cpu", beam_size=beam_size, num_threads=1)
    model = put_in(transcriber, Cramped)
    for name, limit in limits.items():
        setattr(model, name, limit)
    return transcriber, model


@pytest.mark.parametrize("beam_size", [1, 3])
def test_batches_are_halved_and_answers_stay(
    pictures: list[np.ndarray], checkpoint: Path, beam_size: int
) -> None:
    roomy, model = cramped(checkpoint, beam_size)
    expected = [roomy.transcribe([picture])[0] for picture in pictures]
    room, largest = sorted(model.tried)[-2:]
    assert room < largest
    tight, model = cramped(checkpoint, beam_size, room=room)
    *answers, last = tight.transcribe(pictures)
    assert max(model.tried) > largest
    assert (last.latex, last.confidence, last.flags[-1]) == ("", 0.0, "out_of_memory")
    for answer, alone in zip(answers, expected, strict=False):
        assert answer.latex == alone.latex
        assert answer.score == pytest.approx(alone.score, abs=1e-4)
    model.tried = []
    tight.transcribe(pictures[:-1])
    assert max(model.tried) <= room  # it has learned


def test_the_greedy_answer_stays_where_a_beam_does_not_fit(
    pictures: list[np.ndarray], checkpoint: Path
) -> None:
    greedy = cramped(checkpoint, 1)[0].transcribe(pictures)
    tired = cramped(checkpoint, "auto", strength=len(pictures))[0]
    rested = cramped(checkpoint, "auto")[0]
    assert [t.latex for t in tired.transcribe(pictures)] == [t.latex for t in greedy]
    assert [t.latex for t in rested.transcribe(pictures)] != [t.latex for t in greedy]


@pytest.mark.usefixtures("cluster")
def test_a_run_on_a_small_gpu(tmp_path: Path, checkpoint: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    pdfs.paper(folder / "paper.pdf", pages=9)
    (crop, *_) = extract_chunk(str(folder / "paper.pdf"), "pdf", ExtractConfig()).crops
    Image.fromarray(np.tile(decode_png(crop.png), (1, 30))).save(folder / "wide.png")
    transcriber = Transcriber(checkpoint, device="cpu", beam_size=1, num_threads=1)

    def read(crops: list[Crop]) -> list[Transcript]:
        return [t for c in crops for t in transcriber.transcribe([decode_png(c.png)], [c.em])]

    expected = direct_rows([folder], read)
    output = tmp_path / "out"
    account, said = run(
        [folder], output, checkpoint, CrampedReader, ExtractConfig(images="crop"), beam_size=1
    )
    assert (account.ok, account.partial, account.exit_code) == (1, 1, 1)
    table = open_results(output).formulas().to_table()
    flags = dict(zip(table["formula_id"].to_pylist(), table["flags"].to_pylist(), strict=True))
    (unread,) = (name for name, value in flags.items() if "out_of_memory" in value)
    found = rows(output)
    assert found.pop(unread)[0] == ""
    assert expected.pop(unread)[0] != ""
    assert found == expected
    row = documents(output)["wide.png"]
    assert (row["status"], row["formulas"]) == ("partial", 1)
    message = "1 of 1 formulas do not fit into the memory of the device"
    assert row["error_message"] == message
    assert f"partial: wide.png: {message}" in said
