"""The options of `i2l search` reach the search; what is data goes to standard output alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from i2l_batch.errors import UsageError
from i2l_batch.search.command import search
from tests.search.folders import write

APP = typer.Typer()
APP.command()(search)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    papers = {"a.pdf": [("x ^ { 2 }", 0.5), ("x ^ { 3 }", 0.75), ("- y", 0.25)]}
    return str(write(tmp_path_factory.mktemp("command") / "results", papers))


def test_data_and_words_are_apart(folder: str) -> None:
    result = CliRunner().invoke(APP, [folder, "x^?", "-n", "1", "-f", "jsonl"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["latex"] == "x ^ { 2 }"
    assert result.stderr.startswith("the first 1 of 2 formulas found")
    table = CliRunner().invoke(APP, [folder, "x^?"])
    assert table.stdout.endswith("\n2 formulas found\n")
    assert table.stderr == ""


def test_options_reach_the_search(folder: str, tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    options = ["--sort", "confidence", "--min-confidence", "0.5", "--source", "*.pdf", "-n", "0"]
    options += ["--format", "json", "--output", str(file)]
    assert CliRunner().invoke(APP, [folder, "*", *options]).exit_code == 0
    assert [row["confidence"] for row in json.loads(file.read_text("utf-8"))] == [0.75, 0.5]
    like = CliRunner().invoke(APP, [folder, "--like", "x^3", "-f", "json"])
    assert json.loads(like.stdout)[0]["latex"] == "x ^ { 3 }"
    assert CliRunner().invoke(APP, [folder, "--", "-y"]).stdout.endswith("\n1 formula found\n")


@pytest.mark.parametrize("arguments", [[], ["x", "--like", "y"], [""], ["x }"], ["x", "-n", "-1"]])
def test_wrong_requests_raise_what_the_command_line_tells(folder: str, arguments: list) -> None:
    result = CliRunner().invoke(APP, [folder, *arguments])
    assert isinstance(result.exception, UsageError)
    assert result.stdout == ""
