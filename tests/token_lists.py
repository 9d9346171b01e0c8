"""Token lists for property tests: braces in balance, and otherwise mostly nonsense."""

from __future__ import annotations

from hypothesis import strategies as st

SYMBOLS = r"a x 1 + = ( [ ] | , & \\ \alpha \sum \infty \, \! \left( \right] \left\{ \right\rangle"
ATOMS = st.sampled_from([*SYMBOLS.split(), r"\begin{matrix}", r"\end{matrix}", r"\rightarrow"])


def group(inner: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    return inner.map(lambda tokens: ["{", *tokens, "}"])


def command(inner: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    heads = st.sampled_from(
        r"^ _ \hat \mathrm \sqrt \frac \bf \stackrel \cfrac \smash \xrightarrow".split()
    )
    option = inner.map(lambda tokens: ["[", *tokens, "]"])
    bare = ATOMS.map(lambda token: [token])
    argument = group(inner) | bare
    arguments = st.lists(argument, min_size=1, max_size=2)
    return st.tuples(heads, option | st.just([]), arguments).map(
        lambda parts: [parts[0], *parts[1], *(token for tokens in parts[2] for token in tokens)]
    )


FORMULAS = st.recursive(
    st.lists(ATOMS, max_size=4),
    lambda inner: st.lists(group(inner) | command(inner), max_size=3).map(
        lambda parts: [token for part in parts for token in part]
    ),
    max_leaves=12,
)
"""Token lists with balanced braces, many of them nonsense as formulas."""
