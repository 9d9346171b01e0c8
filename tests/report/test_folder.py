"""The folder of a report: ours is replaced whole, another's is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from i2l_batch.errors import StoreError
from i2l_batch.report.folder import MARK, new_report
from tests.report.samples import papers, report

INDEX = f"<!doctype html>{MARK}"


def build(folder: Path, text: str = "") -> None:
    """A report of one page."""
    with new_report(folder) as place:
        (place / "index.html").write_text(INDEX + text)


def interrupted(folder: Path) -> None:
    """A build that is stopped by Ctrl-C."""
    with new_report(folder) as place:
        (place / "index.html").write_text(INDEX)
        raise KeyboardInterrupt


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_report_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "report"
    for text in ("one", "two"):
        build(folder, text)
        assert (folder / "index.html").read_text() == INDEX + text
        assert names(folder) == {"index.html"}
        assert names(folder.parent) == {"report"}


def test_nothing_is_left_of_the_old_one(tmp_path: Path) -> None:
    results = papers(tmp_path / "results")
    report(results, tmp_path / "report", 120)
    report(results, tmp_path / "report", 5)
    assert names(tmp_path / "report" / "data") == {"index-000.js", "rows-00000.js"}


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    build(tmp_path / "report")
    assert names(tmp_path / "report") == {"index.html"}


def test_a_failed_build_leaves_the_earlier_report(tmp_path: Path) -> None:
    build(tmp_path / "report", "one")
    place = tmp_path / "report"
    with pytest.raises(KeyboardInterrupt):
        interrupted(place)
    assert (tmp_path / "report" / "index.html").read_text() == INDEX + "one"
    assert names(tmp_path) == {"report"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("notes.txt", "holds 'notes.txt', which is of no report"),
        ("index.html", "is not empty and holds no report of ours"),
        ("data", "is not empty and holds no report of ours"),
    ],
)
def test_what_is_not_ours_is_refused_untouched(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text("precious")
    with pytest.raises(StoreError, match=said) as caught:
        build(tmp_path / "mine")
    assert "\n" not in str(caught.value)
    assert (tmp_path / "mine" / name).read_text() == "precious"
    assert names(tmp_path) == {"mine"}


def test_a_report_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    build(tmp_path / "report")
    (tmp_path / "report" / "thesis.tex").write_text("precious")
    with pytest.raises(StoreError, match=r"holds 'thesis\.tex'"):
        build(tmp_path / "report")


def test_a_file_and_a_results_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    with pytest.raises(StoreError, match="is a file: choose a folder"):
        build(tmp_path / "file")
    with pytest.raises(StoreError, match=r"cannot write .*: Not a directory"):
        build(tmp_path / "file" / "report")
    results = papers(tmp_path / "results", documents=1, formulas=1)
    with pytest.raises(StoreError, match="is of no report"):
        report(results, results)


def test_no_results_no_report(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not a folder"):
        report(tmp_path / "nothing", tmp_path / "report")
    assert names(tmp_path) == set()


def test_a_killed_build_leaves_no_report_and_hinders_no_other(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from i2l_batch.report.folder import new_report\n"
        "with new_report(Path(sys.argv[1])) as place:\n"
        "    (place / 'data').mkdir(); (place / 'index.html').write_text('half')\n"
        "    print('ready', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, tmp_path / "report"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        assert names(tmp_path) == {".report.building"}
        with pytest.raises(StoreError, match=f"is in use by process {child.pid}"):
            build(tmp_path / "report")
        child.send_signal(signal.SIGKILL)
    build(tmp_path / "report")
    assert names(tmp_path) == {"report"}
    assert names(tmp_path / "report") == {"index.html"}


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    os.symlink(tmp_path / "there", tmp_path / "here")
    build(tmp_path / "here")
    assert (tmp_path / "here").is_symlink()
    assert names(tmp_path / "there") == {"index.html"}
