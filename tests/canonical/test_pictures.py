"""The law behind the canonical form: what it changes cannot be seen."""

from __future__ import annotations

import shutil
from itertools import islice

import numpy as np
import pytest

from i2l_batch.canonical import brace_arguments, canonicalize
from i2l_batch.canonical.spaces import is_space
from i2l_batch.latex import tokenize
from i2l_batch.train.dataset.render import render
from tests.wild_formulas import Wild

COUNT = 2000


def changed_formulas() -> list[tuple[list[str], list[str]]]:
    """Formulas that the canonical form changes, beside it, without a space before their ink.

    Ink that starts a fraction of a pixel farther to the right is the same ink, in other greys.
    """
    wild = Wild(7)
    found = (brace_arguments(tokenize(wild.formula())) for _ in iter(int, 1))
    pairs = ((tokens, canonicalize(tokens)) for tokens in found if not is_space(tokens[0]))
    return list(islice(((a, b) for a, b in pairs if a != b and b), COUNT))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is missing")
def test_the_canonical_form_of_two_thousand_formulas_leaves_every_pixel() -> None:
    formulas = changed_formulas()
    dpis = [200.0] * COUNT
    before = render([a for a, _ in formulas], dpis, marked=False)
    after = render([b for _, b in formulas], dpis, marked=False)
    drawn = 0
    for (a, b), old, new in zip(formulas, before, after, strict=True):
        if isinstance(old, str):
            continue  # nothing to compare with
        drawn += 1
        told = f"{' '.join(a)}\n{' '.join(b)}\n{new if isinstance(new, str) else ''}"
        assert not isinstance(new, str), told
        assert old.pixels.shape == new.pixels.shape, told
        assert np.array_equal(old.pixels, new.pixels), told
    assert drawn > 0.95 * COUNT
