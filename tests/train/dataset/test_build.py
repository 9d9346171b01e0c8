"""The data set builder against its own laws: accounts, repetition, interruption."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from i2l_batch.errors import UsageError
from i2l_batch.images import EM_PIXELS, decode_png
from i2l_batch.train.batches import read_samples, read_vocabulary
from i2l_batch.train.dataset.build import DatasetConfig, build_dataset, select_formulas
from i2l_batch.train.dataset.formulas import read_formulas

needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is missing")

CONFIG = DatasetConfig(min_tokens=3, max_tokens=12, piece_tokens=8, min_frequency=2, shard_size=9)


@pytest.fixture(scope="module")
def formulas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    r"""40 formulas: 5 too short, 5 too long (of which pieces are cut), 3 with a rare token, 2 that
    TeX refuses, one twice."""
    lines = [f"{letter} + {digit}" for letter in "abcde" for digit in "12345"]
    lines += list("abcde")
    lines += [" + ".join("abcde"[k:] + "12345"[:k] + "abcde") for k in range(5)]
    lines += [r"a + \alpha", r"b + \beta", r"c + \gamma"]
    lines += [r"a + \nosuch", r"b + \nosuch", "a + 1"]
    path = tmp_path_factory.mktemp("lists") / "formulas.txt"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def build(formulas: Path, output: Path, config: DatasetConfig = CONFIG) -> dict[str, int]:
    return build_dataset([formulas], output, config, workers=1)


@pytest.fixture(scope="module")
def built(formulas: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("built") / "ds"
    build(formulas, output)
    return output


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_filter_is_counted(formulas: Path) -> None:
    selected, counts, vocabulary = select_formulas([formulas], CONFIG)
    assert counts["read"] == 40
    assert counts["known tokens"] == 40 - 3
    assert counts["length"] == 40 - 3 - 5 - 5
    assert counts["pieces"] == 5
    assert counts["selected"] == len(selected) == counts["length"] + counts["pieces"]
    assert vocabulary == sorted({token for tokens in selected for token in tokens})
    assert r"\alpha" not in vocabulary
    lengths = [len(tokens) for tokens in selected]
    assert min(lengths) >= 3
    assert max(lengths) <= 12


def test_the_same_seed_selects_the_same_in_the_same_order(formulas: Path) -> None:
    assert select_formulas([formulas], CONFIG) == select_formulas([formulas], CONFIG)
    other = DatasetConfig(max_tokens=12, piece_tokens=8, min_frequency=2, seed=1)
    assert select_formulas([formulas], other)[0] != select_formulas([formulas], CONFIG)[0]


def test_unknown_fonts_are_refused() -> None:
    with pytest.raises(UsageError, match="no font 'comic': choose from computer-modern"):
        DatasetConfig(fonts=(("comic", 1.0),))


@needs_tex
def test_a_data_set_adds_up_and_can_be_read(formulas: Path, built: Path) -> None:
    report = json.loads((built / "dataset.json").read_text("utf-8"))
    counts = report["counts"]
    assert sum(report["rejected"].values()) == 2
    assert report["rejected"] == {"Undefined control sequence": 2}
    assert counts["rendered"] == counts["selected"] - 2
    tables = [pq.read_table(path) for path in sorted(built.glob("shard-*.parquet"))]
    assert len(tables) == -(-counts["selected"] // CONFIG.shard_size)
    rows = [row for table in tables for row in table.to_pylist()]
    assert len(rows) == counts["rendered"]
    known = set(read_formulas(formulas))
    assert sum(" ".join(row["tokens"]) in known for row in rows) >= counts["length"] - 2
    for row in rows:
        pixels = decode_png(row["image"])
        assert pixels.shape == (row["height"], row["width"])
        assert 0.8 * EM_PIXELS <= row["em"] <= 1.3 * EM_PIXELS
        boxes = np.frombuffer(row["boxes"], np.int16).reshape(-1, 4)
        assert len(boxes) == len(row["tokens"])
        assert boxes.any(1).all()  # letters, digits and plus signs all draw


@needs_tex
def test_samples_come_back_as_they_were_stored(built: Path) -> None:
    tokenizer = read_vocabulary(built)
    samples = read_samples(built, tokenizer)
    assert len(samples) == json.loads((built / "dataset.json").read_text())["counts"]["rendered"]
    row = pq.read_table(built / "shard-0000.parquet").to_pylist()[0]
    assert tokenizer.decode(samples[0].ids.tolist()).split() == row["tokens"]
    assert np.array_equal(255 - samples[0].ink, decode_png(row["image"]))


@needs_tex
def test_building_again_changes_nothing(formulas: Path, built: Path) -> None:
    before = contents(built)
    written = {path: path.stat().st_mtime_ns for path in built.glob("shard-*")}
    assert build(formulas, built) == json.loads(before["dataset.json"])["counts"]
    assert contents(built) == before
    assert {path: path.stat().st_mtime_ns for path in written} == written


@needs_tex
def test_an_interrupted_build_goes_on_to_the_same_bytes(
    formulas: Path, built: Path, tmp_path: Path
) -> None:
    """As a killed process leaves it: some shards, a temporary file, no report."""
    shutil.copytree(built, tmp_path / "part")
    shards = sorted((tmp_path / "part").glob("shard-*.parquet"))
    assert len(shards) == 4
    shards[1].rename(tmp_path / "part" / f".{shards[1].name}.tmp")
    shards[3].unlink()
    (tmp_path / "part" / "dataset.json").unlink()
    build(formulas, tmp_path / "part")
    assert contents(tmp_path / "part") == contents(built)


@needs_tex
def test_another_configuration_does_not_go_on_in_the_same_folder(
    formulas: Path, built: Path
) -> None:
    before = contents(built)
    with pytest.raises(UsageError, match=r"made with other settings .*seed"):
        build(formulas, built, DatasetConfig(max_tokens=12, shard_size=9, seed=1))
    assert contents(built) == before


def test_a_folder_without_a_report_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"not a finished data set: no dataset\.json"):
        read_vocabulary(tmp_path)
