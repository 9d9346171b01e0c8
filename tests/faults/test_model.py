"""A formula that crashes the model is a row that says so, and takes no other along; a model that
works on nothing ends the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from i2l_batch.errors import CheckpointError, I2LError
from i2l_batch.results import open_results
from i2l_batch.stages import Reader
from tests.extract import pdfs
from tests.fake_readers import (
    DyingReader,
    FullReader,
    FussyReader,
    HopelessReader,
    PoisonedReader,
    UnloadableReader,
)
from tests.runs import direct_rows, documents, rows, run

pytestmark = pytest.mark.usefixtures("cluster")


@pytest.mark.parametrize("reader", [PoisonedReader, FussyReader])
def test_a_crop_that_kills_the_model_takes_no_other_along(
    tmp_path: Path, checkpoint: Path, reader: type[Reader]
) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    pdfs.paper(folder / "bad.pdf", pages=4)
    pdfs.paper(folder / "good.pdf", pages=2)
    expected = direct_rows([folder])
    account, said = run([folder], tmp_path / "out", checkpoint, reader, batch_size=3)
    assert (account.ok, account.partial, account.exit_code) == (1, 1, 1)
    table = open_results(tmp_path / "out").formulas().to_table()
    flags = dict(zip(table["formula_id"].to_pylist(), table["flags"].to_pylist(), strict=True))
    crashed = [name for name, value in flags.items() if value == ["crashed"]]
    assert len(crashed) == 1
    found = rows(tmp_path / "out")
    assert found.pop(crashed[0])[0] == ""
    assert found == {name: row for name, row in expected.items() if name != crashed[0]}
    assert documents(tmp_path / "out")["bad.pdf"]["status"] == "partial"
    assert "partial: bad.pdf: 1 of 4 formulas crash the model" in said


@pytest.mark.parametrize(
    ("reader", "error", "message"),
    [
        (UnloadableReader, CheckpointError, "the checkpoint is of no use"),
        (DyingReader, I2LError, "the model's process died 3 times while it loaded"),
        (FullReader, I2LError, "the device has no memory for any formula"),
        (HopelessReader, I2LError, "the model crashes over every formula: ValueError: broken"),
    ],
)
def test_a_model_that_does_not_work_ends_the_run_with_one_line(
    tmp_path: Path, checkpoint: Path, reader: type[Reader], error: type[I2LError], message: str
) -> None:
    path = pdfs.paper(tmp_path / "long.pdf", pages=25)
    with pytest.raises(error, match=message) as caught:
        run([path], tmp_path / "out", checkpoint, reader)
    assert "\n" not in str(caught.value)
    (record,) = open_results(tmp_path / "out").runs()
    assert record["status"] == "failed"
