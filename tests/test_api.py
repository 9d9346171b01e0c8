"""The Python interface: light to import, typed as it is, and what its examples say is true."""

from __future__ import annotations

import doctest
import importlib.util
import inspect
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image

import i2l_batch
from i2l_batch import frames
from i2l_batch.any_picture import grey_picture
from i2l_batch.config import ExtractConfig, TranscribeConfig
from i2l_batch.errors import SourceError, UsageError
from i2l_batch.results import open_results
from i2l_batch.schema import FORMULA_SCHEMA
from tests.conftest import EXAMPLES, ROOT
from tests.export.results import PAPERS, stored, write_results

NAMES = ("basel-2x.png", "binomial.png", "euler.png", "gauss.jpg")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, cluster: str) -> Path:  # noqa: ARG001
    """A folder with four formulas and their results, read by the shipped model."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "formulas").mkdir()
    for name in NAMES:
        shutil.copy(EXAMPLES / "formulas" / name, folder / "formulas")
    i2l_batch.transcribe(folder / "formulas", folder / "results", beam_size=1)
    return folder


def check(test: doctest.DocTest) -> None:
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    failed, tried = runner.run(test, out=said.append)
    assert tried
    assert not failed, "".join(said)


@pytest.mark.parametrize(
    "module", ["i2l_batch.any_picture", "i2l_batch.frames", "i2l_batch.results"]
)
def test_examples_in_the_code(world: Path, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.chdir(world)
    found = doctest.DocTestFinder().find(importlib.import_module(module))
    tests = [test for test in found if test.examples]
    assert tests
    for test in tests:
        check(test)


def test_examples_in_the_documentation(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world)
    text = (ROOT / "docs" / "python.md").read_text("utf-8")
    check(doctest.DocTestParser().get_doctest(text, {}, "python.md", "docs/python.md", 0))


def test_importing_it_loads_nothing() -> None:
    heavy = {"torch", "ray", "duckdb", "pyarrow", "pandas", "polars", "numpy", "PIL", "pymupdf"}
    code = "import sys, i2l_batch; i2l_batch.UsageError; dir(i2l_batch); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not heavy.intersection(run.stdout.split())


def test_every_public_name_is_there() -> None:
    for name in i2l_batch.__all__:
        assert getattr(i2l_batch, name).__module__.startswith("i2l_batch.")
    assert set(i2l_batch.__all__) <= set(dir(i2l_batch))
    with pytest.raises(AttributeError, match="module 'i2l_batch' has no attribute 'nothing'"):
        i2l_batch.nothing  # noqa: B018  # pyright: ignore[reportAttributeAccessIssue]


def test_the_function_has_the_options_of_a_run() -> None:
    parameters = inspect.signature(i2l_batch.transcribe).parameters
    options = {f.name: f.default for f in [*fields(TranscribeConfig), *fields(ExtractConfig)]}
    del options["extract"], options["chunk_pages"]
    given = {name: p.default for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    assert given == options | {"progress": False}


def test_a_run_is_quiet_and_can_be_repeated(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], checkpoint: Path
) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"no PDF")
    inputs = [world / "formulas" / "euler.png", tmp_path / "broken.pdf"]
    for repeated in (False, True):
        results = i2l_batch.transcribe(inputs, str(tmp_path / "out"), model=str(checkpoint))
        said = capsys.readouterr()
        assert said.out == ""
        assert ("broken.pdf" in said.err) != repeated
        assert len(said.err.splitlines()) == (0 if repeated else 1)
        assert results.documents()["status"].to_pylist().count("failed") == 1
        assert results.formulas().count_rows() == 1


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> i2l_batch.Results:
    """Rows of all types."""
    return open_results(write_results(tmp_path_factory.mktemp("frames") / "results", PAPERS))


def test_frames_are_the_rows_in_reading_order(results: i2l_batch.Results) -> None:
    expected = pa.Table.from_pylist(stored(Path(results.folder), crops=True), FORMULA_SCHEMA)
    assert frames.to_arrow(results, FORMULA_SCHEMA.names).equals(expected)
    assert frames.to_arrow(results).equals(expected.drop_columns(["crop"]))
    valid = results.to_pandas(["latex", "page"], where="NOT valid OR page > 10")
    rows = [r for r in expected.to_pylist() if not r["valid"] or (r["page"] or 0) > 10]
    assert valid["latex"].tolist() == [row["latex"] for row in rows]
    assert results.to_pandas(["page"])["page"].dtype == pd.Int32Dtype()
    assert results.to_pandas(["page"])["page"].isna().sum() == 1


def test_wrong_columns_and_conditions_are_one_line(results: i2l_batch.Results) -> None:
    with pytest.raises(UsageError, match="there is no column 'latx': formulas have formula_id"):
        results.to_pandas(["latx"])
    with pytest.raises(UsageError, match="where='latx > 1': Binder Error") as caught:
        results.to_pandas(where="latx > 1")
    assert "\n" not in str(caught.value)


def test_a_missing_library_is_named(results: i2l_batch.Results) -> None:
    if importlib.util.find_spec("polars") is None:
        with pytest.raises(UsageError, match="to_polars needs polars: pip install polars"):
            results.to_polars()
    else:
        assert results.to_polars(["latex"])["latex"].to_list() == [
            row["latex"] for row in stored(Path(results.folder))
        ]


def test_queries_and_pictures_do_not_disturb_each_other(world: Path) -> None:
    results = open_results(world / "results")
    results.sql("CREATE TABLE sure AS FROM formulas WHERE confidence > 0.9")
    seen = {}
    for formula_id, picture in results.pictures():
        (row,) = results.sql(
            f"SELECT source FROM formulas WHERE formula_id = '{formula_id}'"
        ).fetchall()
        assert results.picture(formula_id).tobytes() == picture.tobytes()
        seen[row[0]] = picture
    assert results.sql("SELECT count(*) FROM sure").fetchall() == [(3,)]
    assert tuple(seen) == NAMES
    assert np.array_equal(seen["euler.png"], grey_picture(world / "formulas" / "euler.png"))


def test_pictures_that_are_not_there(results: i2l_batch.Results) -> None:
    with pytest.raises(UsageError, match="there is no formula 'x' in"):
        results.picture("x")
    (bare,) = [r for r in stored(Path(results.folder), crops=True) if r["crop"] is None]
    with pytest.raises(UsageError, match="has no picture: the run was made with --no-crops"):
        results.picture(bare["formula_id"])


GREY = np.array([[0, 51, 255], [102, 204, 153]], np.uint8)


@pytest.mark.parametrize(
    "picture",
    [
        GREY,
        GREY[:, :, None],
        GREY.astype(np.uint16) * 257,
        GREY / 255,
        np.stack([GREY] * 3, axis=2),
        np.dstack([GREY, np.full_like(GREY, 255)]),
        np.dstack([np.zeros_like(GREY), 255 - GREY]),  # black, as transparent as it is light
        np.dstack([np.zeros_like(GREY)] * 3 + [255 - GREY]),
        Image.fromarray(GREY),
        Image.fromarray(GREY).convert("RGB"),
        Image.fromarray(GREY.astype(np.uint16) * 257),
        Image.fromarray(GREY).convert("P"),
    ],
    ids=(
        "grey, grey with an axis, 16 bits, floats, RGB, grey and opaque, grey and transparent,"
        " RGBA, image, RGB image, 16-bit image, palette"
    ).split(", "),
)
def test_the_same_picture_in_any_form(picture: Any) -> None:
    assert grey_picture(picture).tolist() == GREY.tolist()
    assert grey_picture(picture).dtype == np.uint8


def test_files_are_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    Image.fromarray(GREY).save(tmp_path / "turned.png", exif=exif)
    assert grey_picture(tmp_path / "turned.png").tolist() == np.rot90(GREY, -1).tolist()
    assert grey_picture(str(tmp_path / "turned.png")).shape == (3, 2)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((2, 2, 5), np.uint8), r"shape \(2, 2, 5\) is no picture"),
        (np.zeros((0, 3), np.uint8), r"shape \(0, 3\) is no picture"),
        (np.zeros(3, np.uint8), "is no picture: use"),
        (np.zeros((2, 2), np.int64), "an array of int64 is no picture"),
        (np.full((2, 2), np.nan), "must have them in 0 to 1"),
        (np.full((2, 2), 255.0), "must have them in 0 to 1"),
        (7, "int is no picture"),
        (Image.new("L", (0, 5)), "0 x 5 pixels has nothing in it"),
    ],
)
def test_what_is_no_picture(picture: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        grey_picture(picture)


def test_files_that_are_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        grey_picture(tmp_path / "nowhere.png")
    with pytest.raises(SourceError, match="is no image that can be read"):
        grey_picture(EXAMPLES / "papers" / "slides.pdf")
