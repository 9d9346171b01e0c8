"""The documentation says what the code does: columns, failures, links."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest

from i2l_batch import runs
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
