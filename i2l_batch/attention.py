"""From where a model looked to where each symbol stands.

In: the attention of each token over places of a picture, and the picture's ink. Out: a box for
every token that draws something. The ink is taken apart into connected marks, and each mark is
given to the token that looked at it; so boxes are as sharp as the ink, however coarse the attention
is. Knows nothing of models, files or pages. Measured: benchmarks/attention.md.

Shapes: T tokens, L places, N marks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from i2l_batch.marks import mark_boxes
from i2l_batch.visible import SPACES, drawn

_INK = 0.5
"""Share of the mean ink from which a pixel belongs to a mark: higher tears thin strokes apart,
lower joins neighbours."""

_MOST_MARKS = 2000
"""The largest are kept; a formula has hundreds at most, the specks of a bad photo any number."""

_REACH = 0.3
"""Body sizes beyond its own half extent at which a mark counts as one deviation off a token's
centre of attention."""

_ROUNDS = 10
"""Of sharing out each token's claims and each mark's claimants in turn: more change nothing."""

_LEAST = 0.02
"""Claim under which a token does not take a mark."""

_FAIR = 0.02
"""Claim on a mark, relative to the largest of its token, under which the token does not take it: it
rather shares the mark it looked at, as in answers that say a symbol twice."""

_PART, _STRAIGHT_PART = 0.3, 0.005
"""Claim on a further part of a symbol (dots, bars), relative to its first, that is enough; and when
the part stands straight above or below the first."""

_STRAIGHT = 0.8
"""Share of the narrower of two marks that is right above or below the other, if they are parts of
one symbol, as in `=` and `i`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attention:
    """Where a model looked while it wrote an answer."""

    tokens: tuple[str, ...]
    weights: np.ndarray
    """(T, L) float32; a row sums to 1."""
    places: np.ndarray
    """(L, 4) float32 x0 y0 x1 y1 in pixels of the given picture."""
    em: float
    """Body size of the text in those pixels."""
    frame: tuple[int, int, int, int]
    """x0 y0 x1 y1 of the part of the picture that has ink."""


def locate(attention: Attention, ink: np.ndarray) -> np.ndarray:
    """(T, 4) x0 y0 x1 y1 in pixels of the given picture, NaN where there is no box.

    Args:
        attention: of an answer.
        ink: (H, W) uint8, what is in the attention's frame.
    """
    found = np.full((len(attention.tokens), 4), np.nan)
    visible = drawn(attention.tokens)
    boxes, labels = _marks(ink)
    if not visible or not len(boxes):
        return found
    corner = np.array(attention.frame[:2])
    places = attention.places - np.tile(corner, 2)
    claims = _claims(attention.weights[visible], places, boxes, labels, attention.em)
    first = _first_marks(claims)
    _put_in_order(first, claims, boxes, attention.tokens, visible)
    owner = _all_marks(first, claims, boxes)
    for t, i in enumerate(visible):
        own = np.union1d(np.flatnonzero(owner == t), first[t])
        if claims[t, first[t]] >= _LEAST:
            found[i, :2] = boxes[own, :2].min(0) + corner
            found[i, 2:] = boxes[own, 2:].max(0) + corner
    return found


