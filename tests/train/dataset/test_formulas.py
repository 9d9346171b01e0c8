from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from i2l_batch.canonical import canonicalize
from i2l_batch.errors import UsageError
from i2l_batch.latex import is_valid, tokenize
from i2l_batch.train.dataset.formulas import count_tokens, cut_piece, read_formulas
from i2l_batch.train.records_file import LATEX_KEYS

FORMULAS = [r"x^2 + y", r"\frac a b", "a, b", 'a "quoted" \u03b1', "", r"x^2 + y", " { x }"]
"""With commas, quotes, an empty one, one twice: all come back."""


def as_lines(_: str) -> str:
    return "\n".join(FORMULAS) + "\n"


def as_json_lines(column: str) -> str:
    return "".join(json.dumps({"id": i, column: f}) + "\n" for i, f in enumerate(FORMULAS))


def as_csv(column: str, delimiter: str = ",") -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([[column, "image"], *([f, f"{i}.png"] for i, f in enumerate(FORMULAS))])
    return text.getvalue()


def as_tsv(column: str) -> str:
    return as_csv(column, "\t")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("f.txt", as_lines),
        ("f.lst", as_lines),
        ("f.jsonl", as_json_lines),
        ("f.ndjson", as_json_lines),
        ("f.csv", as_csv),
        ("f.tsv", as_tsv),
    ],
)
@pytest.mark.parametrize("packing", ["", ".xz", ".gz"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_every_kind_of_list_gives_its_formulas_in_order(
    tmp_path: Path, name: str, text: Callable[[str], str], packing: str, start: str
) -> None:
    path = tmp_path / (name + packing)
    for column in LATEX_KEYS:
        content = (start + text(column)).encode()
        pack = {"": bytes, ".xz": lzma.compress, ".gz": gzip.compress}[packing]
        path.write_bytes(pack(content))
        assert list(read_formulas(path)) == FORMULAS
        assert list(read_formulas(path, column)) == FORMULAS


def test_the_column_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text(
        '{"tex": "x", "norm": "y", "name": "z"}\n\n{"norm": "b", "tex": "a"}\n', "utf-8"
    )
    assert list(read_formulas(path, "tex")) == ["x", "a"]
    assert list(read_formulas(path, "norm")) == ["y", "b"]
    with pytest.raises(UsageError, match=r"f\.jsonl:1 has the columns tex, norm: say which"):
        list(read_formulas(path))


def test_lines_end_where_their_list_says(tmp_path: Path) -> None:
    """A lone carriage return is white space within a formula, as in the arXiv's sources."""
    path = tmp_path / "f.txt"
    path.write_bytes(b"a\r= b\r\n\x0cc\xe2\x80\xa8d\n\ne")
    assert list(read_formulas(path)) == ["a\r= b", "\x0cc\u2028d", "", "e"]


def test_foreign_bytes_spoil_their_own_formula_only(tmp_path: Path) -> None:
    """The im2latex-100k list as published holds some Latin-1."""
    path = tmp_path / "f.lst"
    path.write_bytes(b"a\xe9\nb\n")
    assert list(read_formulas(path)) == ["a\ufffd", "b"]


@pytest.mark.parametrize("kind", [as_lines, as_json_lines, as_csv, as_tsv])
def test_a_formula_may_be_of_any_length(tmp_path: Path, kind: Callable[[str], str]) -> None:
    suffix = {as_lines: "txt", as_json_lines: "jsonl", as_csv: "csv", as_tsv: "tsv"}[kind]
    path = tmp_path / f"f.{suffix}"
    path.write_text(kind("tex").replace("y", "y" * 500_000), "utf-8")
    assert list(read_formulas(path)) == [f.replace("y", "y" * 500_000) for f in FORMULAS]


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no such formula list: .*none\.txt"):
        read_formulas(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("f.jsonl", '{"tex": "x"}\n{"id": 1}', r"f\.jsonl:2 has no column 'tex', only id"),
        ("f.jsonl", '{"id": 1}', r"f\.jsonl:1 has only id: say which column"),
        ("f.jsonl", "x ^ 2", r"f\.jsonl:1 is no JSON object"),
        ("f.jsonl", '{"tex": "x"}\n[1]', r"f\.jsonl:2 is no JSON object"),
        ("f.jsonl", '{"norm": 3}', r"f\.jsonl:1: column 'norm' holds no text"),
        ("f.csv", "", r"f\.csv is empty: a header line"),
        ("f.csv", "id,name\n1,x\n", r"f\.csv:2 has only id, name: say which column"),
        ("f.csv", 'id,tex\n1,"x\ny"\n2\n', r"f\.csv:4 has 1 fields, the header 2"),
        ("f.csv", 'tex\n"x" y\n', r"f\.csv:2 is no CSV record"),
        ("f.csv", 'tex\n"x\n', r"f\.csv:2 is no CSV record"),
        ("f.txt", "x\n\0y\n", r"f\.txt:2 is no UTF-8 text"),
    ],
)
def test_a_broken_record_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(UsageError, match=message) as caught:
        list(read_formulas(tmp_path / name))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["f.txt.xz", "f.txt.gz", "f.csv.gz"])
