"""Draws docs/mistakes.html: what the model gets wrong, by kind, with the places drawn.

    i2l evaluate models/weights/compact TRUTH --images IMAGES -o out/
    python docs/mistakes.py out/predictions.parquet

Answers and labels are compared in canonical form. Of each of a hundred wrong answers, chosen in
proportion to how common their kinds are, the page shows the first place that differs, some tokens
of the label and of the answer, typeset anew: no picture of the data is shown. Needs TeX.
"""

from __future__ import annotations

import argparse
import base64
import html
import io
import random
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
from PIL import Image

from i2l_batch.canonical import canonicalize
from i2l_batch.canonical.spaces import is_space
from i2l_batch.latex import num_arguments, tokenize
from i2l_batch.train.dataset.render import Rendering, render
from i2l_batch.visible import ALPHABETS, BOLD, SIZES_OF_DELIMITERS

HERE = Path(__file__).resolve().parent
SHOWN = 100
CONTEXT = 3
"""Tokens shown on each side of a difference."""
LONGEST = 14
"""Tokens of a difference that are shown."""
DPI = 160.0
_BRACKETS = frozenset(r"( ) [ ] \{ \} | \| \langle \rangle".split())
_ROWS = frozenset(["&", "\\\\", r"\hline"])


class Mistake(NamedTuple):
    """The first place at which an answer is not its label."""

    kind: str
    label: list[str]
    """Tokens of the place and some around it; `answer` likewise."""
    answer: list[str]


def kind_of(label: Sequence[str], answer: Sequence[str], *, at_end: bool) -> str:
    """What a difference is: tokens of the label, and what the answer has in their place."""
    tokens = [*label, *answer]
    if all(map(is_space, tokens)):
        return "a space more, less or of another width"
    if any(token in _ROWS or token.startswith((r"\begin", r"\end")) for token in tokens):
        return "rows and cells"
    stretched = any(token.startswith((r"\left", r"\right")) for token in tokens)
    sized = stretched or any(token in SIZES_OF_DELIMITERS for token in tokens)
    if sized and all(
        t in _BRACKETS or t in SIZES_OF_DELIMITERS or t.startswith((r"\left", r"\right"))
        for t in tokens
    ):
        return "a bracket that grows, or does not"
    if any(token in ALPHABETS or token in BOLD for token in tokens) and len(tokens) <= 6:
        return "another alphabet"
    if all(token in "{}_^" for token in tokens):
        return "a brace or a script"
    if at_end and not answer:
        return "the end is missing"
    if at_end and not label:
        return "something after the end"
    if not label:
        return "something that is not there" if len(answer) <= 3 else "a part that is not there"
    if not answer:
        return "a symbol is missing" if len(label) <= 3 else "a part is missing"
    if len(label) == len(answer) == 1:
        return "one symbol for another"
    return "several symbols for others"


def mistake(label: Sequence[str], answer: Sequence[str]) -> Mistake | None:
    """The first difference; None where there is none."""
    matcher = SequenceMatcher(None, label, answer, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            at_end = b == len(label) and d == len(answer)
            b_shown, d_shown = min(b, a + LONGEST), min(d, c + LONGEST)
            return Mistake(
                kind_of(label[a:b], answer[c:d], at_end=at_end),
                list(label[max(0, a - CONTEXT) : b_shown + CONTEXT]),
                list(answer[max(0, c - CONTEXT) : d_shown + CONTEXT]),
            )
    return None


def closed(tokens: Sequence[str]) -> list[str]:
    """A part of a formula as a formula: what is open is closed, and what closes is left out."""
    result: list[str] = []
    depth = 0
    for token in tokens:
        if token in _ROWS or token.startswith((r"\begin", r"\end")):
            continue
        token = token.removeprefix(r"\left").removeprefix(r"\right")
        if token == ".":
            continue
        if token == "}" and not depth:
            continue
        depth += (token == "{") - (token == "}")
        result.append(token)
    while result and (result[-1] in ("_", "^") or num_arguments(result[-1])):
        result.pop()
    result += ["}"] * depth
    return [t for i, t in enumerate(result) if not (num_arguments(t) and result[i + 1] != "{")]


def picture(result: Rendering | str) -> str:
    """A rendering as HTML; nothing where there is none."""
    if isinstance(result, str):
        return ""
    file = io.BytesIO()
    Image.fromarray(result.pixels).quantize(8).save(file, "PNG", optimize=True)
    data = base64.b64encode(file.getvalue()).decode()
    return f'<img alt="" src="data:image/png;base64,{data}">'


STYLE = """
body { font: 15px/1.5 sans-serif; margin: 2rem; max-width: 70rem }
td, th { padding: .5rem 2rem .5rem 0; text-align: left; vertical-align: top }
code { display: block; color: #666; font-size: 12px }
"""


def page(mistakes: Sequence[Mistake], counts: Counter[str], right: int) -> str:
    """The whole page."""
    total = sum(counts.values())
    parts = [closed(tokens) for one in mistakes for tokens in (one.label, one.answer)]
    drawn = iter(render(parts, [DPI] * len(parts), marked=False))
    rows: dict[str, list[str]] = {}
    for one in mistakes:
        cells = "".join(
            f"<td>{picture(next(drawn))}<code>{html.escape(' '.join(tokens))}</code></td>"
            for tokens in (one.label, one.answer)
        )
        rows.setdefault(one.kind, []).append(f"<tr>{cells}</tr>")
    sections = [
        f"<h2>{html.escape(kind)}: {count:,} of {total:,}</h2>\n"
        f"<table><tr><th>label<th>answer</tr>\n{chr(10).join(rows.get(kind, ()))}</table>"
        for kind, count in counts.most_common()
    ]
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Mistakes</title>"
        f"<style>{STYLE}</style>\n<h1>What the model gets wrong</h1>\n"
        f"<p>{right:,} of {right + total:,} answers are the label, in canonical form. Of the "
        "others, the first difference by kind, and examples with some tokens around it.</p>\n"
        f"{chr(10).join(sections)}\n</html>\n"
    )


def main() -> None:
    """Write the page and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("predictions", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=HERE / "mistakes.html")
    args = parser.parse_args()
    found = []
    rows = pq.read_table(args.predictions, columns=["tokens", "prediction"]).to_pylist()
    for row in rows:
        answer = canonicalize(tokenize(row["prediction"] or ""))
        if one := mistake(canonicalize(row["tokens"]), answer):
            found.append(one)
    counts = Counter(one.kind for one in found)
    for kind, count in counts.most_common():
        print(f"{count:6,} {kind}")
    chosen = random.Random(0).sample(found, min(SHOWN, len(found)))
    args.output.write_text(page(chosen, counts, len(rows) - len(found)), encoding="utf-8")


if __name__ == "__main__":
    main()
