"""`--source` means the same papers to every command that has it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from i2l_batch.errors import UsageError
from i2l_batch.export.run import export
from i2l_batch.search.run import search
from i2l_batch.search.wanted import Wanted
from i2l_batch.source_names import original_name, stored_name
from tests.command import call
from tests.search.folders import write

ODD = stored_name("b\\*.pdf")
PAPERS = ("2020/a.pdf", "2020/b/c.pdf", "a.pdf", "a[1].pdf", "a1.pdf", "A.pdf", ODD, "o'.pdf")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Papers with a formula each, and one without."""
    papers = {original_name(name): ["x"] for name in PAPERS} | {"none.pdf": []}
    return write(tmp_path_factory.mktemp("glob") / "results", papers)


def searched(folder: Path, source: str, _: Path) -> set[str]:
    out = io.StringIO()
    search(folder, Wanted(pattern="*", source=source, limit=0), "jsonl", out)
    return {json.loads(line)["source"] for line in out.getvalue().splitlines()}


def exported(folder: Path, source: str, out: Path) -> set[str]:
    export(folder, out, to="jsonl", source=source)
    return {json.loads(line)["source"] for line in out.read_text("utf-8").splitlines()}


@pytest.mark.parametrize(
    ("source", "papers"),
    [
        ("*", PAPERS),
        ("2020/*", ("2020/a.pdf", "2020/b/c.pdf")),
        ("*/?.pdf", ("2020/a.pdf", "2020/b/c.pdf")),
        ("2020?a.pdf", ("2020/a.pdf",)),
        ("?.pdf", ("a.pdf", "A.pdf")),
        ("[a-z].pdf", ("a.pdf",)),
        ("[!a]*", ("2020/a.pdf", "2020/b/c.pdf", "A.pdf", ODD, "o'.pdf")),
        ("a[[]*", ("a[1].pdf",)),
        ("a[[]1].pdf", ("a[1].pdf",)),
        ("*\\*", (ODD,)),
        ("*'*", ("o'.pdf",)),
        ("a.pdf", ("a.pdf",)),
        ("a[1].pdf", ("a[1].pdf",)),  # its name; as a glob it would be a1.pdf
        ("a[1].pd?", ("a1.pdf",)),
        (ODD, (ODD,)),
        ("none.pdf", ()),
        ("no*", ()),
    ],
)
def test_the_papers_that_match(
    folder: Path, tmp_path: Path, source: str, papers: tuple[str, ...]
) -> None:
    for command in (searched, exported):
        assert command(folder, source, tmp_path / "out") == set(papers), command.__name__


@pytest.mark.parametrize("source", ["b.pdf", "A", "a[.pdf", "", "2020", "\udcff*"])
def test_no_paper_is_a_mistake(folder: Path, tmp_path: Path, source: str) -> None:
    for command in (searched, exported):
        with pytest.raises(UsageError) as caught:
            command(folder, source, tmp_path / "out")
        assert str(caught.value) == (
            f"--source {source!a} matches none of 9 papers, such as '2020/a.pdf'"
        )
    assert not (tmp_path / "out").exists()


def test_the_commands_have_one_option(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (
        ("search", folder, "x", "--source", "a?.pdf"),
        ("export", folder, "--to", "csv", "-o", tmp_path / "out.csv", "--source", "a?.pdf"),
    ):
        assert call(*arguments) == 0
        out, err = capsys.readouterr()
        assert "1 formula" in out + err
