"""Commands with an option in brackets: every form of a formula draws what its author wrote."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from i2l_batch.canonical import canonicalize
from i2l_batch.latex import WITH_OPTION, tokenize
from i2l_batch.train.dataset.normalize import normalize
from i2l_batch.train.dataset.render import Rendering, render

needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is missing")

SOURCES = (
    r"\sqrt[3]{x}",
    r"\sqrt[n_1]2",
    r"A\xrightarrow[n\to\infty]{a_n}B",
    r"A\xleftarrow[b]cD",
    r"\smash[b]{x}+g",
    r"\sqrt{\smash[b]{g}}\sqrt{\smash{x}}",
    r"\cfrac[l]{1}{a+b}+\cfrac[r]{1}{a+b}+\cfrac1{a+b}",
)


def test_each_command_is_tried() -> None:
    assert {token for latex in SOURCES for token in tokenize(latex)} >= WITH_OPTION


@needs_tex
@pytest.mark.parametrize("marked", [False, True])
def test_every_form_draws_what_the_source_does(marked: bool) -> None:
    formulas = [
        tokens
        for latex in SOURCES
        # One token: TeX is given the source as it stands.
        for tokens in ([latex], normalize(latex), canonicalize(tokenize(latex)))
    ]
    results = render(formulas, [200.0] * len(formulas), marked=False)
    forms = render(formulas, [200.0] * len(formulas), marked=marked)
    for i, (tokens, form) in enumerate(zip(formulas, forms, strict=True)):
        source = results[i - i % 3]
        assert isinstance(source, Rendering), source
        assert isinstance(form, Rendering), form
        assert source.pixels.shape == form.pixels.shape, tokens
        assert np.abs(source.pixels.astype(int) - form.pixels).max() <= 8 * marked, tokens
