"""A report holds what the results hold, in the order it says, and says what it leaves out."""

from __future__ import annotations

import base64
import itertools
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from i2l_batch.errors import UsageError
from i2l_batch.printable import printable
from i2l_batch.query import connect
from i2l_batch.report import listing
from i2l_batch.report.command import report as command
from i2l_batch.report.overview import look, throughput
from i2l_batch.report.pictures import png_size
from i2l_batch.report.text import script
from i2l_batch.results import open_results
from tests.formula_samples import add, open_store
from tests.report.samples import HOSTILE, Markup, calls, fill, hostile, papers, png, report, shown

PAGES = ("index.html", "formulas.html", "failed.html")


def stored(folder: Path) -> list[dict[str, Any]]:
    """The formulas of a results folder, the least certain first."""
    rows = open_results(folder).formulas().to_table().to_pylist()
    return sorted(rows, key=lambda row: (row["confidence"], row["formula_id"]))


def test_the_report_shows_the_rows_worst_first(tmp_path: Path) -> None:
    rows = stored(papers(tmp_path / "results"))
    made = report(tmp_path / "results", tmp_path / "report")
    found = shown(tmp_path / "report")
    assert (made.shown, made.formulas, made.documents, made.unread) == (120, 120, 5, 1)
    for row, seen in zip(rows, found, strict=True):
        assert seen["id"] == row["formula_id"]
        assert seen["latex"] == row["latex"]
        assert seen["confidence"] == pytest.approx(row["confidence"], abs=1e-6)
        assert seen["flags"] == (row["flags"] or None)
        assert (seen["paper"], seen["page"], seen["number"]) == (
            row["source"],
            row["page"],
            row["number"],
        )
        assert [other for other, _ in seen["others"]] == [a["latex"] for a in row["alternatives"]]
        assert seen["math"].startswith("<math ")
        width, height, picture = seen["crop"]
        assert (width, height) == (90 + row["index"] + 3 * (row["page"] - 1), 30)
        assert base64.b64decode(picture) == row["crop"]["bytes"]


def test_places_are_the_order_of_the_papers(tmp_path: Path) -> None:
    rows = stored(papers(tmp_path / "results"))
    report(tmp_path / "results", tmp_path / "report")
    rows.sort(key=lambda row: (row["source"], row["page"], row["index"]))
    found = sorted(shown(tmp_path / "report"), key=lambda seen: seen["place"])
    assert [seen["id"] for seen in found] == [row["formula_id"] for row in rows]
    assert [seen["place"] for seen in found] == list(range(len(rows)))


@pytest.mark.parametrize("limit", [1, 25, 26, 119])
def test_a_limit_takes_the_least_certain_and_says_so(tmp_path: Path, limit: int) -> None:
    rows = stored(papers(tmp_path / "results"))
    made = report(tmp_path / "results", tmp_path / "report", limit)
    assert [s["id"] for s in shown(tmp_path / "report")] == [r["formula_id"] for r in rows[:limit]]
    line = f"The {limit} least certain of 120 formulas are shown; {120 - limit} are not (--limit)."
    assert made.shown_line() == line
    for page in ("index.html", "formulas.html"):
        assert line in (tmp_path / "report" / page).read_text("utf-8")


def test_index_files_stay_small_whatever_the_formulas(tmp_path: Path) -> None:
    """Files are cut by the bytes of their LaTeX before they have their number of rows."""
    with open_store(tmp_path / "results") as store:
        long = "} " * 150_000  # does not parse, which is quick
        fill(store, "long.pdf", [{"latex": f"{long}{number}"} for number in range(20)])
    report(tmp_path / "results", tmp_path / "report")
    sizes = [path.stat().st_size for path in (tmp_path / "report" / "data").glob("index-*.js")]
    assert len(sizes) == 3
    assert max(sizes) < listing.INDEX_BYTES + 400_000
    assert len(shown(tmp_path / "report")) == 20


