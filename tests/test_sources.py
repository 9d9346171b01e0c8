"""Every input has one row and one name, whatever the order and the way it was reached."""

import codecs
import io
import os
import socket
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from i2l_batch.errors import UsageError
from i2l_batch.records import Problem, Source
from i2l_batch.source_names import original_name, stored_name
from i2l_batch.sources import list_sources


def touch(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def names(inputs: list[str]) -> list[str]:
    return [row.name for row in list_sources(inputs)]


def test_a_directory_is_walked_in_order_and_other_files_are_no_inputs(tmp_path: Path) -> None:
    for name in ("b.PDF", "a/c.png", "a/b.Tiff", "notes.txt", "a.webp", "deep/er/x.jpeg"):
        touch(tmp_path / name)
    rows = list(list_sources([str(tmp_path)]))
    assert [row.name for row in rows] == [
        "a.webp",
        "a/b.Tiff",
        "a/c.png",
        "b.PDF",
        "deep/er/x.jpeg",
    ]
    assert all(isinstance(row, Source) for row in rows)
    assert [row.media for row in rows if isinstance(row, Source)] == 3 * ["image"] + [
        "pdf",
        "image",
    ]
    assert all(row.num_bytes == 1 and os.path.isabs(row.path) for row in rows)


def test_a_single_file_is_called_by_its_file_name(tmp_path: Path) -> None:
    assert names([str(touch(tmp_path / "folder" / "paper.pdf"))]) == ["paper.pdf"]


def test_equal_names_under_two_roots_are_told_apart_in_any_order(tmp_path: Path) -> None:
    for root in ("one", "two"):
        touch(tmp_path / root / "x.pdf")
        touch(tmp_path / root / f"only-{root}.pdf")
    inputs = [str(tmp_path / "one"), str(tmp_path / "two")]
    assert names(inputs) == names(inputs[::-1])
    assert names(inputs) == ["one/x.pdf", "only-one.pdf", "only-two.pdf", "two/x.pdf"]


def test_a_distinguishing_name_does_not_collide_with_a_real_one(tmp_path: Path) -> None:
    touch(tmp_path / "r" / "a" / "x.pdf")
    touch(tmp_path / "a" / "x.pdf")
    touch(tmp_path / "b" / "x.pdf")
    found = names([str(tmp_path / "r"), str(tmp_path / "a"), str(tmp_path / "b")])
    assert len(set(found)) == 3


@settings(deadline=None)
@given(st.lists(st.sampled_from(["x", "y", "x/x", "y/x", "x/y", "y/x/x"]), min_size=1, max_size=6))
def test_names_are_distinct_whatever_roots_are_given(
    tmp_path_factory: pytest.TempPathFactory, roots: list[str]
) -> None:
    base = tmp_path_factory.mktemp("roots")
    for root in roots:
        touch(base / root / "x.pdf")
    inputs = [str(base / root) for root in roots]
    found = names(inputs)
    assert len(found) == len(set(found)) == len(set(base.rglob("*.pdf")))
    assert found == names(sorted(inputs, reverse=True))


def test_a_file_reached_twice_is_listed_once(tmp_path: Path) -> None:
    file = touch(tmp_path / "sub" / "x.pdf")
    os.symlink(file, tmp_path / "link.pdf")
    inputs = [str(file), str(tmp_path), str(tmp_path / "sub"), str(tmp_path / "*" / "x.pdf")]
    assert names(inputs) == ["sub/x.pdf"]


def test_links_to_directories_cannot_loop(tmp_path: Path) -> None:
    touch(tmp_path / "a" / "x.pdf")
    os.symlink(tmp_path, tmp_path / "a" / "up")
    os.symlink(tmp_path / "a", tmp_path / "Z")
    assert names([str(tmp_path)]) == ["a/x.pdf"]


def test_globs_name_files_below_their_fixed_part(tmp_path: Path) -> None:
    touch(tmp_path / "a" / "x.pdf")
    touch(tmp_path / "b" / "x.pdf")
    touch(tmp_path / "b" / "deep" / "y.pdf")
    assert names([str(tmp_path / "*" / "*.pdf")]) == ["a/x.pdf", "b/x.pdf"]
    assert names([str(tmp_path / "**" / "*.pdf")]) == ["a/x.pdf", "b/deep/y.pdf", "b/x.pdf"]
    assert names([str(tmp_path / "[b]")]) == ["b/deep/y.pdf", "b/x.pdf"]


def test_a_file_with_brackets_in_its_name_is_no_glob(tmp_path: Path) -> None:
    assert names([str(touch(tmp_path / "paper[1].pdf"))]) == ["paper[1].pdf"]


def test_lists_come_from_files_and_from_stdin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any byte but the line feed: Unicode's other line ends, bytes that are no UTF-8; with a byte
    order mark and carriage returns, as Windows editors write them."""
    expected = ["a b.pdf", "c\u2028d\x0ce.pdf", "f\udcff.pdf"]
    files = [os.fsencode(touch(tmp_path / name)) for name in expected]
    lines = codecs.BOM_UTF8 + b"\r\n\n".join([*files, b""])
    listed = touch(tmp_path / "list.txt", lines)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines), encoding="utf-8"))
    assert names([f"@{listed}"]) == names(["-"]) == expected


def test_what_is_named_and_cannot_be_tried_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe.pdf")
    monkeypatch.chdir(tmp_path)  # socket paths are short
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind("socket.pdf")
        rows = list(
            list_sources(
                [
                    str(tmp_path),
                    str(touch(tmp_path / "notes.txt", b"four")),
                    str(tmp_path / "missing.pdf"),
                    str(tmp_path / "none" / "*.pdf"),
                ]
            )
        )
    problems = {row.name: row.error_type for row in rows if isinstance(row, Problem)}
    assert problems == {
        "*.pdf": "unreadable",
        "missing.pdf": "unreadable",
        "notes.txt": "unsupported",
        "pipe.pdf": "unsupported",
        "socket.pdf": "unsupported",
    }
    assert {row.num_bytes for row in rows if row.name == "notes.txt"} == {4}


def test_a_directory_called_like_a_pdf_is_walked(tmp_path: Path) -> None:
    touch(tmp_path / "x.pdf" / "y.pdf")
    assert names([str(tmp_path)]) == ["x.pdf/y.pdf"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_files_and_folders_without_permission_are_problems(tmp_path: Path) -> None:
    touch(tmp_path / "locked" / "x.pdf")
    touch(tmp_path / "y.pdf").chmod(0)
    (tmp_path / "locked").chmod(0)
    rows = list(list_sources([str(tmp_path)]))
    (tmp_path / "locked").chmod(0o755)
    assert [(row.name, getattr(row, "error_type", None)) for row in rows] == [
        ("locked", "unreadable"),
        ("y.pdf", "unreadable"),
    ]


def test_a_link_to_itself_is_no_end_of_the_listing(tmp_path: Path) -> None:
    for name in ("loop", "loop.pdf"):
        os.symlink(name, tmp_path / name)
    touch(tmp_path / "x.pdf")
    rows = {row.name: row for row in list_sources([str(tmp_path)])}
    assert list(rows) == ["loop.pdf", "x.pdf"]
    assert getattr(rows["loop.pdf"], "error_type", None) == "unreadable"


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=20).map(lambda name: name + b".pdf"))
@example(b"..pdf")
def test_names_are_kept_and_stored_so_that_they_open_the_file(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    """They were escaped twice, and a byte FF ended as two backslashes and xff."""
    raw = raw.replace(b"/", b"-").replace(b"\0", b"-")
    folder = tmp_path_factory.mktemp("names")
    with open(os.path.join(os.fsencode(folder), raw), "wb"):
        pass
    (row,) = list_sources([str(folder)])
    assert os.fsencode(row.name) == raw
    assert original_name(stored_name(row.name)) == row.name
    stored_name(row.name).encode("utf-8")
    assert os.path.exists(row.path)


def test_max_files_takes_the_first(tmp_path: Path) -> None:
    for name in "cab":
        touch(tmp_path / f"{name}.pdf")
    assert [row.name for row in list_sources([str(tmp_path)], max_files=2)] == ["a.pdf", "b.pdf"]


@pytest.mark.parametrize("inputs", [[], ["@/no/such/list.txt"]])
def test_nothing_to_do_is_a_usage_error(inputs: list[str]) -> None:
    with pytest.raises(UsageError):
        list_sources(inputs)


def test_an_empty_directory_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no PDF or image files"):
        list_sources([str(tmp_path)])
