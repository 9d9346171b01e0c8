"""The page of a run: the picture and the tokens of each formula; a token lights up its place on the
picture, and a place its token.

In: explained formulas, one after the other. Out: one HTML file that needs nothing beside it and no
network: pictures and attention are in it. Its looks and its script are in page.html.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from html import escape
from importlib import resources
from string import Template
from typing import Any, BinaryIO
from urllib.parse import quote

from i2l_batch.explain.formula import Explained
from i2l_batch.explain.sheet import COLOURS
from i2l_batch.extract.crops import encode_png
from i2l_batch.records import Box
from i2l_batch.visible import drawn

EM = 30.0
"""Pixels per em of text on the page, where the window is wide enough."""
LEAST = 0.005
"""Attention below this is left out: it could not be seen."""

SILENT = ' class="silent"'

_ARTICLE = Template("""<article>
<h2>$title</h2>
<p>confidence $confidence$flags · <a href="$sheet">sheet</a></p>
<div class="picture" style="width: ${shown}px">
<img src="data:image/png;base64,$picture" width="$width" height="$height" alt="$latex">
<svg viewBox="0 0 $width $height" aria-hidden="true"></svg>
</div>
<div class="tokens" role="group" aria-label="tokens">
$tokens
</div>
<p><code>$latex</code></p>
<script type="application/json">$data</script>
</article>
""")


class Page:
    """The page, written as formulas come."""

    def __init__(self, file: BinaryIO, model: str) -> None:
        """Begin the page. model: what it says about the weights."""
        text = resources.files("i2l_batch.explain").joinpath("page.html").read_text("utf-8")
        text = Template(text).substitute(model=escape(model), colours=COLOURS.tolist())
        head, self._tail = text.split("<!-- formulas -->")
        self._file = file
        self._write(head)

    def add(self, explained: Explained) -> None:
        """Write one formula."""
        transcript = explained.transcript
        height, width = explained.picture.shape
        self._write(
            _ARTICLE.substitute(
                title=escape(explained.title),
                confidence=f"{transcript.confidence:.3f}",
                flags=escape("".join(f" · {flag}" for flag in transcript.flags)),
                sheet=escape(quote(explained.sheet)),
                shown=round(width * EM / explained.attention.em),
                picture=base64.b64encode(encode_png(explained.picture)).decode("ascii"),
                width=width,
                height=height,
                latex=escape(transcript.latex),
                tokens=_buttons(explained.attention.tokens),
                data=_script_text(_data(explained)),
            )
        )

    def end(self) -> None:
        """Write what comes after the last formula."""
        self._write(self._tail)

    def _write(self, text: str) -> None:
        self._file.write(text.encode("utf-8"))


def _buttons(tokens: Sequence[str]) -> str:
    """The first one is where the tab key stops; the script moves that along."""
    visible = set(drawn(tokens))
    return "\n".join(
        f'<button type="button" tabindex="{-1 if i else 0}"{"" if i in visible else SILENT}>'
        f"{escape(token)}</button>"
        for i, token in enumerate(tokens)
    )


def _data(explained: Explained) -> dict[str, Any]:
    """What the script needs: places that were looked at, the light on them by token, boxes."""
    attention, symbols = explained.attention, explained.transcript.symbols or ()
    used = [i for i, most in enumerate(attention.weights.max(0, initial=0)) if most >= LEAST]
    numbers = {place: number for number, place in enumerate(used)}
    height, width = explained.picture.shape
    return {
        "width": width,
        "height": height,
        "places": [[round(float(edge), 1) for edge in attention.places[i]] for i in used],
        "light": [
            [[numbers[i], round(float(row[i]), 3)] for i in used if row[i] >= LEAST]
            for row in attention.weights
        ],
        "boxes": [_edges(symbol.box) if symbol.box else None for symbol in symbols],
    }


def _script_text(data: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def _edges(box: Box) -> list[float]:
    return [round(edge, 1) for edge in (box.x0, box.y0, box.x1, box.y1)]