def _marks(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (N, 4) of the marks, large ones first, and the number (H, W) of each pixel's, or 0."""
    inked = ink[ink > 32]
    solid = ink > (_INK * float(inked.mean()) if inked.size else 255)
    boxes = mark_boxes(solid)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    boxes = boxes[np.argsort(-area, kind="stable")[:_MOST_MARKS]]
    labels = np.zeros(ink.shape, int)
    # A pixel in several boxes is the smallest one's: what stands under a root is not the root.
    for number, (x0, y0, x1, y1) in enumerate(boxes, 1):
        labels[y0:y1, x0:x1][solid[y0:y1, x0:x1]] = number
    return boxes, labels


def _claims(
    weights: np.ndarray, places: np.ndarray, boxes: np.ndarray, labels: np.ndarray, em: float
) -> np.ndarray:
    """How much each token is after each mark, (T, N) in 0..1."""
    # 1. The attention on a place goes to the marks in it, by their ink. By its root: beside a
    #    bracket, a comma in the same place must not count for nothing.
    claims = np.zeros((len(weights), len(boxes)))
    edges = np.maximum(np.rint(places).astype(int), 0)
    for place in np.flatnonzero(weights.max(0) > 1e-3):
        x0, y0, x1, y1 = edges[place]
        window = labels[y0:y1, x0:x1].ravel()
        shares = np.sqrt(np.bincount(window, minlength=len(boxes) + 1)[1:])
        numbers = np.flatnonzero(shares)
        claims[:, numbers] += weights[:, place, None] * (shares / max(shares.sum(), 1.0))[numbers]
    # 2. Of those in one place, the one nearest to the centre of all attention is meant.
    centres = weights @ ((places[:, :2] + places[:, 2:]) / 2)
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    off = (middle[None] - centres[:, None]) / (half[None] + _REACH * em)
    return claims * np.exp(-0.5 * (off**2).sum(-1))


def _first_marks(claims: np.ndarray) -> np.ndarray:
    """The mark that each token surely means, (T,): each another one, as far as there are enough.

    A token is after one mark, and a mark was drawn by one token: sharing out both in turn leaves
    to each what nobody else is after.
    """
    shared = claims
    for _ in range(_ROUNDS):
        shared = shared / np.maximum(shared.sum(1, keepdims=True), 1e-9)
        shared = shared / np.maximum(shared.sum(0, keepdims=True), 1.0)
    first, most = np.full(len(claims), -1), claims.max(1)
    taken = np.zeros(claims.shape[1], bool)
    for index in np.argsort(-shared, axis=None, kind="stable"):
        t, mark = divmod(int(index), claims.shape[1])
        if shared[t, mark] < _LEAST:
            break
        is_fair = claims[t, mark] >= _FAIR * most[t]
        if first[t] < 0 and not taken[mark] and is_fair:
            first[t], taken[mark] = mark, True
    # Letters that touch are one mark; then their tokens share it.
    return np.where(first < 0, claims.argmax(1), first)


def _put_in_order(
    first: np.ndarray,
    claims: np.ndarray,
    boxes: np.ndarray,
    tokens: Sequence[str],
    visible: Sequence[int],
) -> None:
    """Exchange the marks of neighbours that came out right to left.

    What follows in a formula stands to the right, unless a script, an argument or a new cell begins
    in between. Two symbols in one place of the attention can be told apart by that alone.
    """
    middle = boxes[:, 0] + boxes[:, 2]
    neighbours = [
        t
        for t, (i, j) in enumerate(pairwise(visible))
        if all(token == "}" or token in SPACES for token in tokens[i + 1 : j])
    ]
    moved = True
    while moved:
        moved = False
        for t in neighbours:
            a, b = first[t], first[t + 1]
            if middle[b] < middle[a] and min(claims[t, b], claims[t + 1, a]) >= _LEAST:
                first[t], first[t + 1], moved = b, a, True


def _all_marks(first: np.ndarray, claims: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """The token that drew each mark, (N,), or -1: the dots and bars that are no token's first."""
    owner = np.full(len(boxes), -1)
    owner[first] = np.arange(len(first))
    for mark in np.flatnonzero(owner < 0):
        t = int(claims[:, mark].argmax())
        near = boxes[first[t]]
        across = min(boxes[mark, 2], near[2]) - max(boxes[mark, 0], near[0])
        width = min(boxes[mark, 2] - boxes[mark, 0], near[2] - near[0])
        enough = _STRAIGHT_PART if across >= _STRAIGHT * width else _PART
        if claims[t, mark] > enough * claims[t, first[t]]:
            owner[mark] = t
    return owner
