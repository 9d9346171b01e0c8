"""The report in a browser, from the disk: what is seen, what keys do; hostile text stays text.

Skipped without playwright (in the dev extra) or without a Chromium of the system.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.report.samples import HOSTILE, hostile, papers, report, shown

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []  # root has no sandbox to enter
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of 120 formulas, which are 3 pages, out of 4 papers."""
    place = tmp_path_factory.mktemp("browser")
    report(papers(place / "results"), place / "report")
    return place / "report"


@pytest.fixture
def page(browser: Browser, folder: Path) -> Iterator[Page]:
    """The page of formulas; nothing may go wrong in it."""
    yield from opened(browser, folder / "formulas.html")


def opened(browser: Browser, path: Path, state: str = "") -> Iterator[Page]:
    """A page of a report. Fails for errors, for dialogs, for requests of anything but files."""
    wrong: list[str] = []
    page = browser.new_page()
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("console", lambda line: wrong.append(f"console: {line.text}"))
    page.on("requestfailed", lambda request: wrong.append(f"not loaded: {request.url}"))
    page.on("request", lambda request: _only_files(request.url, wrong))

    def dialog(opened: Dialog) -> None:
        wrong.append(f"dialog: {opened.message}")
        opened.dismiss()

    page.on("dialog", dialog)
    page.goto(path.as_uri() + state)
    yield page
    page.close()
    assert wrong == []


def _only_files(url: str, wrong: list[str]) -> None:
    if not url.startswith("file:"):
        wrong.append(f"request: {url}")


def ids(page: Page) -> list[str]:
    """What is shown, by the links of the cards."""
    links = page.locator("article .link")
    return [link.split("id=")[1] for link in links.evaluate_all("all => all.map(a => a.href)")]


def told(page: Page, text: str) -> None:
    """Wait until the page says this of what it shows."""
    api.expect(page.locator("#status")).to_contain_text(text)


def until(page: Page, condition: Callable[[], bool]) -> None:
    """Wait until something holds; the page's policy keeps playwright from waiting within it."""
    for _ in range(500):
        if condition():
            return
        page.wait_for_timeout(10)
    assert condition()


def test_the_first_view_is_the_least_certain(page: Page, folder: Path) -> None:
    told(page, "120 formulas; 1 to 50 are shown.")
    assert ids(page) == [seen["id"] for seen in shown(folder)[:50]]
    assert page.locator("article math mfrac").count() == 50
    assert page.locator("article img").count() == 50
    page.wait_for_load_state("load")
    widths = page.locator("article img").evaluate_all("all => all.map(i => i.naturalWidth)")
    assert widths == [seen["crop"][0] for seen in shown(folder)[:50]]


@pytest.mark.parametrize(
    ("order", "key"),
    [
        ("most certain first", lambda seen: -seen["confidence"]),
        ("as in the papers", lambda seen: seen["place"]),
        ("shortest first", lambda seen: len(seen["latex"])),
        ("longest first", lambda seen: -len(seen["latex"])),
    ],
)
def test_orders(
    page: Page, folder: Path, order: str, key: Callable[[dict[str, Any]], float]
) -> None:
    told(page, "1 to 50 are shown")
    page.get_by_label("Order").select_option(order)
    rows = {seen["id"]: seen for seen in shown(folder)}
    wanted = sorted(key(row) for row in rows.values())[:50]
    until(page, lambda: [key(rows[name]) for name in ids(page)] == wanted)


def test_filters_and_their_address(page: Page, browser: Browser, folder: Path) -> None:
    told(page, "1 to 50 are shown")
    rows = shown(folder)
    page.get_by_label("Flag").select_option("repeats")
    told(page, "12 of 120 formulas match; 1 to 12 are shown.")
    page.get_by_role("searchbox", name="Paper").fill("PAPER-2")
    told(page, "3 of 120 formulas match")
    page.get_by_label("Flag").select_option("without flags")
    told(page, "27 of 120 formulas match")
    page.get_by_label("Text").fill(r"\frac{a_{2}}{xxx x")
    wanted = [
        seen["id"]
        for seen in rows
        if seen["paper"] == "paper-2.pdf" and not seen["flags"] and seen["latex"].count("x") >= 4
    ]
    told(page, f"{len(wanted)} of 120 formulas match")
    assert ids(page) == wanted
    address = page.url
    page.get_by_role("button", name="Show all").click()
    told(page, "120 formulas; 1 to 50")
    assert page.get_by_label("Text").input_value() == ""
    for other in opened(browser, folder / "formulas.html", address[address.index("#") :]):
        told(other, f"{len(wanted)} of 120 formulas match")
        assert ids(other) == wanted
        assert other.get_by_role("searchbox", name="Paper").input_value() == "PAPER-2"


