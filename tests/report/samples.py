"""Results folders to make reports of, and the data of a report, read back."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from PIL import Image

from i2l_batch.records import Document
from i2l_batch.report.build import Made, build_report
from i2l_batch.store import Store
from tests.formula_samples import add, open_store, row

HOSTILE = [
    "<script>document.title = 'owned'; alert(1)</script>",
    "</title><img src=x onerror=alert(2)>",
    "\" autofocus onfocus='alert(3)' x=\"",
    "</script><script src=https://example.com/x.js></script>",
    "javascript:alert(4)",
    "<style>*{display:none}</style><!-- ",
    "]]>&lt;b&gt;&#60;b&#62;${alert(5)}`\\u003cb\\u003e",
    "line\nbreak\ttab\x1b[31mred\x07\u2028\u2029\u202egnp.exe\ufeff",
    "$mark $$title ${title} %s {0}",
]


def png(width: int, height: int) -> bytes:
    """A white picture."""
    file = io.BytesIO()
    Image.new("L", (width, height), 255).save(file, format="png")
    return file.getvalue()


def fill(store: Store, source: str, facts: Sequence[dict[str, Any]], **document: Any) -> None:
    """Add a document whose formulas are a sample with these facts."""
    sample = [row(source, "v1", index, png(90 + index, 30)) for index in range(len(facts))]
    made = [original | changed for original, changed in zip(sample, facts, strict=True)]
    about = {
        "source": source,
        "source_sha256": "v1",
        "num_bytes": 1000,
        "pages": 1,
        "formulas": len(made),
        "status": "ok",
        "seconds": 0.5,
        "attempts": 1,
        "run": store.run,
    }
    store.add(Document(**(about | document)), made)


def papers(folder: Path, *, documents: int = 4, formulas: int = 30) -> Path:
    """Papers whose formulas are told apart by their numbers; one document failed."""
    with open_store(folder) as store:
        for paper in range(documents):
            facts = [
                {
                    "latex": rf"\frac {{ a _ {{ {paper} }} }} {{ {'x ' * (1 + index % 7)}}}",
                    "confidence": ((paper * formulas + index) * 37 % 101) / 101,
                    "flags": ["repeats"] if index % 10 == 3 else [],
                    "valid": True,
                }
                for index in range(formulas)
            ]
            fill(store, f"paper-{paper}.pdf", facts)
            store.flush()
        add(store, "broken.pdf", formulas=0)
    return folder


def hostile(folder: Path) -> Path:
    """All that comes out of papers is written by an enemy."""
    with open_store(folder) as store:
        for number, text in enumerate(HOSTILE):
            facts = {
                "latex": rf"\text {{ {text} }} " if number % 2 else text,
                "number": text,
                "flags": [text],
                "kind": text,
                "confidence": number / 10,
                "alternatives": [{"latex": text, "score": float("-inf")}],
            }
            message = {"status": "partial", "error_type": text, "error_message": text}
            fill(store, f"{number}{text}", [facts], **message)
    return folder


def report(results: Path, output: Path, limit: int = 1000) -> Made:
    """A report of a results folder."""
    return build_report(results, output, limit)


def calls(path: Path) -> list[Any]:
    """The arguments of the one call that a data file is."""
    text = path.read_text("utf-8")
    match = re.fullmatch(r"i2l\.(?:index|rows)\((.*)\);\n", text)
    assert match, text[:100]
    return json.loads(f"[{match[1]}]")


def shown(folder: Path) -> list[dict[str, Any]]:
    """All formulas of a report, in its order: what the index and the rows say of each."""
    details = [
        detail for path in sorted(folder.glob("data/rows-*.js")) for detail in calls(path)[1]
    ]
    found: list[dict[str, Any]] = []
    names: dict[int, str] = {}
    for path in sorted(folder.glob("data/index-*.js")):
        (part,) = calls(path)
        names |= dict(part.pop("papers"))
        assert part.pop("first") == len(found)
        columns = [part[name] for name in part]
        found += (dict(zip(part, values, strict=True)) for values in zip(*columns, strict=True))
    assert len(details) == len(found)
    return [
        one | other | {"paper": names[one["paper"]]}
        for one, other in zip(found, details, strict=True)
    ]


class Markup(HTMLParser):
    """The elements, attributes and texts of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[tuple[str, str]] = []
        self.text = ""
        self.feed(path.read_text("utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.values += ((name, value or "") for name, value in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.elements.append((f"comment {data}", ()))
