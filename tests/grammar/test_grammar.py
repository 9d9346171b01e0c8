"""The grammar against the parser: it allows what can be completed, and what authors write."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from i2l_batch.canonical import canonicalize
from i2l_batch.grammar import Grammar
from i2l_batch.grammar.states import START, State
from i2l_batch.latex import detokenize, is_valid, tokenize
from i2l_batch.models.files import SHIPPED
from i2l_batch.models.tokenizer import EOS, SPECIALS, Tokenizer
from tests.wild_formulas import Wild

WORDS: list[str] = json.loads((SHIPPED / "vocab.json").read_text())[len(SPECIALS) :]
MORE = (
    r"\text ' \over \choose \bm \Bigg \mbox \rule # $ % \begin{vmatrix} \end{vmatrix} \nosuch"
).split()
TOKENIZER = Tokenizer.from_tokens({*WORDS, *MORE})
GRAMMAR = Grammar(TOKENIZER.vocabulary)


def walk(grammar: Grammar, seed: int, length: int) -> tuple[list[int], State]:
    """Random tokens, each of them allowed; those that open or owe something come often."""
    rng, tokens, state = random.Random(seed), list[int](), START
    atoms = frozenset(i for i, role in enumerate(grammar.roles) if role.is_bare)
    for _ in range(length):
        allowed = sorted(grammar.allowed(state.top) - {EOS})
        others = [i for i in allowed if i not in atoms]
        if not allowed:
            break
        tokens.append(rng.choice(others if others and rng.random() < 0.6 else allowed))
        state = grammar.step(state, tokens[-1])
    return tokens, state


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 30))
def test_what_is_allowed_can_be_completed_to_what_parses(seed: int, length: int) -> None:
    tokens, state = walk(GRAMMAR, seed, length)
    whole = [*tokens, *GRAMMAR.ending(state)]
    assert is_valid(TOKENIZER.decode(whole)), TOKENIZER.decode(whole)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60))
def test_so_it_is_whatever_the_vocabulary(seed: int, size: int) -> None:
    """Nothing is begun that the vocabulary cannot end."""
    words = random.Random(seed).sample([*WORDS, *MORE], size)
    tokenizer = Tokenizer.from_tokens(words)
    grammar = Grammar(tokenizer.vocabulary)
    for length in range(8):
        tokens, state = walk(grammar, seed + length, length)
        latex = tokenizer.decode([*tokens, *grammar.ending(state)])
        assert is_valid(latex), latex


def test_formulas_that_parse_are_allowed() -> None:
    wild = Wild(5)
    formulas = [canonicalize(tokenize(wild.formula())) for _ in range(400)]
    known = [f for f in formulas if set(f) <= set(WORDS) and is_valid(detokenize(f))]
    assert len(known) > 300
    for tokens in known:
        assert EOS in GRAMMAR.allowed(after(tokens).top), tokens


def after(tokens: Sequence[str]) -> State:
    """The state after tokens, all of which are allowed."""
    state = START
    for token, i in zip(tokens, TOKENIZER.encode(tokens), strict=True):
        assert i in GRAMMAR.allowed(state.top), (token, tokens)
        state = GRAMMAR.step(state, i)
    return state


def following(latex: str) -> set[str]:
    """What may follow; the end as `$`."""
    allowed = GRAMMAR.allowed(after(latex.split()).top)
    return {"$" if i == EOS else TOKENIZER.vocabulary[i] for i in allowed}


@pytest.mark.parametrize(
    ("latex", "allowed", "refused"),
    [
        ("", r"x { \frac ^ \left( \begin{array} \sum $", r"} & \right) \limits \hline \nosuch #"),
        (r"x ^ { 2 }", r"_ x $", r"^ '"),
        (r"x ^ { 2 } y", r"^ _ ' $", r"}"),
        (r"x _", r"{ a \alpha \frac", r"^ _ } $ \left( &"),
        (r"\frac { a }", r"{ 2", r"} $ \frac"),
        (r"\sqrt", r"[ { x", r"$ } \frac"),
        (r"\sqrt [ 3", r"] x", r"} [ $ \left( \textstyle"),
        (r"\left( x", r"\right) \right. \middle", r"$ } \end{array}"),
        (r"\left( x \middle", r"| )", r"x $ { \right)"),
        (r"\begin{array}", r"{", r"c x ["),
        (r"\begin{array} { c", r"c l | }", r"x & { $"),
        (r"\begin{array} { c c } a", r"& \\ \end{array}", r"$ } \hline \end{cases}"),
        (r"\begin{array} { c } a & b", r"& \\ \end{array}", r"}"),
        (r"\begin{array} { c }", r"& x", r"}"),
        (r"\begin{array} { c c } &", r"x \\", r"&"),
        (r"\begin{array} { c c c } & &", r"x \\", r"&"),
        (r"\begin{array} { c c } & a & b \\ &", r"& x", r"}"),
        (r"\begin{array} { c c } & a & b \\ & &", r"x \\", r"&"),
        (r"\begin{array} { c c } a \\", r"\hline & x", r"["),
        (r"\begin{aligned} a & b & c &", r"& x", r"^ $ \end{cases}"),
        (r"\begin{cases} a & b", r"\\ \end{cases}", r"&"),
        (r"\begin{cases} {", r"x }", r"& \\ \end{cases}"),
        (r"\substack { a", r"\\ x }", r"& $"),
        (r"\hspace {", r"1mm", r"x } 2"),
        (r"\hspace { 1mm", r"}", r"1mm x"),
        (r"\text { i f", r"~ } x", r"\alpha ^ { $"),
        (r"\big", r"( \langle |", r"x \sum $ {"),
        (r"\not", r"= \in", r"$ { ^ \frac \ln"),
        (r"\sum", r"\limits _", r"}"),
        (r"x", r"_", r"\limits"),
        (r"x \over y", r"_ $", r"\over \choose"),
        (r"x \over { y", r"\over }", r"$"),
        (r"x \over \pmod { y", r"}", r"\over \\"),
        (r"\pmod { { y", r"\over }", r"\\"),
        ("x \\", "y {", "$"),
    ],
)
def test_what_may_follow(latex: str, allowed: str, refused: str) -> None:
    found = following(latex)
    assert set(allowed.split()) <= found
    assert not found & set(refused.split())


@pytest.mark.parametrize(
    ("latex", "rest"),
    [
        ("", ""),
        (r"x ^", "{ }"),
        (r"\frac { a", "} { }"),
        (r"\left( \sqrt [ 3", r"] { } \right"),
        (r"\begin{array} {", r"c } \end{array}"),
        (r"\begin{cases} a & \hat {", r"} \end{cases}"),
        (r"\text { a", "}"),
        ("x \\", "{ }"),
    ],
)
def test_the_shortest_ending(latex: str, rest: str) -> None:
    added = GRAMMAR.ending(after(latex.split()))
    assert TOKENIZER.decode(added).startswith(rest)
    assert len(added) == len(rest.split())


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 30))
def test_what_brings_the_end_nearer_leads_to_it(seed: int, length: int) -> None:
    tokens, state = walk(GRAMMAR, seed, length)
    rng = random.Random(seed)
    for _ in range(100):
        closing = GRAMMAR.closing(state.top)
        assert closing
        assert closing <= GRAMMAR.allowed(state.top)
        if EOS in closing:
            break
        tokens.append(rng.choice(sorted(closing)))
        state = GRAMMAR.step(state, tokens[-1])
    assert is_valid(TOKENIZER.decode(tokens)), TOKENIZER.decode(tokens)
