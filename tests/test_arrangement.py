"""How rows that were read one by one stand together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from i2l_batch.arrangement import RowTokens, arrange
from i2l_batch.latex import is_valid


def row(latex: str, left: float = 0.0, width: float = 10.0) -> RowTokens:
    return RowTokens(tuple(latex.split()), left, left + width)


def latex(*rows: RowTokens) -> str:
    return " ".join(token.text for token in arrange(rows))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row("a = b"), row("= c", 1.0)], r"a & = b \\ & = c"),
        ([row("a ^ { x = y } = b"), row("c < d", 0.5)], r"a ^ { x = y } & = b \\ c & < d"),
        ([row("f ( x = y ) = b"), row("c = d", 0.5)], r"f ( x = y ) & = b \\ c & = d"),
        (
            [row(r"f \left( x = y \right) \leq b"), row("= d", 4.0)],
            r"f \left( x = y \right) & \leq b \\ & = d",
        ),
        # What begins no further left than the relations is aligned with them.
        ([row("x : y = z"), row(r"\leq c"), row("= d")], r"& x : y = z \\ & \leq c \\ & = d"),
        ([row("a + b = c"), row("+ d", 3.0), row("- e", 3.0)], r"a + b & = c \\ & + d \\ & - e"),
        ([row("a + b"), row("c", 0.1)], r"& a + b \\ & c"),
        ([row("[ a ] = b"), row("[ c ] = d")], r"{ [ } a ] & = b \\ { [ } c ] & = d"),
        ([row("= a"), row("")], r"& = a \\"),
    ],
)
def test_rows_are_aligned_at_their_relations(rows: list[RowTokens], expected: str) -> None:
    assert latex(*rows) == rf"\begin{{aligned}} {expected} \end{{aligned}}"
    assert is_valid(latex(*rows))


def test_rows_with_one_centre_are_gathered() -> None:
    rows = [row("a = b", 3.0, 4.0), row("c = d", 0.0, 10.0), row("* e", 4.9, 0.2)]
    assert latex(*rows) == r"\begin{gathered} a = b \\ c = d \\ { * } e \end{gathered}"


ROWS = st.lists(
    st.tuples(
        st.sampled_from(
            r"x = y| = y|a \over b|[ x ]|\left( x = 1 \right)|\begin{cases} a & b|x & y|x \\ y"
            r"||\frac { a } { b } < c|{ [ } a".split("|")
        ),
        st.floats(0, 9),
    ),
    min_size=2,
    max_size=5,
)


@given(ROWS)
def test_every_token_of_the_rows_is_there_once_in_order(found: list[tuple[str, float]]) -> None:
    rows = [row(text, left) for text, left in found]
    whole = arrange(rows)
    origins = [token.origin for token in whole if token.origin]
    assert origins == [(i, k) for i, r in enumerate(rows) for k in range(len(r.tokens))]
    for token in whole:
        if token.origin:
            i, k = token.origin
            assert rows[i].tokens[k] == token.text
    if all(is_valid(text) for text, _ in found):
        assert is_valid(latex(*rows)), latex(*rows)
