"""The data set builder against its own laws: accounts, repetition, interruption, isolation."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from i2l_batch.errors import StoreError, UsageError
from i2l_batch.images import EM_PIXELS, decode_png
from i2l_batch.lock import FolderLock
from i2l_batch.train.dataset.build import build_dataset
from i2l_batch.train.dataset.config import SPLITS, DatasetConfig
from i2l_batch.train.dataset.recipe import Lists
from i2l_batch.train.dataset.report import report_table
from i2l_batch.train.dataset.shards import SAMPLE_SCHEMA
from i2l_batch.train.dataset.split import length_bin
from tests.train.dataset.test_allowed import HOSTILE

needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is missing")

CONFIG = DatasetConfig(
    min_tokens=3,
    max_tokens=12,
    pieces=8,
    min_frequency=2,
    split=(60.0, 20.0, 20.0),
    shard_size=9,
)
PLAIN = DatasetConfig(
    min_frequency=0, boxes=False, fonts=(("computer-modern", 1.0),), dpi=(200, 200), usual_dpi=None
)


@pytest.fixture(scope="module")
def formulas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    r"""40 formulas: 5 too short, 5 too long (of which pieces are cut), 3 with a rare token, 2 that
    TeX refuses, one twice."""
    lines = [f"{letter} + {digit}" for letter in "abcde" for digit in "12345"]
    lines += list("abcde")
    lines += [" + ".join("abcde"[k:] + "12345"[:k] + "abcde") for k in range(5)]
    lines += [r"a + \alpha", r"b + \beta", r"c + \gamma"]
    lines += [r"a + \nosuch", r"b + \nosuch", "a + 1"]
    return write(tmp_path_factory.mktemp("lists") / "formulas.txt", lines)


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def build(formulas: Path, output: Path, config: DatasetConfig = CONFIG) -> dict[str, Any]:
    """A build in this process, whose counts add up."""
    report = build_dataset(Lists(formulas=[formulas]), output, config, workers=0)
    counts = report["counts"]
    came, left = counts["read"] + counts.get("pieces", 0), sum(report["rejected"].values())
    assert came == counts["kept"] + left
    assert counts["kept"] == sum(report["splits"].values()) == sum(report["bins"].values())
    assert counts["kept"] == len(samples(output))
    assert report == json.loads((output / "dataset.json").read_text("utf-8"))
    return report


def samples(folder: Path, split: str = "*") -> list[dict[str, Any]]:
    """The rows of a data set."""
    tables = [pq.read_table(path) for path in sorted(folder.glob(f"{split}/part-*.parquet"))]
    return [row for table in tables for row in table.to_pylist()]


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a data set but the lock and the name in the report."""
    found = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }
    report = json.loads(found.pop("dataset.json", b"{}"))
    report.pop("name", None)
    return {**found, "report": json.dumps(report).encode()}


