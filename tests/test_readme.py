"""The README is true: its commands, options and paths exist, and its queries give rows."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup, TyperOption

from i2l_batch.cli import app
from i2l_batch.query import run_query
from i2l_batch.records import Box, Crop, Document, Transcript
from i2l_batch.store import Store, formula_row

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
QUERIES = re.findall(r'i2l query \S+ "([^"]+)"', README)


def commands(command: Any, name: str = "i2l") -> Iterator[tuple[str, Any]]:
    """All commands that do something, with the words that call them."""
    if isinstance(command, TyperGroup):
        for word, child in command.commands.items():
            yield from commands(child, f"{name} {word}")
    else:
        yield name, command


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme_and_has_help(name: str) -> None:
    assert f"`{name}" in README
    assert COMMANDS[name].help
    for parameter in COMMANDS[name].params:
        if isinstance(parameter, TyperOption):
            assert parameter.help, f"{name} {parameter.name}"


def test_the_readme_names_no_other_command() -> None:
    named = re.findall(r"(?:^    |`)(i2l [a-z]+(?: build)?)", README, re.MULTILINE)
    assert set(named) == set(COMMANDS)


def test_every_option_in_the_readme_exists() -> None:
    known = {option for command in COMMANDS.values() for p in command.params for option in p.opts}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README))
    assert named - {"--help"} <= known


def test_every_path_in_the_readme_exists() -> None:
    for path in re.findall(r"^\| `([\w/]+(?:/|\.py))` \|", README, re.MULTILINE):
        assert (ROOT / path).exists(), path


def paper(run: str) -> tuple[Document, list[dict[str, object]]]:
    """A paper in which two formulas were found."""
    rows = []
    for index, latex in enumerate([r"\int f d x", "a = b"]):
        crop = Crop(
            page=1,
            index=index,
            kind="display",
            number=None,
            box=Box(x0=0, y0=0, x1=9, y1=9),
            page_width=595,
            page_height=842,
            dpi=200,
            em=None,
            png=b"",
        )
        transcript = Transcript(
            latex=latex,
            confidence=0.5,
            score=-0.1,
            lowest=-0.5,
            num_tokens=3,
            stop="eos",
            valid=True,
            flags=(),
            alternatives=(),
        )
        rows.append(
            formula_row("two_column.pdf", "00", crop, transcript, keep_crop=False, model="none")
        )
    document = Document(
        source="two_column.pdf",
        source_sha256="00",
        num_bytes=1,
        pages=1,
        formulas=len(rows),
        status="ok",
        seconds=1,
        attempts=1,
        run=run,
    )
    return document, rows


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with the paper and a file that failed."""
    folder = tmp_path_factory.mktemp("readme") / "results"
    with Store.open(folder, settings={}, model={"id": "none"}) as store:
        document, rows = paper(store.run)
        store.add(document, rows)
        broken = replace(
            document,
            source="broken.pdf",
            formulas=0,
            status="failed",
            error_type="corrupt",
            error_message="broken.pdf is no PDF",
        )
        store.add(broken, [])
    return folder


def test_the_readme_has_queries() -> None:
    assert len(QUERIES) >= 4


@pytest.mark.parametrize("sql", QUERIES)
def test_every_query_in_the_readme_gives_rows(results: Path, sql: str) -> None:
    out = io.StringIO()
    run_query(results, sql, "json", out)
    assert json.loads(out.getvalue())


def test_the_query_of_make_demo_gives_rows(results: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (sql,) = re.findall(r'i2l query \S+ "([^"]+)"', makefile)
    out = io.StringIO()
    run_query(results, sql, "json", out)
    assert len(json.loads(out.getvalue())) == 2
