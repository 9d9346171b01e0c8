r"""Image match of formulas: labels and answers drawn by TeX, and their pictures compared.

In: pairs of token lists. Out: a `Comparison` per pair. Drawn as the paper does it: article, 12 pt,
Computer Modern, 200 dpi; a formula that TeX complains about counts with what was drawn of it. Other
than there, amssymb, bm and mathrsfs are loaded beside amsmath, formulas are set in a box instead of
a page, so that wide ones are not cut off at the paper's edge, edges lighter than `render` takes for
ink are gone, and what could read files or leave its box is not drawn.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from types import TracebackType

import numpy as np

from i2l_batch.errors import RenderError
from i2l_batch.latex import closing_brace
from i2l_batch.train.dataset.render import render
from i2l_batch.train.dataset.tex import check_tex
from i2l_batch.train.evaluation.image_match import Comparison, compare

DPI = 200.0
POINTS = 12
"""Resolution and body size of the paper's pictures (section 2.4)."""

CHUNK = 125
"""Pairs a TeX run: it starts in half a second and sets 250 formulas in about as long."""

Pair = tuple[Sequence[str], Sequence[str]]
"""Tokens of a label and of the answer."""

_BRACE_MATRICES = {r"\matrix": "{matrix}", r"\pmatrix": "{pmatrix}"}


def has_tex() -> bool:
    """Whether pictures can be drawn here."""
    return shutil.which("pdflatex") is not None


class PictureJudge:
    """Compares pictures in processes of its own, while the caller does something else."""

    def __init__(self, workers: int) -> None:
        """`workers` 0 compares in this process. Raises RenderError when TeX is missing."""
        check_tex(["computer-modern"], POINTS)
        # Spawned, not forked: a forked copy of a threaded parent can lock up.
        self._pool = (
            ProcessPoolExecutor(workers, get_context("spawn"), _leave_signals) if workers else None
        )

    def __enter__(self) -> PictureJudge:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def submit(self, pairs: Sequence[Pair]) -> list[Future[list[Comparison | None]]]:
        """Start comparing; `collect` waits for the outcome."""
        chunks = [list(pairs[i : i + CHUNK]) for i in range(0, len(pairs), CHUNK)]
        if self._pool:
            return [self._pool.submit(compare_formulas, chunk) for chunk in chunks]
        done: list[Future[list[Comparison | None]]] = []
        for chunk in chunks:
            done.append(Future())
            done[-1].set_result(compare_formulas(chunk))
        return done


def collect(chunks: Sequence[Future[list[Comparison | None]]]) -> list[Comparison | None]:
    """The outcome of a `submit`, pair by pair."""
    try:
        return [outcome for chunk in chunks for outcome in chunk.result()]
    except BrokenProcessPool as error:
        raise RenderError(
            "a process that draws formulas died (out of memory?): try --no-image-match"
        ) from error


def compare_formulas(pairs: Sequence[Pair]) -> list[Comparison | None]:
    """Draw and compare pairs of label and answer.

    None where the label gives no picture: nothing can be said. An answer without one, as an empty
    answer, matches nothing.
    """
    texts = {tuple(tokens): i for pair in pairs for i, tokens in enumerate(pair)}
    formulas = list(texts)
    drawn = render(
        [for_tex(list(tokens)) for tokens in formulas],
        [DPI] * len(formulas),
        points=POINTS,
        marked=False,
        faulty=True,
    )
    pictures = {
        tokens: None if isinstance(result, str) else result.pixels
        for tokens, result in zip(formulas, drawn, strict=True)
    }
    outcomes: list[Comparison | None] = []
    for gold, answer in pairs:
        picture = pictures[tuple(gold)]
        outcomes.append(None if picture is None else _compared(picture, pictures[tuple(answer)]))
    return outcomes


def _compared(gold: np.ndarray, answer: np.ndarray | None) -> Comparison:
    if answer is not None:
        return compare(gold, answer)
    columns = gold.shape[1]
    return Comparison(
        harvard=False,
        harvard_with_space=False,
        strict=False,
        edits=columns,
        columns=columns,
        drawn=False,
    )


def for_tex(tokens: list[str]) -> list[str]:
    r"""Tokens that LaTeX takes: no leading `%`, and `\matrix { ... }`, `\pmatrix { ... }` as
    environments (im2markup does the same to labels and answers).
    """
    if tokens[:1] == ["%"]:
        tokens = tokens[1:]
    result: list[str] = []
    opened: set[int] = set()
    closed: dict[int, str] = {}
    for i, token in enumerate(tokens):
        close = closing_brace(tokens, i + 1) if tokens[i + 1 : i + 2] == ["{"] else None
        if close is not None and token in _BRACE_MATRICES:
            result.append(rf"\begin{_BRACE_MATRICES[token]}")
            opened.add(i + 1)
            closed[close] = rf"\end{_BRACE_MATRICES[token]}"
        elif i not in opened:
            result.append(closed.get(i, token))
    return result


def _leave_signals() -> None:
    # Ctrl-C reaches all processes of a terminal: the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
