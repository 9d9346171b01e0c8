"""From tokens with slips to formulas that parse."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from i2l_batch.grammar import Completed, completed
from i2l_batch.latex import is_valid
from tests.grammar.test_grammar import GRAMMAR, TOKENIZER, walk


def complete(tokens: Sequence[str]) -> Completed:
    found = completed(GRAMMAR, TOKENIZER.encode(tokens))
    assert found is not None, tokens
    return found


@pytest.mark.parametrize(
    ("read", "written"),
    [
        ("x }", "x"),
        ("x } y", "x y"),
        ("x ^ { a } + b }", "x ^ { a + b }"),
        ("x ^ { a } { b } c }", "x ^ { a } { b c }"),
        (r"x ^ { \sqrt { a } } { b } c }", r"x ^ { \sqrt { a } { b } c }"),
        (r"x ^ { \left( a } b", r"x ^ { \left( a \right. } b"),
        (r"\left( { a } \right) b }", r"\left( { a } \right) b"),
        (r"\left( { a } b } \right)", r"\left( { a b } \right)"),
        (r"{ a } \\ b }", r"{ a } \\ b"),
        ("x ^ { a } y } ^ { b }", "x ^ { a y } { } ^ { b }"),
        ("x ^ { a } ^ { b }", "x ^ { a } { } ^ { b }"),
        ("x ^ { a } _ b ^ { c }", "x ^ { a } { } _ b ^ { c }"),
        ("{ x ^ { a _ b } _ c ^ d }", "{ x ^ { a _ b } { } _ c ^ d }"),
        ("x _ b y ^ { a } ^ c", "x _ b y ^ { a } { } ^ c"),
        ("x _ b y ' ^ c", "x _ b y ' { } ^ c"),
        (r"\operatorname { \mathbf { C } } x", r"{ \mathbf { C } } x"),
        (r"\operatorname { T \mathbf { C } } x", r"\operatorname { T } { \mathbf { C } } x"),
        (r"\text { a \alpha", r"\text { a } { \alpha }"),
        (r"\text { a _ b }", r"\text { a } { _ b }"),
        (
            r"\begin{array} { c } \mathrm { a \\ - 1 & b \end{array}",
            r"\begin{array} { c c } \mathrm { a } \\ - 1 & b \end{array}",
        ),
        (r"\frac { e ^ { b } { c } x", r"\frac { e ^ { b } } { c } x"),
        (r"\frac { b { c } x", r"\frac { b } { c } x"),
        (r"\frac { { b } _ 1 { c } x", r"\frac { { b } _ 1 } { c } x"),
        (r"\frac { { b } c", r"\frac { { b } c } { }"),
        (r"\frac { b c", r"\frac { b c } { }"),
        ("x ^ { a } '", "x ^ { a } { } '"),
        ("x _ a ^ b _ c", "x _ a ^ b { } _ c"),
        (r"x \right) y", "x ) y"),
        (r"x \right. y", "x y"),
        (r"x ^ \right) y", "x ^ y"),
        (r"\left( { x \right) y", r"\left( { x } \right) y"),
        (r"{ \left( x ) } y", r"{ \left( x ) \right. } y"),
        (r"\left( \frac { x \right)", r"\left( \frac { x } { } \right)"),
        (r"x \end{array} y", "x y"),
        (
            r"\boldsymbol { a _ { \boldsymbol { b } \boldsymbol { c } } } \boldsymbol { d }",
            r"\boldsymbol { a _ { { b } { c } } } \boldsymbol { d }",
        ),
        (r"\begin{cases} x \end{array} y", r"\begin{cases} x \end{cases} y"),
        (r"\begin{cases} { x \end{cases}", r"\begin{cases} { x } \end{cases}"),
        (r"\text { i \end{array}", r"\text { i }"),
        (r"\begin{array} { c } a & b \end{array}", r"\begin{array} { c c } a & b \end{array}"),
        (
            r"\begin{array} { l | r } a \\ b & c & d & e \\ f \end{array}",
            r"\begin{array} { l | r r r } a \\ b & c & d & e \\ f \end{array}",
        ),
        (
            r"\begin{array} { c } \begin{array} { l } a & b \end{array} & c & d",
            r"\begin{array} { c c c } \begin{array} { l l } a & b \end{array} & c & d \end{array}",
        ),
        (
            r"\begin{array} { c } \begin{cases} a & b \end{cases} \end{array}",
            r"\begin{array} { c } \begin{cases} a & b \end{cases} \end{array}",
        ),
    ],
)
def test_slips_are_mended(read: str, written: str) -> None:
    found = TOKENIZER.decode(complete(read.split()).tokens)
    assert found == written
    assert is_valid(found)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 30))
def test_what_is_allowed_stays_but_for_columns_and_bold_in_bold(seed: int, length: int) -> None:
    tokens, _ = walk(GRAMMAR, seed, length)
    found = completed(GRAMMAR, tokens)
    assert found is not None
    read = [i for i in found.read if i is not None]
    stays = {i for i, token in enumerate(tokens) if token not in GRAMMAR.bold}
    assert read == sorted(stays.union(read))
    assert is_valid(TOKENIZER.decode(found.tokens)), TOKENIZER.decode(found.tokens)
    assert completed(GRAMMAR, found.tokens) == (found.tokens, tuple(range(len(found.tokens))))


SLIPS = TOKENIZER.encode(
    r"} ^ _ & \\ \right) \right. \right| \end{array} \end{cases} \end{pmatrix} \alpha \mathbf {"
    r" \frac \operatorname".split()
)


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 30))
def test_whatever_is_mended_parses(seed: int, length: int) -> None:
    """Walks with something thrown in at random places."""
    rng, tokens = random.Random(seed), walk(GRAMMAR, seed, length)[0]
    for _ in range(rng.randint(1, 4)):
        tokens.insert(rng.randint(0, len(tokens)), rng.choice(SLIPS))
    found = completed(GRAMMAR, tokens)
    if found is None:  # `&` where no cells are, or what follows a closer could not follow it
        return
    latex = TOKENIZER.decode(found.tokens)
    assert is_valid(latex), latex
    read = [i for i in found.read if i is not None]
    assert all(a < b for a, b in itertools.pairwise(read))
    kept = [t for t, i in zip(found.tokens, found.read, strict=True) if i is not None]
    assert sum(t != tokens[i] for t, i in zip(kept, read, strict=True)) <= 4
