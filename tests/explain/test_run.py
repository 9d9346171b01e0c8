"""Runs of `i2l explain`: a sheet a formula, one page, bad files told. Rows of `--attention`."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from i2l_batch.cli import main
from i2l_batch.config import TranscribeConfig
from i2l_batch.errors import StoreError, UsageError
from i2l_batch.explain.run import explain
from i2l_batch.results import open_results
from i2l_batch.stages import Reader
from tests.conftest import EXAMPLES
from tests.extract import pdfs
from tests.runs import direct_rows, rows, run


def explained(
    inputs: list[Path], output: Path, checkpoint: Path
) -> tuple[list[str], list[str], int]:
    """What a run wrote (relative to its folder), what it said, its exit code."""
    written: list[Path] = []
    said: list[str] = []
    config = TranscribeConfig(model=checkpoint, beam_size=2, device="cpu", batch_size=3)
    account = explain(
        [str(path) for path in inputs], output, config, written=written.append, say=said.append
    )
    return [str(path.relative_to(output)) for path in written], said, account.exit_code


def test_namesakes_pages_and_bad_files(tmp_path: Path, checkpoint: Path) -> None:
    folder = tmp_path / "in"
    (folder / "more").mkdir(parents=True)
    shutil.copy(EXAMPLES / "formulas/gauss.jpg", folder / "a.jpg")
    for name in ("a.png", "more/a.png"):
        shutil.copy(EXAMPLES / "formulas/euler.png", folder / name)
    pdfs.paper(folder / "paper.pdf", pages=2)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 no")
    Image.new("L", (60, 30), 255).save(folder / "blank.png")
    names, said, code = explained([folder, tmp_path / "no.png"], tmp_path / "out", checkpoint)
    assert names == [
        "a-jpg.png",
        "a-png.png",
        "blank-png.png",
        "more/a-png.png",
        "paper-pdf-0001-000.png",
        "paper-pdf-0002-000.png",
        "index.html",
    ]
    assert code == 1
    assert [line.split(": ")[:2] for line in said] == [
        ["failed", "broken.pdf"],
        ["failed", "no.png"],
    ]
    for name in names[:-1]:
        with Image.open(tmp_path / "out" / name) as sheet:
            assert sheet.format == "PNG"
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert re.findall('<a href="([^"]*)">', page) == names[:-1]
    again, _, _ = explained([folder, tmp_path / "no.png"], tmp_path / "out", checkpoint)
    assert again == names
    assert (tmp_path / "out" / "index.html").read_text("utf-8") == page


def test_light_on_dark_is_shown_dark_on_light(tmp_path: Path, checkpoint: Path) -> None:
    upright = Image.open(EXAMPLES / "formulas/euler.png").convert("L")
    upright.save(tmp_path / "a.png")
    Image.fromarray(255 - np.asarray(upright)).save(tmp_path / "b.png")
    names, _, code = explained(
        [tmp_path / "a.png", tmp_path / "b.png"], tmp_path / "out", checkpoint
    )
    assert code == 0
    one, other = (Image.open(tmp_path / "out" / name) for name in names[:2])
    assert np.asarray(other).mean() == pytest.approx(np.asarray(one).mean(), abs=2)


def test_what_cannot_be_is_one_line(tmp_path: Path, checkpoint: Path) -> None:
    with pytest.raises(UsageError, match="no PDF or image files found"):
        explained([tmp_path], tmp_path / "out", checkpoint)
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot use"):
        explained([EXAMPLES / "formulas/euler.png"], tmp_path / "file", checkpoint)


def test_the_command(tmp_path: Path, checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    formula = str(EXAMPLES / "formulas/euler.png")
    output = tmp_path / "out"
    options = ["-o", str(output), "-m", str(checkpoint), "--beam-size", "1", "-d", "cpu"]
    for inputs, code in (([formula], 0), ([formula, "missing.png"], 1), (["missing/*"], 1)):
        with pytest.raises(SystemExit) as left:
            main(["explain", *inputs, *options])
        assert (left.value.code or 0) == code
    out, error = capsys.readouterr()
    assert out.splitlines()[:2] == [f"{output}/euler-png.png", f"{output}/index.html"]
    assert "1 document = 1 ok + 0 empty + 0 partial + 0 failed + 0 skipped; 1 formula" in error
    with pytest.raises(SystemExit) as left:
        main(["explain", formula, "-o", str(output), "--beam-size", "0"])
    assert left.value.code == 2


@pytest.mark.usefixtures("cluster")
def test_a_transcription_stores_where_symbols_stand(
    examples: list[str], tmp_path: Path, checkpoint: Path
) -> None:
    """The same rows as without, and a box for what draws, within the formula's own."""
    inputs = [Path(examples[0]) / "two_column.pdf", Path(examples[1])]
    run(inputs, tmp_path / "out", checkpoint, Reader, attention=True, beam_size=2)
    run(inputs, tmp_path / "plain", checkpoint, Reader, beam_size=2)
    assert rows(tmp_path / "out") == rows(tmp_path / "plain")
    assert rows(tmp_path / "out").keys() == direct_rows(inputs).keys()
    plain = open_results(tmp_path / "plain").formulas(["symbols"]).to_table()
    assert set(plain["symbols"].to_pylist()) == {None}
    placed = 0
    for row in open_results(tmp_path / "out").formulas().to_table().to_pylist():
        assert [symbol["token"] for symbol in row["symbols"]] == row["latex"].split()
        for symbol in row["symbols"]:
            if symbol["x0"] is None:
                assert set(symbol.values()) == {symbol["token"], None}
                continue
            placed += 1
            assert row["x0"] <= symbol["x0"] < symbol["x1"] <= row["x1"]
            assert row["y0"] <= symbol["y0"] < symbol["y1"] <= row["y1"]
            assert 0 <= symbol["weight"] <= 1
    assert placed > 20
    with pytest.raises(StoreError, match="attention true -> false"):
        run(inputs, tmp_path / "out", checkpoint, Reader, beam_size=2)