def test_nothing_is_shown_of_a_run_that_has_just_begun(tmp_path: Path) -> None:
    with open_store(tmp_path / "results") as store:
        made = report(tmp_path / "results", tmp_path / "report")
        assert (made.shown, made.documents) == (0, 0)
        add(store, "broken.pdf", formulas=0)
        store.flush()
        report(tmp_path / "results", tmp_path / "report")
    assert shown(tmp_path / "report") == []
    assert "broken.pdf" in Markup(tmp_path / "report" / "failed.html").text


def test_rows_without_picture_or_latex(tmp_path: Path) -> None:
    with open_store(tmp_path / "results") as store:
        facts = [
            {"crop": None},
            {"crop": {"bytes": b"GIF89a, not a PNG and long enough", "path": "x.png"}},
            {"latex": "", "confidence": 0.0, "score": -math.inf},
            {"latex": r"\frac {", "valid": False},
            {"page": None, "number": None, "dpi": None},
        ]
        fill(store, "a.pdf", [{"confidence": 0.5} | fact for fact in facts])
    report(tmp_path / "results", tmp_path / "report")
    found = {seen["id"]: seen for seen in shown(tmp_path / "report")}
    by_index = [found[row["formula_id"]] for row in sorted(stored(tmp_path / "results"), key=_rank)]
    assert [seen["crop"] is None for seen in by_index] == [True, True, False, False, False]
    assert [seen["math"] is None for seen in by_index] == [False, False, True, True, False]
    assert (by_index[4]["page"], by_index[4]["number"], by_index[4]["dpi"]) == (None, None, None)


def _rank(row: dict[str, Any]) -> str:
    return row["formula_id"]


def test_the_command_tells_where_the_report_is_and_what_is_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    papers(tmp_path / "results")
    command(str(tmp_path / "results"), tmp_path / "report", 100)
    told = capsys.readouterr()
    assert told.out == f"{tmp_path / 'report' / 'index.html'}\n"
    assert told.err == (
        "5 documents, of which 1 failed or were read in part. The 100 least certain of 120 formulas"
        " are shown; 20 are not (--limit).\n"
    )
    with pytest.raises(UsageError, match="--limit 0: use 1 or more"):
        command(str(tmp_path / "results"), tmp_path / "report", 0)


# --- the first page ---------------------------------------------------------------------------


def test_the_overview_counts_what_is_there(tmp_path: Path) -> None:
    folder = papers(tmp_path)
    overview = look(connect(folder), open_results(folder).runs())
    rows = stored(folder)
    for number, count in enumerate(overview.confidence):
        inside = [r for r in rows if math.floor(r["confidence"] * 20) == number]
        assert count == len(inside)
    assert overview.per_paper == [
        ("0", 0), ("1", 0), ("2-3", 0), ("4-7", 0), ("8-15", 0), ("16-31", 4)
    ]  # fmt: skip
    assert overview.flags == [("repeats", 12)]
    assert overview.failures == [("corrupt", 1, 0)]
    assert sum(formulas for *_, formulas in overview.throughput) == len(rows)
    assert sum(documents for *_, documents, _ in overview.throughput) == overview.documents


def test_throughput_of_runs_is_one_line_without_pauses() -> None:
    runs = [
        {"commits": [[10.0, 1, 5], [30.0, 2, 8]]},
        {},  # a run of an earlier version
        {"commits": []},
        {"commits": [[5.0, 3, 1]]},
    ]
    assert throughput(runs) == [(0.0, 10.0, 1, 5), (10.0, 30.0, 2, 8), (30.0, 35.0, 3, 1)]
    long = throughput([{"commits": [[float(n), 1, n] for n in range(1, 1001)]}])
    assert 60 <= len(long) <= 120
    assert (long[0][0], long[-1][1]) == (0.0, 1000.0)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(long))
    assert sum(step[3] for step in long) == 1000 * 1001 // 2
    assert throughput([]) == []


def test_records_without_commits_have_no_chart_of_throughput(tmp_path: Path) -> None:
    papers(tmp_path / "results")
    report(tmp_path / "results", tmp_path / "report")
    titles = re.findall(r"<title id=[^>]+>(.*?)<", (tmp_path / "report/index.html").read_text())
    assert titles == [
        "Confidence of the formulas",
        "Formulas per document",
        "Documents that failed or were read in part",
        "Throughput",
    ]
    (record,) = (tmp_path / "results" / "runs").iterdir()
    old = json.loads(record.read_text())
    del old["commits"]
    record.write_text(json.dumps(old))
    report(tmp_path / "results", tmp_path / "report")
    assert '<title id="throughput' not in (tmp_path / "report/index.html").read_text()


