"""index.html: the account of the runs, charts with their numbers, and the way to the other pages.

In: an overview. Out: a page. Knows nothing of where the numbers come from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from i2l_batch.report.charts import bar_chart, step_chart
from i2l_batch.report.folder import MARK
from i2l_batch.report.overview import BINS, Overview
from i2l_batch.report.templates import fill
from i2l_batch.report.text import html

_UNITS = ((2 * 86400.0, "days", 86400.0), (2 * 3600.0, "hours", 3600.0), (120.0, "minutes", 60.0))
_NO_COMMITS = "<p>The records of these runs do not tell when their rows came in.</p>"
_COUNTS = ("found", "ok", "empty", "partial", "failed", "skipped")


def index_page(overview: Overview, title: str, made: str, shown: str) -> str:
    """The page. title: of the report; made: when and by what; shown: how many of how many formulas
    the report holds, in a sentence."""
    newest = overview.runs[-1]
    return fill(
        "index.html",
        mark=MARK,
        title=html(title),
        made=html(made),
        shown=html(shown),
        unread=f"{overview.unread:,}",
        statuses=_table(
            ("documents", "number", "pages", "formulas", "seconds of extraction"),
            [(*row[:4], round(row[4])) for row in overview.statuses],
        ),
        kinds=_table(
            ("formulas", "number", "that parse", "median confidence"),
            [(*row[:3], f"{row[3]:.3f}") for row in overview.kinds],
        ),
        flags=_flags(overview),
        charts="\n".join(_charts(overview)),
        missing="" if overview.throughput else _NO_COMMITS,
        runs=_runs(overview.runs),
        settings=_facts({**newest["settings"], **_prefixed("model", newest["model"])}),
        versions=_facts(newest["versions"]),
    )


def _charts(overview: Overview) -> Iterable[str]:
    yield _confidence(overview)
    yield _per_paper(overview)
    if overview.failures:
        yield _failures(overview)
    if overview.throughput:
        yield _throughput(overview)


def _confidence(overview: Overview) -> str:
    title, edges = "Confidence of the formulas", [f"{n / BINS:g}" for n in range(BINS + 1)]
    svg = bar_chart(
        "confidence",
        title,
        ("confidence", "formulas"),
        edges,
        overview.confidence,
        between=True,
    )
    links = [
        (_link(f"{low} to {high}", {"from": low, "to": high}), f"{count:,}")
        for low, high, count in zip(edges, edges[1:], overview.confidence, strict=False)
    ]
    return _figure(title, svg, _table_of_cells(("confidence", "formulas"), links))


def _per_paper(overview: Overview) -> str:
    title, labels = "Formulas per document", [label for label, _ in overview.per_paper]
    counts = [count for _, count in overview.per_paper]
    svg = bar_chart("per-paper", title, ("formulas in a document", "documents"), labels, counts)
    return _figure(title, svg, _table(("formulas", "documents"), overview.per_paper))


def _failures(overview: Overview) -> str:
    title = "Documents that failed or were read in part"
    labels = [row[0] for row in overview.failures]
    counts = [row[1] + row[2] for row in overview.failures]
    svg = bar_chart("failures", title, ("type of the failure", "documents"), labels, counts)
    return _figure(title, svg, _table(("type", "failed", "read in part"), overview.failures))


def _throughput(overview: Overview) -> str:
    title, end = "Throughput", overview.throughput[-1][1]
    unit, seconds = next(((u, s) for least, u, s in _UNITS if end >= least), ("seconds", 1.0))
    steps = [
        (start / seconds, stop / seconds, 60 * formulas / (stop - start))
        for start, stop, _, formulas in overview.throughput
    ]
    svg = step_chart(
        "throughput", title, (f"{unit} of work, without pauses", "formulas a minute"), steps
    )
    rows = [
        (f"{start:.4g} to {stop:.4g}", documents, formulas, f"{rate:,.1f}")
        for (start, stop, rate), (_, _, documents, formulas) in zip(
            steps, overview.throughput, strict=True
        )
    ]
    return _figure(title, svg, _table((unit, "documents", "formulas", "formulas a minute"), rows))


def _figure(title: str, svg: str, table: str) -> str:
    return (
        f"<figure><figcaption>{html(title)}</figcaption>\n{svg}\n"
        f"<details><summary>The numbers</summary>{table}</details></figure>"
    )


def _flags(overview: Overview) -> str:
    if not overview.flags:
        return "<p>No formula has a flag.</p>"
    cells = [(_link(flag, {"flag": flag}), f"{count:,}") for flag, count in overview.flags]
    return _table_of_cells(("flag", "formulas"), cells)


def _runs(runs: Sequence[Mapping[str, Any]]) -> str:
    """The account of each run: found = ok + empty + partial + failed + skipped."""
    rows = []
    for run in runs:
        counts = run["counts"]
        missing = counts["found"] - sum(counts[name] for name in _COUNTS[1:]) if counts else ""
        seconds = run["timings"].get("total")
        rows.append(
            (
                run["run"],
                run["status"],
                run["started"],
                run["finished"] or "",
                "" if seconds is None else round(seconds),
                *(counts.get(name, "") for name in _COUNTS),
                missing,
                counts.get("formulas", ""),
            )
        )
    heads = ("run", "status", "started", "finished", "seconds", *_COUNTS, "not done", "formulas")
    return _table(heads, rows)


def _prefixed(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{prefix} {name}": value for name, value in values.items()}


def _facts(facts: Mapping[str, Any]) -> str:
    pairs = (
        f"<dt>{html(name)}</dt><dd>{html(value if isinstance(value, str) else json.dumps(value))}"
        "</dd>"
        for name, value in facts.items()
    )
    return f"<dl>{''.join(pairs)}</dl>"


def _link(text: str, state: Mapping[str, str]) -> str:
    """A link to a view of the formulas; the state is what report.js reads out of the address."""
    return f'<a href="formulas.html#{html(urlencode(state))}">{html(text)}</a>'


def _table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    cells = [[f"{cell:,}" if isinstance(cell, int) else html(cell) for cell in row] for row in rows]
    return _table_of_cells(heads, cells)


def _table_of_cells(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML; the first of each row is its head."""
    head = "".join(f'<th scope="col">{html(name)}</th>' for name in heads)
    body = "\n".join(
        f'<tr><th scope="row">{row[0]}</th>'
        + "".join(f'<td class="number">{cell}</td>' for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    table = f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"
    return f'<div class="wide">{table}</div>'
