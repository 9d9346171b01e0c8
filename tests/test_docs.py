"""The documentation says what the code does: columns, failures, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import typer

from i2l_batch import runs
from i2l_batch.cli import app
from i2l_batch.errors import ERROR_TYPES
from i2l_batch.schema import DOCUMENT_SCHEMA, FORMULA_SCHEMA

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def section(page: str, title: str) -> str:
    """The text under a heading of the second level."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    (found,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found


def rows(text: str) -> dict[str, str]:
    """First cell -> second cell, of the table rows that start with a name in backticks."""
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]*?) \|", text, re.MULTILINE))


def slugs(page: Path) -> set[str]:
    """The anchors that a page's headings have."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize(
    ("title", "schema"), [("formulas", FORMULA_SCHEMA), ("documents", DOCUMENT_SCHEMA)]
)
def test_the_schema_page_has_all_columns_with_their_types(title: str, schema: pa.Schema) -> None:
    stated = rows(section("schema.md", title))
    assert list(stated) == schema.names
    for field in schema:
        actual = str(field.type).replace("element:", "item:")
        assert stated[field.name] == actual + (", null" if field.nullable else ""), field.name


def test_the_schema_page_has_all_keys_of_a_run() -> None:
    record = runs.new_record("20260101T000000Z-0000", {}, {})
    assert list(rows(section("schema.md", "runs"))) == list(record)


def test_the_failures_page_has_all_error_types() -> None:
    stated = rows(section("failures.md", "A document fails"))
    assert tuple(stated) == ERROR_TYPES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        assert not anchor or anchor in slugs(file), target


OPTION = re.compile(r"(?<![\w-])--?[a-z](?:[a-z-]*[a-z])?(?![\w-])")
PAGE_OF = {
    "transcribe": "transcribe.md",
    "inspect": "pictures.md",
    "explain": "pictures.md",
    "query": "query.md",
    "stats": "stats.md",
    "search": "search.md",
    "report": "report.md",
    "export": "export.md",
    "dataset": "training.md",
    "train": "training.md",
    "evaluate": "training.md",
    "calibrate": "decoding.md",
}


def parameters(command: Any) -> Iterator[list[str]]:
    """The spellings of each option of a command, or of those below it."""
    for child in getattr(command, "commands", {}).values():
        yield from parameters(child)
    for parameter in command.params:
        if parameter.param_type_name == "option":
            yield [*parameter.opts, *parameter.secondary_opts]


COMMANDS: dict[str, Any] = getattr(typer.main.get_command(app), "commands", {})


def test_every_command_has_a_page() -> None:
    assert PAGE_OF.keys() == COMMANDS.keys()


@pytest.mark.parametrize("name", PAGE_OF)
def test_the_page_of_a_command_has_all_its_options(name: str) -> None:
    named = set(OPTION.findall((ROOT / "docs" / PAGE_OF[name]).read_text(encoding="utf-8")))
    missing = [spellings for spellings in parameters(COMMANDS[name]) if not named & {*spellings}]
    assert missing in ([], [["--help"]])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_in_the_documentation_exist(page: Path) -> None:
    known = {
        option for spellings in parameters(typer.main.get_command(app)) for option in spellings
    }
    text = page.read_text(encoding="utf-8")
    for line in re.findall(r"^    i2l (.*(?:\\\n.*)*)$", text, re.MULTILINE):
        assert set(OPTION.findall(line.split(" | ")[0])) <= known, line
