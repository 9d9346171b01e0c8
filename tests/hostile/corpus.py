"""A folder of hostile inputs, made from a seed: all kinds of PDFs and images, and of names.

In: a folder, a seed, and how many PDFs and images. Out: the files, and how each must end. To add a
kind: a function in `pdfs` or `images`, or a name in `names`.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

from tests.hostile import images, names, pdfs
from tests.hostile.ending import Ending

SLOW = ("hanging", "greedy", "decompression_bomb", "dense", "drawings", "many_pages")
"""Kinds that take their whole time limit or want much memory: one of each is made, and another one
for every 250 files."""


def make_corpus(folder: Path, seed: int, count: int) -> dict[str, Ending]:
    """Fill a folder with about `count` PDFs, a quarter as many images, and what `names` makes.

    Returns how each must end, by the name that it has in a run. The same seed gives the same files.
    """
    endings = _fill(folder / "pdf", ".pdf", pdfs.CRAFTED, pdfs.MUTANTS, seed, count)
    endings |= _fill(folder / "image", "", images.CRAFTED, images.MUTANTS, seed, count // 4)
    (folder / "names").mkdir()
    for name, ending in names.make(folder / "names").items():
        endings["names/" + os.fsdecode(name)] = ending
    return endings


def _fill(
    folder: Path,
    suffix: str,
    crafted: tuple[pdfs.Maker, ...],
    mutants: tuple[pdfs.Maker, ...],
    seed: int,
    count: int,
) -> dict[str, Ending]:
    """Two fifths of the files are crafted, as far as kinds are not slow."""
    endings: dict[str, Ending] = {}
    each = max(1, 2 * count // (5 * len(crafted)))
    wanted = {make: 1 + count // 250 if make.__name__ in SLOW else each for make in crafted}
    left = max(0, count - sum(wanted.values()))
    for number, make in enumerate(mutants):
        wanted[make] = left // len(mutants) + (number < left % len(mutants))
    for make, times in wanted.items():
        place = folder / make.__name__
        place.mkdir(parents=True)
        for number in range(times):
            # A text as seed is the same on every machine.
            ending = make(
                random.Random(f"{seed} {make.__name__} {number}"), place / f"{number}{suffix}"
            )
            (made,) = place.glob(f"{number}.*")
            endings[f"{folder.name}/{place.name}/{made.name}"] = ending
    return endings
