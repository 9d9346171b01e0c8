"""File names for papers: below the folder, different, and the paper's own where that can be."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from i2l_batch.export.names import Names
from i2l_batch.source_names import stored_name
from tests.export.results import NASTY, hostile_names


@given(st.lists(hostile_names, unique=True, max_size=30), st.sampled_from([".md", ".jsonl", ""]))
def test_no_name_leaves_the_folder_or_meets_another(sources: list[str], suffix: str) -> None:
    names = Names(suffix, taken=["crops"])
    paths = [names.path(stored_name(source)) for source in sources]
    lowered = [unicodedata.normalize("NFC", str(path)).lower() for path in paths]
    assert len(set(lowered)) == len(paths)
    folders = {parent for path in lowered for parent in _parents(path)}
    assert not folders.intersection([*lowered, "crops"])
    for path in paths:
        assert not path.is_absolute()
        assert path.name.endswith(suffix)
        for part in path.parts:
            assert part not in ("", ".", "..")
            assert part.isprintable()
            assert not set(part) & set('\\/:*?"<>|')
            assert len(part.encode()) < 200


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts))]


def test_all_of_them_can_be_files_of_one_folder(tmp_path: Path) -> None:
    names = Names(".jsonl", taken=["crops"])
    for source in NASTY:
        path = tmp_path / names.path(stored_name(source))
        assert tmp_path in Path(os.path.normpath(path)).parents
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x") as file:
            file.write(stored_name(source))
    written = [path.read_text("utf-8") for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(written) == sorted(map(stored_name, NASTY))


def test_ordinary_names_are_kept() -> None:
    names = Names(".md")
    for source in ("walk.pdf", "2020/walk.pdf", "2020/Wien, 1. Mai (2).pdf", "数学/論文.pdf"):
        assert str(names.path(source)) == f"{source}.md"


def test_a_changed_name_depends_on_the_source_alone() -> None:
    one, other = Names(".md"), Names(".md")
    other.path("a_b.pdf")
    other.path("a|b.pdf")
    assert one.path("a?b.pdf") == other.path("a?b.pdf")