def test_failed_documents_are_all_there_page_by_page(tmp_path: Path) -> None:
    with open_store(tmp_path / "results") as store:
        for number in range(1100):
            kind = "timeout" if number % 11 == 0 else "corrupt"
            add(store, f"{number:04d}.pdf", formulas=0, error_type=kind)
    report(tmp_path / "results", tmp_path / "report")
    texts = [(tmp_path / "report" / n).read_text() for n in ("failed.html", "failed-2.html")]
    rows = [re.findall(r'<th scope="row">(\d+\.pdf)</th>', text) for text in texts]
    assert [len(page) for page in rows] == [1000, 100]
    by_type = sorted(range(1100), key=lambda n: (n % 11 == 0, n))
    assert [*rows[0], *rows[1]] == [f"{number:04d}.pdf" for number in by_type]
    assert 'href="failed-2.html#type-1"' in texts[0]
    assert 'id="type-1"' in texts[1]


# --- text of enemies -----------------------------------------------------------------------------


def test_no_markup_comes_from_data(tmp_path: Path) -> None:
    """The pages of hostile results have the elements of the pages of harmless ones, and no more."""
    hostile(tmp_path / "hostile")
    with open_store(tmp_path / "harmless") as store:
        for number in range(len(HOSTILE)):
            facts = {"kind": f"k{number}", "flags": [f"f{number}"], "confidence": number / 10}
            message = {"status": "partial", "error_type": f"t{number}", "error_message": "m"}
            fill(store, f"{number}", [facts], **message)
    for name in ("hostile", "harmless"):
        report(tmp_path / name, tmp_path / f"report of {name}")
    for page in PAGES:
        bad = Markup(tmp_path / "report of hostile" / page)
        good = Markup(tmp_path / "report of harmless" / page)
        assert set(bad.elements) == set(good.elements)
        if page != "index.html":  # where the ticks of a chart are a matter of time
            assert sorted(bad.elements) == sorted(good.elements)
        names = {name for name, _ in bad.values}
        assert not {name for name in names if name.startswith("on")} | names & {"style"}
        for name, value in bad.values:
            assert name not in ("href", "src") or re.match(
                r"(index|formulas|failed)\.html(#|$)|report\.|data/", value
            )
    failed = Markup(tmp_path / "report of hostile" / "failed.html")
    for text in HOSTILE:
        assert printable(text) in failed.text


def test_data_are_json_that_ends_no_script(tmp_path: Path) -> None:
    hostile(tmp_path / "results")
    report(tmp_path / "results", tmp_path / "report")
    for path in (tmp_path / "report" / "data").iterdir():
        text = path.read_text("utf-8")
        assert not set(text) & {"<", "\u2028", "\u2029"}
        assert text.count("\n") == 1
        calls(path)
    found = sorted(shown(tmp_path / "report"), key=lambda seen: seen["confidence"])
    for seen, text in zip(found, HOSTILE, strict=True):
        assert seen["others"][0] == [text, None]
        assert text in seen["latex"]  # copied as it is
        assert seen["number"] == printable(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_script_line_gives_back_its_values(text: str) -> None:
    line = script("f", text, [text]).decode()
    assert json.loads(f"[{line[2:-3]}]") == [text, [text]]


def test_printable_text_has_no_commands() -> None:
    assert printable("Grüße, 論文 <b>") == "Grüße, 論文 <b>"
    assert printable("\u202egnp.exe\x1b[2J\n") == r"\u202egnp.exe\x1b[2J\n"
    assert all(printable(text).isprintable() for text in HOSTILE)


def test_pictures_are_pictures() -> None:
    assert png_size(png(7, 5)) == (7, 5)
    for bad in (b"", png(7, 5)[:20], b"<svg onload=alert(1)>" * 9):
        assert png_size(bad) is None