@pytest.fixture(scope="module")
def built(formulas: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("built") / "ds"
    build(formulas, output)
    return output


@needs_tex
def test_a_data_set_adds_up_and_can_be_read(built: Path) -> None:
    report = json.loads((built / "dataset.json").read_text("utf-8"))
    counts = report["counts"]
    assert counts["read"] == 41
    assert counts["distinct"] == 40
    assert counts["max_tokens"] == 25 + 2
    assert report["rejected"]["Undefined control sequence"] == 2
    for split in SPLITS:
        paths = sorted((built / split).glob("part-*.parquet"))
        assert len(paths) == report["shards"][split]
        rows = samples(built, split)
        assert len(rows) == report["splits"][split]
        for path in paths:
            table = pq.read_table(path)
            assert table.schema.equals(SAMPLE_SCHEMA)
            assert set(table["split"].to_pylist()) == {split}
            assert table.num_rows <= CONFIG.shard_size
    for row in samples(built):
        pixels = decode_png(row["image"])
        assert pixels.shape == (row["height"], row["width"])
        assert 0.8 * EM_PIXELS <= row["em"] <= 1.3 * EM_PIXELS
        assert row["bin"] == length_bin(len(row["tokens"])) == 28
        assert row["formula"].replace(" ", "") == "".join(row["tokens"])
        boxes = np.frombuffer(row["boxes"], np.int16).reshape(-1, 4)
        assert len(boxes) == len(row["tokens"])
        assert boxes.any(1).all()  # letters, digits and plus signs all draw
        assert boxes.min() >= 0
        assert row["width"] - 2 <= boxes[:, 2].max() <= row["width"]
        assert row["height"] - 2 <= boxes[:, 3].max() <= row["height"]
    seen = {token for row in samples(built, "train") for token in row["tokens"]}
    assert report["vocabulary"] == sorted(seen)


@needs_tex
def test_no_formula_stands_in_two_splits(built: Path) -> None:
    found = [(" ".join(row["tokens"])) for row in samples(built)]
    assert len(set(found)) == len(found)


@needs_tex
def test_building_again_changes_nothing(formulas: Path, built: Path) -> None:
    before = contents(built)
    written = {path: path.stat().st_mtime_ns for path in built.rglob("*.*")}
    build(formulas, built)
    assert contents(built) == before
    assert {path: path.stat().st_mtime_ns for path in written} == written


@needs_tex
@pytest.mark.usefixtures("cluster")
def test_ray_makes_the_same_bytes(formulas: Path, built: Path, tmp_path: Path) -> None:
    build_dataset(Lists(formulas=[formulas]), tmp_path / "ds", CONFIG, workers=2)
    assert contents(tmp_path / "ds") == contents(built)


@needs_tex
def test_an_interrupted_build_goes_on_to_the_same_bytes(
    formulas: Path, built: Path, tmp_path: Path
) -> None:
    """As a killed process leaves it: some shards, a temporary file, no report."""
    shutil.copytree(built, tmp_path / "part")
    shards = sorted((tmp_path / "part").rglob("part-*.parquet"))
    assert len(shards) >= 4
    shards[1].rename(shards[1].with_name(f".{shards[1].name}.tmp"))
    shards[3].unlink()
    (tmp_path / "part" / "dataset.json").unlink()
    build(formulas, tmp_path / "part")
    assert contents(tmp_path / "part") == contents(built)


@needs_tex
@pytest.mark.parametrize("damage", ["gone", "empty", "cut"])
def test_a_finished_set_with_a_bad_shard_is_mended(
    formulas: Path, built: Path, tmp_path: Path, damage: str
) -> None:
    shutil.copytree(built, tmp_path / "part")
    shard = next((tmp_path / "part").rglob("part-*.parquet"))
    whole = shard.read_bytes()
    shard.unlink()
    if damage != "gone":
        (tmp_path / "part" / "dataset.json").unlink()
        shard.write_bytes(b"" if damage == "empty" else whole[: len(whole) // 2])
    build(formulas, tmp_path / "part")
    assert contents(tmp_path / "part") == contents(built)


@needs_tex
def test_another_recipe_does_not_go_on_in_the_same_folder(
    formulas: Path, built: Path, tmp_path: Path
) -> None:
    before = contents(built)
    with pytest.raises(UsageError, match=r"made with other settings \(dpi, seed\)"):
        build(formulas, built, replace(CONFIG, seed=1, dpi=(90.0, 100.0)))
    other = write(tmp_path / "other.txt", ["a + b"])
    with pytest.raises(UsageError, match=r"made with other settings \(formula lists\)"):
        build(other, built)
    with pytest.raises(UsageError, match=r"made with other settings \(test lists\)"):
        build_dataset(Lists(formulas=[formulas], test=other), built, CONFIG, workers=0)
    assert contents(built) == before


@needs_tex
def test_two_processes_do_not_build_in_one_folder(formulas: Path, tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    with pytest.raises(StoreError, match="is in use by process"):
        build(formulas, tmp_path)
    lock.release()


@needs_tex
def test_given_lists_are_splits_of_their_own(tmp_path: Path) -> None:
    train = write(tmp_path / "train.txt", [f"{a} + {b}" for a in "abc" for b in "xyz"])
    validation = write(tmp_path / "validation.txt", ["a + b", "a + x"])
    test = write(tmp_path / "test.txt", ["b + c", "b + x"])
    lists = Lists(formulas=[train], validation=validation, test=test)
    report = build_dataset(lists, tmp_path / "ds", PLAIN, workers=0)
    assert report["splits"] == {"train": 7, "validation": 2, "test": 2}
    assert report["rejected"] == {
        "stands in the test list too": 1,
        "stands in the validation list too": 1,
    }
    assert report["lists"] == {
        "formulas": ["train.txt"],
        "validation": ["validation.txt"],
        "test": ["test.txt"],
    }
    assert {row["formula"] for row in samples(tmp_path / "ds", "test")} == {"b + c", "b + x"}
    assert "c" in report["vocabulary"]


@needs_tex
def test_only_the_first_formulas_are_taken(formulas: Path, tmp_path: Path) -> None:
    report = build(formulas, tmp_path / "ds", replace(PLAIN, limit=6))
    assert report["counts"]["read"] == 6
    taken = formulas.read_text("utf-8").splitlines()[:6]
    assert sorted(row["formula"] for row in samples(tmp_path / "ds")) == sorted(taken)


@needs_tex
def test_rare_tokens_are_kept_but_not_in_the_vocabulary(formulas: Path, tmp_path: Path) -> None:
    report = build(formulas, tmp_path / "ds", replace(CONFIG, rare="unk"))
    rows = {row["formula"] for row in samples(tmp_path / "ds")}
    assert {r"a + \alpha", r"b + \beta", r"c + \gamma"} <= rows
    assert not {r"\alpha", r"\beta", r"\gamma"} & set(report["vocabulary"])
    assert "has a rare token" not in report["rejected"]


@needs_tex
def test_large_pictures_are_left_out_and_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "f.txt", ["a + b", "a + b + c + d + e + f", r"\frac { x } { y }"])
    free = build(path, tmp_path / "free", PLAIN)
    sizes = {row["formula"]: (row["width"], row["height"]) for row in samples(tmp_path / "free")}
    (width, height), (long, _), (_, high) = (sizes[f] for f in path.read_text().splitlines())
    assert long > width
    assert high > height
    limits = replace(PLAIN, max_width=width, max_height=height)
    tight = build(path, tmp_path / "tight", limits)
    assert [row["formula"] for row in samples(tmp_path / "tight")] == ["a + b"]
    assert tight["rejected"] == {
        f"is wider than {width} pixels": 1,
        f"is higher than {height} pixels": 1,
    }
    assert free["counts"]["max_width"] == 3
    assert tight["counts"]["max_width"] == 2
    assert tight["counts"]["max_height"] == 1


@needs_tex
def test_padding_is_white_and_moves_the_boxes(tmp_path: Path) -> None:
    path = write(tmp_path / "f.txt", ["a + b", r"x ^ { 2 }"])
    config = replace(PLAIN, boxes=True)
    build(path, tmp_path / "tight", config)
    build(path, tmp_path / "padded", replace(config, padding=7))
    pairs = zip(samples(tmp_path / "tight"), samples(tmp_path / "padded"), strict=True)
    for tight, padded in pairs:
        ink = decode_png(tight["image"])
        assert np.array_equal(decode_png(padded["image"]), np.pad(ink, 7, constant_values=255))
        assert (padded["height"], padded["width"]) == (tight["height"] + 14, tight["width"] + 14)
        before, after = (
            np.frombuffer(r["boxes"], np.int16).reshape(-1, 4) for r in (tight, padded)
        )
        drawn = before.any(1)
        assert drawn.any()
        assert np.array_equal(after[drawn], before[drawn] + 7)
        assert not after[~drawn].any()


@needs_tex
def test_without_boxes_the_picture_is_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "f.txt", ["a + b", r"\frac { x } { y }"])
    build(path, tmp_path / "without", PLAIN)
    build(path, tmp_path / "with", replace(PLAIN, boxes=True))
    for a, b in zip(samples(tmp_path / "without"), samples(tmp_path / "with"), strict=True):
        assert a["boxes"] == b""
        assert len(b["boxes"]) == 8 * len(b["tokens"])
        pixels = [decode_png(row["image"]).astype(int) for row in (a, b)]
        assert pixels[0].shape == pixels[1].shape
        assert abs(pixels[0] - pixels[1]).max() <= 8  # the colours of the marks


@needs_tex
def test_fonts_and_sizes_have_their_shares(tmp_path: Path) -> None:
    path = write(tmp_path / "f.txt", [f"{a} + {n}" for a in "abcdefgh" for n in range(30)])
    config = replace(
        PLAIN,
        fonts=(("computer-modern", 3.0), ("times", 1.0)),
        points=12,
        dpi=(80.0, 120.0),
        usual_dpi=100.0,
    )
    build(path, tmp_path / "ds", config)
    rows = samples(tmp_path / "ds")
    fonts = Counter(row["font"] for row in rows)
    assert fonts["times"] == pytest.approx(len(rows) / 4, abs=30)
    assert fonts["computer-modern"] == len(rows) - fonts["times"]
    unit = 12 / 72.27
    ems = np.array([row["em"] for row in rows]) / unit
    usual = np.isclose(ems, 100)
    assert usual.sum() == pytest.approx(len(rows) / 2, abs=40)
    assert ems.min() == pytest.approx(80, abs=3)
    assert ems.max() == pytest.approx(120, abs=3)
    assert np.mean(ems[~usual] < 100) == pytest.approx(0.5, abs=0.2)


@needs_tex
def test_a_font_that_draws_a_token_as_another_is_not_taken_for_it(tmp_path: Path) -> None:
    r"""`times` has no bold `x`: its picture of `\boldsymbol { x }` is that of `x`."""
    bold = [rf"\boldsymbol {{ {a} }} + {n}" for a in "abcd" for n in range(10)]
    path = write(tmp_path / "f.txt", [*bold, *(f"x + {n}" for n in range(40))])
    both = (("computer-modern", 1.0), ("times", 3.0))
    build(path, tmp_path / "both", replace(PLAIN, fonts=both))
    fonts = {True: set[str](), False: set[str]()}
    for row in samples(tmp_path / "both"):
        fonts[r"\boldsymbol" in row["tokens"]].add(row["font"])
    assert fonts == {True: {"computer-modern"}, False: {"computer-modern", "times"}}
    build(path, tmp_path / "one", replace(PLAIN, fonts=(("times", 1.0),)))
    assert len(samples(tmp_path / "one")) == 80  # with no other font to choose, it is drawn


@needs_tex
def test_a_body_of_twelve_points_is_larger_by_a_fifth(tmp_path: Path) -> None:
    path = write(tmp_path / "f.txt", ["a + b + c + d"])
    for points in (10, 11, 12):
        build(path, tmp_path / str(points), replace(PLAIN, points=points))
    ten, eleven, twelve = (samples(tmp_path / str(points))[0] for points in (10, 11, 12))
    assert twelve["em"] / ten["em"] == pytest.approx(1.2)
    assert eleven["em"] / ten["em"] == pytest.approx(1.095)
    # The larger designs of Computer Modern are a little narrower.
    assert twelve["width"] / ten["width"] == pytest.approx(1.2, rel=0.04)
    assert eleven["width"] / ten["width"] == pytest.approx(1.095, rel=0.03)


@needs_tex
def test_hostile_formulas_are_rejected_one_by_one(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.txt", ["secret"])
    ends_the_run = r"\begin{array} { c } \multicolumn { 999999999 } { c } { x } \end{array}"
    hostile = [*HOSTILE, rf"\input{{{secret}}}", rf"\immediate\write18{{touch {tmp_path}/made}}"]
    good = [f"{a} + {n}" for a in "abcde" for n in range(10)]
    mixed = [line for pair in zip(good, hostile, strict=False) for line in pair]
    rest = [*good[len(hostile) :], *hostile[len(good) :], ends_the_run]
    path = write(tmp_path / "f.txt", mixed + rest)
    config = replace(PLAIN, normalization="none", min_tokens=1)
    report = build(path, tmp_path / "ds", config)
    assert {row["formula"] for row in samples(tmp_path / "ds")} == set(good)
    assert report["counts"]["kept"] == len(good)
    assert not (tmp_path / "made").exists()


@needs_tex
def test_the_report_can_be_read(formulas: Path, built: Path) -> None:
    report = build(formulas, built)
    table = report_table(report)
    for text in ("read", "kept", "154,944", "I2L-140K", "114,406", "338"[:2], "train"):
        assert text in table
    for reason, count in report["rejected"].items():
        assert any(line.split() == [str(count), *reason.split()] for line in table.splitlines())
    assert all(len(line) <= 100 for line in table.splitlines())
    paper = report["paper"]
    assert sum(paper["splits"].values()) == paper["counts"]["kept"] == sum(paper["bins"].values())
    removed = sum(paper["removed"].values())
    assert paper["counts"]["read"] - removed == paper["counts"]["kept"]


@needs_tex
def test_nothing_to_render_is_an_error_that_says_why(tmp_path: Path) -> None:
    path = write(tmp_path / "f.txt", ["a + b", "a + b + c", "", "x"])
    with pytest.raises(
        UsageError, match=r"no formula is left to render: 2 has a rare token, 1 .*, 1 "
    ):
        build(path, tmp_path / "ds", replace(PLAIN, min_frequency=9, min_tokens=2))
    # Without shards there is nothing to mix: other settings may go on in this folder.
    assert build(path, tmp_path / "ds", PLAIN)["counts"]["kept"] == 2


@needs_tex
def test_shards_without_a_recipe_are_left_alone(
    formulas: Path, built: Path, tmp_path: Path
) -> None:
    shutil.copytree(built, tmp_path / "ds")
    (tmp_path / "ds" / "recipe.json").unlink()
    with pytest.raises(UsageError, match="holds shards of a data set, but no recipe"):
        build(formulas, tmp_path / "ds")


@needs_tex
def test_a_folder_that_cannot_be_made_is_named(formulas: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot write .*formulas\.txt"):
        build(formulas, formulas)


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no such formula list: .*none\.txt"):
        build(tmp_path / "none.txt", tmp_path / "ds")
    assert not (tmp_path / "ds").exists()
