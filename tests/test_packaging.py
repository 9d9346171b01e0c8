"""One namespace in the wheel, all that belongs there, an exact version for each dependency."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


def build(source: Path, target: str, folder: Path) -> Path:
    """Build a wheel or an sdist of the project in `source`; return the file."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    run = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    (built,) = folder.iterdir()
    return built


def names_in(wheel: Path) -> set[str]:
    """Files in a wheel, its metadata left out."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    return {name for name in names if ".dist-info/" not in name}


def metadata_in(wheel: Path) -> dict[str, str]:
    """Name below the `.dist-info` folder -> text."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            name.split(".dist-info/")[1]: archive.read(name).decode()
            for name in archive.namelist()
            if ".dist-info/" in name
        }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


def test_the_wheel_is_one_namespace(wheel: Path) -> None:
    """Nothing at the top of site-packages, where another package's `models` or `cli` could be."""
    names = names_in(wheel)
    assert {name.split("/")[0] for name in names} == {"i2l_batch"}
    assert {"i2l_batch/py.typed", "i2l_batch/cli.py"} <= names


def test_the_wheel_holds_all_modules_and_weights(wheel: Path) -> None:
    there = {
        prefix + path.relative_to(ROOT).as_posix()
        for folder, prefix in (("i2l_batch", ""), ("models", "i2l_batch/"), ("train", "i2l_batch/"))
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".css", ".html", ".js", ".json", ".py", ".safetensors", ".typed"}
    }
    assert there == names_in(wheel)


def test_the_weights_are_shipped_and_small(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        sizes = [i.file_size for i in archive.infolist() if i.filename.endswith(".safetensors")]
    assert sizes
    assert sum(sizes) <= 30_000_000


def test_the_wheel_names_command_and_licence(wheel: Path) -> None:
    texts = metadata_in(wheel)
    assert "i2l = i2l_batch.cli:main" in texts["entry_points.txt"]
    assert "License-Expression: AGPL-3.0-or-later" in texts["METADATA"]
    assert texts["licenses/LICENSE"] == (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_sdist_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    sdist = build(ROOT, "sdist", tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    assert names_in(build(source, "wheel", tmp_path / "wheel")) == names_in(wheel)


def constraints() -> dict[str, list[Requirement]]:
    """Package -> its pins in constraints.txt, one for each marker."""
    pins: dict[str, list[Requirement]] = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            pin = Requirement(line)
            pins.setdefault(canonicalize_name(pin.name), []).append(pin)
    return pins


def test_constraints_are_exact_and_within_the_ranges(wheel: Path) -> None:
    pins = constraints()
    lines = metadata_in(wheel)["METADATA"].splitlines()
    ranges = [Requirement(line[14:]) for line in lines if line.startswith("Requires-Dist:")]
    assert len(ranges) > 10
    for range_ in ranges:
        for pin in pins[canonicalize_name(range_.name)]:
            (exact,) = pin.specifier
            assert exact.operator == "==", pin
            assert exact.version in range_.specifier, f"{pin} is outside of {range_}"


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13"])
def test_each_python_gets_one_pin_of_a_package(version: str) -> None:
    for name, pins in constraints().items():
        valid = [p for p in pins if not p.marker or p.marker.evaluate({"python_version": version})]
        assert len(valid) == 1, name
