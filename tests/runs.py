"""Runs of the pipeline for tests, and what they must give."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from i2l_batch.account import Account
from i2l_batch.config import ExtractConfig, TranscribeConfig
from i2l_batch.extract import extract_chunk
from i2l_batch.locations import Place
from i2l_batch.pipeline import transcribe
from i2l_batch.progress import Progress
from i2l_batch.records import Crop, Source, Transcript, formula_id
from i2l_batch.results import open_results
from i2l_batch.sources import list_sources
from i2l_batch.stages import Reader
from tests.fake_readers import HashReader, hashed

Rows = dict[str, tuple[str, float]]
"""formula_id -> LaTeX, score."""


def run(
    inputs: Sequence[str | Path],
    output: Place,
    model: Path,
    reader: type[Reader] = HashReader,
    extract: ExtractConfig | None = None,
    meddle: Callable[[int], None] | None = None,
    **options: Any,
) -> tuple[Account, str]:
    """A run in this process, and what it said. meddle: is called again and again while it works,
    with the number of formulas read so far."""
    said = io.StringIO()
    config = TranscribeConfig(extract=extract or ExtractConfig(), model=model, **options)
    progress = _Meddling(Console(file=said, soft_wrap=True), meddle)
    account = transcribe([str(path) for path in inputs], output, config, progress, reader=reader)
    return account, said.getvalue()


class _Meddling(Progress):
    """Where a test gets a word in."""

    def __init__(self, console: Console, meddle: Callable[[int], None] | None) -> None:
        super().__init__(1, console)
        self._meddle = meddle

    def update(self, account: Account, formulas: int, **facts: Any) -> None:
        if self._meddle:
            self._meddle(formulas)
        super().update(account, formulas, **facts)


def rows(output: Place) -> Rows:
    """The formulas in a results folder; none is there twice."""
    table = open_results(output).formulas().to_table()
    ids = table["formula_id"].to_pylist()
    assert len(ids) == len(set(ids))
    scores = [round(score, 3) for score in table["score"].to_pylist()]
    return dict(zip(ids, zip(table["latex"].to_pylist(), scores, strict=True), strict=True))


def documents(output: Place) -> dict[str, dict[str, Any]]:
    """The documents in a results folder, by source; none is there twice."""
    found = open_results(output).documents().to_pylist()
    assert len(found) == len({row["source"] for row in found})
    return {row["source"]: row for row in found}


def direct_rows(
    inputs: Sequence[str | Path], read: Callable[[list[Crop]], list[Transcript]] | None = None
) -> Rows:
    """The formulas without Ray, guard and batches; by default as `HashReader` reads them."""
    crops: dict[str, Crop] = {}
    for source in list_sources([str(path) for path in inputs]):
        assert isinstance(source, Source)
        found = extract_chunk(source.path, source.media, ExtractConfig())
        assert found.next_page is None
        for crop in found.crops:
            crops[formula_id(source.name, found.source_sha256, crop.page, crop.index)] = crop
    answers = read(list(crops.values())) if read else map(hashed, crops.values())
    return {
        name: (answer.latex, round(answer.score, 3))
        for name, answer in zip(crops, answers, strict=True)
    }
