"""Records of lists, each with its place, and one line for every way in which a list is broken."""

from __future__ import annotations

import csv
import gzip
import json
import lzma
from pathlib import Path

import pytest

from i2l_batch.errors import UsageError
from i2l_batch.train.records_file import read_records

RECORDS = [
    {"image": "a.png", "latex": r"\frac{a}{b}"},
    {"image": "b, c.png", "latex": 'x "y"\u2028z'},
    {"image": "d.png", "latex": "x" * 200_000},
]
OPENERS = {"": open, ".gz": gzip.open, ".xz": lzma.open}


@pytest.mark.parametrize("suffix", OPENERS)
@pytest.mark.parametrize("kind", [".jsonl", ".csv", ".tsv", ".CSV"])
def test_records_come_back_with_their_lines(kind: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"list{kind}{suffix}"
    with OPENERS[suffix](path, "wt", encoding="utf-8", newline="") as file:
        if kind == ".jsonl":
            file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in RECORDS)
        else:
            delimiter = "\t" if kind == ".tsv" else ","
            writer = csv.DictWriter(file, ["image", "latex"], delimiter=delimiter)
            writer.writeheader()
            writer.writerows(RECORDS)
    first = 1 if kind == ".jsonl" else 2
    assert list(read_records(path)) == [
        (f"{path}:{number}", record) for number, record in enumerate(RECORDS, first)
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", '{"a": 1}\n\n{', r"a\.jsonl:3 is no JSON object: "),
        ("a.jsonl", "[" * 100_000, r"a\.jsonl:1 is no JSON object: "),
        ("a.jsonl", "[]", r"a\.jsonl:1 is no JSON object$"),
        ("a.jsonl", "{}\n\0", r"a\.jsonl:2 is no UTF-8 text"),
        ("a.csv", "", r"a\.csv is empty"),
        ("a.csv", "a,b\n1,2\n\n3\n", r"a\.csv:4 has 1 fields, the header 2"),
        ("a.csv", 'a\n"x', r"a\.csv:2 is no CSV record: "),
        ("a.csv.gz", "a\nb\n", r"cannot read .*a\.csv\.gz: "),
        ("a.csv.xz", "a\nb\n", r"cannot read .*a\.csv\.xz: "),
    ],
)
def test_what_is_broken_is_named_in_one_line(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    with pytest.raises(UsageError, match=message) as caught:
        list(read_records(path))
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_an_error_unless_they_may_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"latex\n\xff\n")
    with pytest.raises(UsageError, match=r"cannot read .*a\.csv"):
        list(read_records(path))
    assert list(read_records(path, "replace")) == [(f"{path}:2", {"latex": "\ufffd"})]
    with pytest.raises(UsageError, match="cannot read"):
        list(read_records(tmp_path / "none.jsonl"))


def test_the_first_of_columns_with_one_name_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b,a\n1,2,3\n")
    assert [record for _, record in read_records(path)] == [{"a": "1", "b": "2"}]
