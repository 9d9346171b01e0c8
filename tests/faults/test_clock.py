"""Whatever the clock of the machine does, between runs or during one, the newest rows count.

A run takes its place among others by its id, which is made once, and later than all before it;
seconds are counted by the monotonic clock, which nobody sets.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.extract import pdfs
from tests.runs import direct_rows, rows, run
from tests.test_imports import FILES, under

TIME_OF_DAY = (
    "time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.strftime", "time.ctime",
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
)  # fmt: skip


def put_ahead(output: Path) -> None:
    """As if all runs so far had been a hundred years later."""

    def later(text: str) -> str:
        return re.sub(r"\d{4}(?=\d{4}T\d{6}Z-)", lambda year: str(int(year[0]) + 100), text)

    for path in [*output.glob("*/*.parquet"), *output.glob("runs/*.json")]:
        path = path.rename(path.with_name(later(path.name)))
        if path.suffix == ".json":
            path.write_text(later(path.read_text()))


@pytest.mark.usefixtures("cluster")
def test_a_clock_that_goes_back_between_runs(few: Path, tmp_path: Path, checkpoint: Path) -> None:
    output = tmp_path / "out"
    run([few], output, checkpoint)
    put_ahead(output)
    pdfs.paper(few / "0.pdf", pages=3, first=300)
    account, _ = run([few], output, checkpoint)
    assert (account.ok, account.skipped) == (1, 5)
    assert rows(output) == direct_rows([few])
    put_ahead(output)
    run([few / "1.pdf"], output, checkpoint, overwrite=True)
    assert rows(output) == direct_rows([few / "1.pdf"])


def uses(module: str, names: tuple[str, ...]) -> Iterator[str]:
    """The functions of a module, as module.function, in which one of the names is used."""
    text = FILES[module].read_text(encoding="utf-8")
    if not any(name in text for name in names):
        return
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, ast.FunctionDef):
            used = {ast.unparse(n) for n in ast.walk(function) if isinstance(n, ast.Attribute)}
            used |= {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
            if any(name == use or use.endswith(f".{name}") for use in used for name in names):
                yield f"{module.removeprefix('i2l_batch.')}.{function.name}"


def test_the_time_of_day_is_read_for_ids_and_for_people_only() -> None:
    """Where nothing else asks for it, a clock that is set during a run changes nothing."""
    modules = [name for name in FILES if not under(name, "i2l_batch.train")]
    readers = {use for module in modules for use in uses(module, TIME_OF_DAY)}
    assert readers == {"runs.utc_now", "lock.myself"}
    askers = {use for module in modules for use in uses(module, ("utc_now",))}
    told = {"runs.new_record", "store.close", "report.build.build_report"}
    assert askers == told | {"folder.start_run"}
