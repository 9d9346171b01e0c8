"""Formulas inside lines of prose: runs of mathematical pieces between the words.

In: rows of prose with their scripts and big operators taken back in. Out: runs of pieces, each one
formula, without the punctuation of the sentence.
"""

from __future__ import annotations

import re

from i2l_batch.extract.glyphs import Piece
from i2l_batch.extract.rows import BULLETS, Row

_SIGNS = frozenset("=+−<>≤≥≈≡∼≃≪≫∝→∈⊂∪∩×·±≠:=")
_PUNCTUATION = re.compile(r"[,.;:]+")
_OPENERS = {")": "(", "]": "[", "}": "{"}
_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_RELATION = re.compile(r"\w.*[=<>≤≥≈].*\w")


def inline_runs(row: Row) -> list[list[Piece]]:
    """Runs of pieces, left to right, that are formulas in a line of prose."""
    runs: list[list[Piece]] = []
    end = 0.0
    for piece in sorted(row.pieces, key=lambda p: p.x0):
        word = piece.letters > 0 and not piece.math and piece.size > 0.85 * row.size
        if word or piece.text in BULLETS:
            runs.append([])
            continue
        if not runs or not runs[-1] or piece.x0 - end > _reach(runs[-1][-1], piece) * row.size:
            runs.append([])
            end = piece.x1
        runs[-1].append(piece)
        end = max(end, piece.x1)
    trimmed = [_trim(run) for run in runs]
    return [run for run in trimmed if _is_formula(run, row)]


def _reach(a: Piece, b: Piece) -> float:
    """Ems that may lie between two parts of one formula.

    Spaces between words are 0.33 and more, thick spaces in formulas 0.28, but in a line that is
    stretched to its column those around relations grow too.
    """
    if a.text in _SIGNS or b.text in _SIGNS:
        return 0.6
    return 0.36 if a.math and b.math else 0.25


def _trim(run: list[Piece]) -> list[Piece]:
    """Without the sentence's punctuation and without brackets that only open or only close."""
    while run:
        text = "".join([p.text for p in run])
        if _is_loose(run[-1].text, text, _OPENERS):
            run = run[:-1]
        elif _is_loose(run[0].text, text, _CLOSERS):
            run = run[1:]
        else:
            break
    return run


def _is_loose(end: str, text: str, partners: dict[str, str]) -> bool:
    """Whether the end of a run is punctuation, or a bracket without its partner."""
    alone = end in partners and text.count(end) > text.count(partners[end])
    return alone or _PUNCTUATION.fullmatch(end) is not None


def _is_formula(run: list[Piece], row: Row) -> bool:
    """At least one mathematical piece with a letter, or a relation between numbers."""
    math = [p for p in run if p.math]
    if not math:
        return False
    if max([p.size for p in run]) < 0.85 * row.size and all(p.bar is None for p in run):
        return False  # a footnote mark
    text = "".join([p.text for p in run])
    lettered = any(any(map(str.isalpha, p.text)) for p in math)
    return lettered or _RELATION.search(text) is not None