@pytest.mark.parametrize("cut", [False, True])
def test_a_damaged_list_is_named(tmp_path: Path, name: str, cut: bool) -> None:
    pack = lzma.compress if name.endswith(".xz") else gzip.compress
    (tmp_path / name).write_bytes(pack(b"tex\n" * 9)[:-9] if cut else b"not packed")
    with pytest.raises(UsageError, match="cannot read"):
        list(read_formulas(tmp_path / name))


LONG = canonicalize(
    tokenize(
        r"a + b = \frac{c + d}{e} - \left( f + \frac{g}{h} = i \right) \leq \sum_{k = 1}^{n} x_k"
        r", \quad y \in { z + w } + u - v"
    )
)


@pytest.mark.parametrize("seed", range(50))
def test_a_piece_is_a_formula_of_its_own(seed: int) -> None:
    piece = cut_piece(LONG, random.Random(seed), 20)
    assert piece is not None
    assert 1 <= len(piece) <= 20
    assert is_valid(" ".join(piece))
    assert " ".join(piece) in " ".join(LONG)


def test_pieces_differ_and_reach_all_parts() -> None:
    rng = random.Random(0)
    pieces = [cut_piece(LONG, rng, 20) or [] for _ in range(300)]
    assert len({" ".join(piece) for piece in pieces}) > 10
    assert {token for piece in pieces for token in piece} == set(LONG)


@pytest.mark.parametrize(
    "latex",
    [
        r"\begin{array} { c } a = b \\ c = d \end{array}",
        r"a = b \over c = d",
        r"x",
        r"{ a = b = c }",
    ],
)
def test_what_cannot_be_cut_is_left(latex: str) -> None:
    assert cut_piece(latex.split(), random.Random(0), 4) is None


class EverySpan(random.Random):
    """Gives the numbers from 0 in turn, and knows how many there are."""

    number = count = 0

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        assert (stop, step) == (None, 1)
        self.count = start
        return self.number


@pytest.mark.parametrize("max_tokens", [3, 4, 7, 20, 1000])
@pytest.mark.parametrize("seed", range(5))
def test_every_pair_of_cuts_in_reach_is_one_choice(seed: int, max_tokens: int) -> None:
    tokens = random.Random(seed).choices("abcd=+", k=40)
    cuts = [0, *(i for i, token in enumerate(tokens) if token in "=+"), 40]
    expected = [tokens[a:b] for a in cuts for b in cuts if 4 <= b - a <= max_tokens]
    every = EverySpan()
    found = [cut_piece(tokens, every, max_tokens)]
    for number in range(1, every.count):
        every.number = number
        found.append(cut_piece(tokens, every, max_tokens))
    assert found == (expected or [None])


def test_a_line_of_a_hundred_thousand_cuts_is_cut() -> None:
    """All pairs would be 10^10."""
    piece = cut_piece(["x", "+"] * 100_000, random.Random(0), 40)
    assert piece
    assert len(piece) <= 40


def test_alignment_marks_do_not_outlive_their_rows() -> None:
    rows = "a + b & = c + d & = e + f".split()
    rng = random.Random(0)
    for _ in range(50):
        piece = cut_piece(rows, rng, 8)
        assert piece
        assert "&" not in piece


def test_tokens_are_counted() -> None:
    assert count_tokens([["a", "b"], ["a"]]) == {"a": 2, "b": 1}