def test_a_range_of_confidence(page: Page, folder: Path) -> None:
    page.get_by_label("Confidence from").fill("0.25")
    page.get_by_label("to", exact=True).fill("0.5")
    wanted = [seen["id"] for seen in shown(folder) if 0.25 <= seen["confidence"] < 0.5]
    told(page, f"{len(wanted)} of 120 formulas match")
    assert ids(page) == wanted


def test_a_paper_is_one_click_away_and_back(page: Page) -> None:
    told(page, "120 formulas")
    page.get_by_role("button", name="paper-1.pdf").first.click()
    told(page, "30 of 120 formulas match")
    assert page.get_by_label("Order").input_value() == "paper"
    page.go_back()
    told(page, "120 formulas; 1 to 50")


def test_one_formula_has_an_address(page: Page, browser: Browser, folder: Path) -> None:
    told(page, "120 formulas")
    link = page.locator("article .link").nth(7).get_attribute("href")
    assert link is not None
    for other in opened(browser, folder / "formulas.html", link):
        told(other, "1 of 120 formulas match")
        assert ids(other) == [shown(folder)[7]["id"]]


def focused(page: Page) -> int:
    """Number of the row that has the focus."""
    return int(page.evaluate("document.activeElement.dataset.row ?? -1"))


def test_keys(page: Page, folder: Path) -> None:
    rows = shown(folder)
    told(page, "1 to 50 are shown")
    for key, row in [("j", 0), ("j", 1), ("ArrowDown", 2), ("k", 1), ("ArrowUp", 0), ("k", 0)]:
        page.keyboard.press(key)
        assert focused(page) == row
    page.keyboard.press("n")
    told(page, "51 to 100 are shown")
    api.expect(page.locator("article:focus")).to_have_attribute("data-row", "50")
    page.keyboard.press("k")  # over the edge of the page
    told(page, "1 to 50 are shown")
    api.expect(page.locator("article:focus")).to_have_attribute("data-row", "49")
    page.keyboard.press("c")
    api.expect(page.locator("#said")).to_have_text("LaTeX copied")
    page.keyboard.press("/")
    page.keyboard.press("Control+v")
    assert page.get_by_label("Text").input_value() == rows[49]["latex"].strip()
    told(page, "formulas match")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("p")  # there is no page before
    assert focused(page) >= 0


def test_copy_button(page: Page, folder: Path) -> None:
    told(page, "1 to 50 are shown")
    page.locator("article").nth(3).get_by_role("button", name="Copy").first.click()
    api.expect(page.locator("#said")).to_have_text("LaTeX copied")
    page.get_by_label("Text").focus()
    page.keyboard.press("Control+v")
    assert page.get_by_label("Text").input_value() == shown(folder)[3]["latex"].strip()


def test_all_pages_are_there(page: Page, folder: Path) -> None:
    seen: list[str] = []
    for first in (1, 51, 101):
        told(page, f"{first} to ")
        api.expect(page.locator("article").first).to_have_attribute("data-row", f"{first - 1}")
        seen += ids(page)
        if first < 101:
            page.get_by_role("button", name="Next").first.click()
    assert seen == [row["id"] for row in shown(folder)]


def test_hostile_text_is_text(browser: Browser, tmp_path: Path) -> None:
    hostile(tmp_path / "results")
    report(tmp_path / "results", tmp_path / "report")
    for name in ("index.html", "failed.html"):
        for page in opened(browser, tmp_path / "report" / name):
            assert "Formulas" in page.inner_text("body")
    for page in opened(browser, tmp_path / "report" / "formulas.html"):
        told(page, f"{len(HOSTILE)} formulas")
        rows = sorted(shown(tmp_path / "report"), key=lambda seen: seen["confidence"])
        codes = page.locator("article > .latex code").evaluate_all(
            "all => all.map(e => e.textContent)"
        )
        assert codes == [row["latex"] for row in rows]
        tags = page.locator("article *").evaluate_all("all => all.map(e => e.localName)")
        assert set(tags) & {"script", "style", "iframe", "object", "form", "link"} == set()
        assert page.locator("article img").count() == len(rows)
        assert "owned" not in page.title()
        page.get_by_role("searchbox", name="Paper").fill("<script>")
        told(page, "match")


def test_hostile_addresses_are_text(browser: Browser, folder: Path) -> None:
    state = "#flag=<img src=x onerror=alert(1)>&text=%5B(%3F&sort=constructor&page=-1e9&from=x"
    for page in opened(browser, folder / "formulas.html", state):
        told(page, "0 of 120 formulas match")


def test_a_missing_file_is_named(browser: Browser, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "data" / "rows-00006.js").unlink()
    page = browser.new_page()
    page.goto((tmp_path / "copy" / "formulas.html").as_uri() + "#page=2")
    told(page, "data/rows-00006.js is missing: copy the whole folder")
    page.close()
