from __future__ import annotations

import re

import pytest

from i2l_batch.canonical import canonicalize
from i2l_batch.latex import tokenize
from i2l_batch.train.dataset.marking import MAX_MARKS, color, mark, mark_definitions, plain
from i2l_batch.visible import ALPHABETS, BOLD, SIZES_OF_DELIMITERS, drawn
from tests.train.dataset.formula_kinds import KINDS


def marks_of(latex: str) -> dict[str, int]:
    """Token to mark, for formulas whose visible tokens are distinct."""
    tokens = latex.split()
    return {token: m for token, m in zip(tokens, mark(tokens)[1], strict=True) if m}


def test_marks_are_the_positions_of_visible_tokens() -> None:
    assert marks_of(r"a + \frac { b } { c }") == {"a": 1, "+": 2, r"\frac": 3, "b": 5, "c": 8}


def test_switches_stand_before_what_they_colour() -> None:
    text, _ = mark(r"a ^ { 2 }".split())
    assert text.split() == [r"\C{1}a", "^", "{", r"\C{4}2", r"\C{1}}"]


def test_a_lone_symbol_shares_the_mark_of_its_accent() -> None:
    assert marks_of(r"\hat { x } y") == {r"\hat": 1, "x": 1, "y": 5}


def test_a_free_group_of_one_symbol_holds_no_switch() -> None:
    """With one inside, TeX set the scripts of such a group farther off."""
    text, marks = mark(r"{ \cal E } _ { C }".split())
    assert text.startswith(r"\C{3}{ \cal E } _")
    assert marks[2] == 3


def test_spaces_stay_out_of_words() -> None:
    """In text TeX draws spaces: `\\text { i f }` came out as three spaced letters."""
    text, marks = mark(r"\text { i f ~ \alpha x } y".split())
    assert text.startswith(r"\text {\C{3}i\C{4}f~\C{6}\alpha \C{7}x")
    assert marks[2:4] == [3, 4]
    assert plain(r"\mbox { i f } x".split()) == r"\mbox {if} x "


@pytest.mark.parametrize("latex", KINDS)
def test_marking_only_adds_switches(latex: str) -> None:
    tokens = canonicalize(latex.split())
    marked, marks = mark(tokens)
    assert re.sub(r"\\C\{\d+\}", "", marked).split() == plain(tokens).split()
    assert len(marks) == len(tokens)
    assert set(marks) <= set(range(len(tokens) + 1))


@pytest.mark.parametrize("latex", [k for k in KINDS if "[ n" not in k and r"\sqrt [" not in k])
def test_what_draws_has_a_mark_and_all_else_has_none_or_that_of_its_symbol(latex: str) -> None:
    """But for symbols in brackets of options, which are drawn in the colour of their command."""
    tokens = canonicalize(tokenize(latex))
    _, marks = mark(tokens)
    visible = set(drawn(tokens))
    assert all(marks[i] for i in visible)
    lenders = {tokens[i] for i, number in enumerate(marks) if number and i not in visible}
    assert lenders <= ALPHABETS | BOLD | SIZES_OF_DELIMITERS | {
        r"\middle",
        r"\mathop",
        "x",
    }  # a phantom's x


def test_tokens_beyond_the_colours_stay_unmarked() -> None:
    _, marks = mark(["x"] * (MAX_MARKS + 5))
    assert marks[MAX_MARKS - 1] == MAX_MARKS
    assert set(marks[MAX_MARKS:]) == {0}


def test_every_mark_has_a_colour_of_its_own_near_black() -> None:
    colours = [color(m) for m in range(MAX_MARKS + 1)]
    assert len(set(colours)) == len(colours)
    assert all(0 <= level <= 7 for colour in colours for level in colour)
    assert mark_definitions().count(r"\def") == MAX_MARKS + 1
