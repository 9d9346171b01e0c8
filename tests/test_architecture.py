"""The picture in docs/architecture.md is that of the code: imports follow its arrows, and no arrow
is made up."""

from __future__ import annotations

import re
from pathlib import Path

from tests.test_imports import FILES, ours_in, under

PAGE = Path(__file__).resolve().parent.parent / "docs" / "architecture.md"
(PICTURE,) = re.findall(r"```mermaid\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
BOXES = {
    name: tuple(f"i2l_batch.{module}" for module in re.split(r",\s*|<br>", modules))
    for name, modules in re.findall(r'^ +(\w+)\["<b>[^<]+</b><br>(.+)"\]$', PICTURE, re.MULTILINE)
}
ARROWS = {
    (above, below)
    for above, belows in re.findall(r"^ +(\w+) --> ([\w &]+)$", PICTURE, re.MULTILINE)
    for below in belows.split(" & ")
}


def box_of(module: str) -> str:
    """The box that a module is in: that which names it most exactly."""
    found = [
        (len(name), box) for box, names in BOXES.items() for name in names if under(module, name)
    ]
    assert found, f"{module} is in no box of the picture in docs/architecture.md"
    return max(found)[1]


def reached(box: str) -> set[str]:
    """The boxes that lie below a box, along the arrows."""
    below = {b for a, b in ARROWS if a == box}
    return below.union(*(reached(b) for b in below))


IMPORTS = {
    (box_of(module), box_of(name)): f"{module} imports {name}"
    for module in FILES
    if module != "i2l_batch"
    for name in ours_in(module, deferred=True)
    if name != "i2l_batch" and box_of(module) != box_of(name)
}


def test_the_picture_names_modules_that_exist() -> None:
    assert len(BOXES) > 10
    assert {name for names in BOXES.values() for name in names} <= FILES.keys()
    assert {box for arrow in ARROWS for box in arrow} == BOXES.keys()


def test_all_imports_follow_the_arrows() -> None:
    for (above, below), example in IMPORTS.items():
        assert below in reached(above), f"no way from {above} to {below}: {example}"


def test_every_arrow_is_an_import() -> None:
    assert IMPORTS.keys() >= ARROWS


def test_no_arrow_goes_without_saying() -> None:
    """One is left out where others lead there already."""
    for above, below in ARROWS:
        others = {b for a, b in ARROWS if a == above and b != below}
        assert below not in others.union(*map(reached, others)), f"{above} --> {below}"
