"""The run of `i2l explain`: files -> formulas -> sheets and the page, in this process, without Ray.

A file that cannot be read is told, and the others are done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from i2l_batch.account import Account
from i2l_batch.config import TranscribeConfig
from i2l_batch.durable import reason, whole_file
from i2l_batch.errors import SourceError, StoreError
from i2l_batch.explain.formula import Explained, explained
from i2l_batch.explain.page import Page
from i2l_batch.explain.sheet import draw_sheet
from i2l_batch.extract.pages import select_pages
from i2l_batch.guard import ExtractionGuard
from i2l_batch.images import decode_png
from i2l_batch.models.files import SHIPPED, checkpoint_sha256, model_id
from i2l_batch.records import Crop, Extraction, Problem, Source
from i2l_batch.source_names import stored_name
from i2l_batch.sources import list_sources
from i2l_batch.transcriber import Transcriber

PAGE = "index.html"


def explain(
    inputs: Sequence[str],
    output: Path,
    config: TranscribeConfig,
    *,
    written: Callable[[Path], None],
    say: Callable[[str], None],
) -> Account:
    """Write a sheet for each formula in the inputs, and a page of all, into `output`.

    Sheets are named after their file, and in documents the page and the formula's index there:
    `paper-pdf-0003-001.png`. Folders below an input are folders of the output.

    Args:
        inputs: as `sources.list_sources` takes them.
        output: a folder; made if it does not exist.
        config: the model, the beam, and what is extracted; what is about Ray and results has no
            meaning here.
        written: is given the path of each sheet, and of the page at the end.
        say: is given a line for each file that was not read whole, or of which there is a note.

    Raises:
        UsageError: nothing to do, or options that do not fit.
        CheckpointError: the model cannot be used.
        StoreError: the folder cannot be written.
    """
    select_pages(config.extract.pages, num_pages=1)
    sources = list(list_sources(inputs, max_files=config.max_files))
    checkpoint = config.model or SHIPPED
    transcriber = Transcriber(
        checkpoint,
        device=config.device,
        beam_size=config.beam_size,
        batch_size=config.batch_size,
        max_length=config.max_length,
        attention=True,
    )
    model = model_id(checkpoint, checkpoint_sha256(checkpoint))
    account = Account(found=len(sources))
    _make_folder(output)
    with ExtractionGuard() as guard, whole_file(output / PAGE) as file:
        page = Page(file, model)
        for source in sources:
            run = _OneFile(source, config, guard, transcriber)
            for formula in run.formulas():
                path = output / formula.sheet
                _make_folder(path.parent)
                with whole_file(path) as sheet:
                    draw_sheet(formula).save(sheet, format="png")
                page.add(formula)
                written(path)
            run.note(account, say)
        page.end()
    written(output / PAGE)
    return account


class _OneFile:
    """The formulas of one input, and what became of it."""

    def __init__(
        self,
        source: Source | Problem,
        config: TranscribeConfig,
        guard: ExtractionGuard,
        transcriber: Transcriber,
    ) -> None:
        self._source, self._config = source, config
        self._guard, self._transcriber = guard, transcriber
        self._read = False
        self._formulas = 0
        self._problems: list[str] = []
        self._notes: list[str] = []

    def formulas(self) -> Iterator[Explained]:
        """All formulas, chunk of pages by chunk."""
        for extraction in self._extractions():
            size = self._transcriber.reader.batch.pictures
            for start in range(0, len(extraction.crops), size):
                yield from self._look(extraction.crops[start : start + size])

    def note(self, account: Account, say: Callable[[str], None]) -> None:
        """Enter how the file ended into the account, and say what is to be said of it."""
        status = "ok" if self._formulas else "empty"
        if self._problems:
            status = "partial" if self._read else "failed"
        account.note(status, self._formulas)
        if about := [*self._problems, *self._notes]:
            say(f"{status}: {stored_name(self._source.name)}: {'; '.join(about)}")

    def _extractions(self) -> Iterator[Extraction]:
        source, page = self._source, 1
        if isinstance(source, Problem):
            self._problems.append(source.message)
            return
        while page is not None:
            try:
                found = self._guard.extract_chunk(
                    source.path, source.media, self._config.extract, page
                )
            except SourceError as error:
                self._problems.append(str(error))
                return
            self._read = True
            self._problems += found.page_errors
            self._notes += found.notes
            yield found
            page = found.next_page

    def _look(self, crops: Sequence[Crop]) -> Iterator[Explained]:
        pictures = [decode_png(crop.png) for crop in crops]
        answers = self._transcriber.look(pictures, [crop.em for crop in crops])
        for crop, picture, (transcript, attention) in zip(crops, pictures, answers, strict=True):
            self._formulas += 1
            name = stored_name(self._source.name)
            title, sheet = _title(name, crop), sheet_name(name, crop)
            yield explained(title, sheet, picture, transcript, attention)


def sheet_name(name: str, crop: Crop) -> str:
    """The name of a formula's sheet: another one for another formula, and always the same."""
    stem, _, suffix = name.rpartition(".")
    place = f"-{crop.page:04d}-{crop.index:03d}" if crop.page else ""
    return f"{stem}-{suffix}{place}.png"


def _title(name: str, crop: Crop) -> str:
    number = f", number ({crop.number})" if crop.number else ""
    return f"{name}, page {crop.page}, formula {crop.index}{number}" if crop.page else name


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot use {folder}: {reason(error)}") from error
