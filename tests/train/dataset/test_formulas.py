from __future__ import annotations

import gzip
import json
import lzma
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from i2l_batch.errors import UsageError
from i2l_batch.canonical import canonicalize
from i2l_batch.latex import is_valid, tokenize
from i2l_batch.train.dataset.formulas import count_tokens, cut_piece, read_formulas

FORMULAS = [r"x^2 + y", r"\frac a b", r"x ^ 2+y", "", r"\hat z"]
TOKENS = [canonicalize(tokenize(FORMULAS[i])) for i in (0, 1, 4)]


def as_lines() -> str:
    return "\n".join(FORMULAS) + "\n"


def as_json_lines() -> str:
    return "".join(json.dumps({"id": i, "norm": f}) + "\n" for i, f in enumerate(FORMULAS))


@pytest.mark.parametrize(
    ("name", "text"),
    [("f.txt", as_lines), ("f.lst", as_lines), ("f.jsonl", as_json_lines)],
)
@pytest.mark.parametrize("packing", ["", ".xz", ".gz"])
def test_every_kind_of_list_gives_the_distinct_formulas_in_order(
    tmp_path: Path, name: str, text: Callable[[], str], packing: str
) -> None:
    content = text().encode()
    packed = {"": content, ".xz": lzma.compress(content), ".gz": gzip.compress(content)}[packing]
    path = tmp_path / (name + packing)
    path.write_bytes(packed)
    assert list(read_formulas(path)) == TOKENS


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no such formula list: .*none\.txt"):
        list(read_formulas(tmp_path / "none.txt"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"tex": "x"}', r"f\.jsonl:1 has no column 'norm', only tex"),
        ("x ^ 2", r"f\.jsonl:1 is no JSON object"),
        ("[1]", r"f\.jsonl:1 is no JSON object"),
        ('{"norm": 3}', r"f\.jsonl:1: column 'norm' holds no text"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "f.jsonl").write_text(line + "\n", "utf-8")
    with pytest.raises(UsageError, match=message):
        list(read_formulas(tmp_path / "f.jsonl"))


@pytest.mark.parametrize("name", ["f.txt", "f.txt.xz", "f.txt.gz"])
def test_a_damaged_list_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xff\xfe\x00 no text, not packed")
    with pytest.raises(UsageError, match="cannot be read"):
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


def test_alignment_marks_do_not_outlive_their_rows() -> None:
    rows = "a + b & = c + d & = e + f".split()
    rng = random.Random(0)
    for _ in range(50):
        piece = cut_piece(rows, rng, 8)
        assert piece
        assert "&" not in piece


def test_tokens_are_counted() -> None:
    assert count_tokens([["a", "b"], ["a"]]) == {"a": 2, "b": 1}
