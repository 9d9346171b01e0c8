"""The page: well-formed, complete, without anything outside; no LaTeX or name breaks out of it."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from i2l_batch.explain.formula import Explained
from i2l_batch.explain.page import Page
from i2l_batch.visible import drawn
from tests.explain.samples import explained

VOID = {"meta", "img", "br"}
NASTY = ["<", "&", r"\frac", "{", '"', "}", "'", "</script>", "<!--", "$", "${width}", "é"]


class Document(HTMLParser):
    """Collects what is tested, and holds that every element that is opened is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.buttons: list[str] = []
        self.classes: list[str | None] = []
        self.stops: list[str | None] = []
        self.groups: list[str | None] = []
        self.data: list[Any] = []
        self.pictures: list[dict[str, str | None]] = []
        self.links: list[str] = []
        self.titles: list[str] = []
        self.script = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "button":
            self.buttons.append("")
            self.classes.append(values.get("class"))
            self.stops.append(values.get("tabindex"))
        elif values.get("role") == "group":
            self.groups.append(values.get("aria-label"))
        elif tag == "img":
            self.pictures.append(values)
        elif tag == "a":
            self.links.append(values["href"] or "")
        elif tag == "h2":
            self.titles.append("")
        elif tag == "script":
            self.kind = values.get("type")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        inside = self.open[-1] if self.open else ""
        if inside == "button":
            self.buttons[-1] += data
        elif inside == "h2":
            self.titles[-1] += data
        elif inside == "script" and self.kind == "application/json":
            self.data.append(json.loads(data))
        elif inside == "script":
            self.script += data


def page(*formulas: Explained) -> str:
    file = io.BytesIO()
    written = Page(file, "tiny <1>")
    for formula in formulas:
        written.add(formula)
    written.end()
    return file.getvalue().decode("utf-8")


def test_every_token_is_a_button_and_its_light_and_box_are_in_the_data() -> None:
    formulas = [explained(NASTY), explained([]), explained(list("xy"))]
    document = Document(page(*formulas))
    assert document.buttons == [token for f in formulas for token in f.attention.tokens]
    silent = [token for token, name in zip(NASTY, document.classes, strict=False) if name]
    assert silent == [token for i, token in enumerate(NASTY) if i not in drawn(NASTY)]
    assert {"&", "{", "}"} <= set(silent)
    assert document.titles == ['a <b> & "c".png'] * 3
    assert document.links == ["a%20b-png.png"] * 3
    for formula, data in zip(formulas, document.data, strict=True):
        assert (data["height"], data["width"]) == formula.picture.shape
        assert len(data["light"]) == len(data["boxes"]) == len(formula.attention.tokens)
        for i, (light, box) in enumerate(zip(data["light"], data["boxes"], strict=True)):
            ((place, weight),) = light
            assert weight == 1
            assert data["places"][place] == formula.attention.places[i].tolist()
            symbol = (formula.transcript.symbols or ())[i]
            assert (box is None) == (symbol.box is None)


def test_a_formula_is_one_stop_of_the_tab_key() -> None:
    document = Document(page(explained(NASTY), explained(["x"])))
    assert document.stops == ["0", *["-1"] * (len(NASTY) - 1), "0"]
    assert document.groups == ["tokens"] * 2


def test_the_picture_is_in_the_page() -> None:
    formula = explained(NASTY)
    (picture,) = Document(page(formula)).pictures
    kind, _, content = (picture["src"] or "").partition(",")
    assert kind == "data:image/png;base64"
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))
    assert (pixels == formula.picture).all()
    assert picture["alt"] == formula.transcript.latex


def test_nothing_is_fetched() -> None:
    text = page(explained(["x"]))
    assert re.findall(r"""(?:src|href)=["'](?!data:|a%20b)""", text) == []
    assert "url(" not in text
    assert "@import" not in text
    assert set(re.findall(r"https?://[^\s\"']+", text)) == {"http://www.w3.org/2000/svg"}  # a name


def test_faint_attention_is_left_out() -> None:
    formula = explained(list("abcd"))
    formula.attention.weights[0] = (0.9, 0.096, 0.004, 0)
    formula.attention.weights[2] = (1, 0, 0, 0)
    (data,) = Document(page(formula)).data
    assert [weight for _, weight in data["light"][0]] == pytest.approx([0.9, 0.096])
    assert len(data["places"]) == 3


@pytest.mark.skipif(shutil.which("node") is None, reason="node is missing")
def test_the_script_is_javascript(tmp_path: Path) -> None:
    path = tmp_path / "page.js"
    path.write_text(Document(page()).script, "utf-8")
    run = subprocess.run(
        ["node", "--check", str(path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
