"""A whole run: inputs -> extraction (Ray tasks) -> reading (Ray actors) -> the results folder.

`transcribe` is the line from end to end. It uses Ray Core: Ray Data retries a crashing
task for ever, drops whole blocks on an error, and cannot resume where a document becomes many rows.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack, closing

from i2l_batch.account import Account
from i2l_batch.cluster import connected
from i2l_batch.committed import CommittedDocument, committed_documents
from i2l_batch.config import TranscribeConfig
from i2l_batch.extract.pages import select_pages
from i2l_batch.flow import Flow
from i2l_batch.folder import check_folder
from i2l_batch.interrupts import whole
from i2l_batch.locations import Place, located
from i2l_batch.models.files import SHIPPED, checkpoint_sha256, model_id
from i2l_batch.printable import printable
from i2l_batch.progress import Progress
from i2l_batch.records import Document, Problem, Source
from i2l_batch.resume import Decision, decide_all, is_known
from i2l_batch.runs import JsonValue
from i2l_batch.sources import list_sources
from i2l_batch.stages import Reader
from i2l_batch.store import Store


def transcribe(
    inputs: Sequence[str],
    output: Place,
    config: TranscribeConfig,
    progress: Progress,
    *,
    account: Account | None = None,
    reader: type[Reader] = Reader,
) -> Account:
    """Transcribe all inputs into the results folder; what is done there already is skipped.

    account: an empty one to be filled, for a caller who wants it of an interrupted run, too.

    Raises:
        UsageError: nothing to do, options that do not fit together, or another file is in the
            folder under the name of an input.
        StoreError: the folder is locked, foreign, or holds rows of other settings.
        CheckpointError: the model cannot be used.
        KeyboardInterrupt: after what was finished has been committed.
    """
    began = time.monotonic()
    sources, settings, model = _prepare(inputs, config)
    account = account or Account()
    account.found = len(sources)
    with (
        Store.open(
            output,
            settings=settings,
            model=model,
            overwrite=config.overwrite,
            part_seconds=config.commit_seconds,
        ) as store,
        progress,
        ExitStack() as cluster,  # Ray stops after the record is written, as that takes seconds
    ):
        status, timings, readers = "failed", {"extract": 0.0, "read": 0.0, "both": 0.0}, 1
        try:
            todo = _skip_and_refuse(sources, output, store, config, account, progress)
            if todo and not (config.fail_fast and account.failed):
                plan = cluster.enter_context(connected(config))
                flow = Flow(plan, config, store, model["id"], account, progress, reader)
                timings, readers = flow.timings, plan.readers
                with closing(flow):
                    try:
                        flow.run(todo)
                    finally:
                        with whole():
                            store.flush()
                            flow.save()
            status = "finished" if account.adds_up else "failed"
        except KeyboardInterrupt:
            status = "interrupted"
            raise
        finally:
            total = time.monotonic() - began
            timings |= {"total": total, "busy": timings["read"] / (readers * total)}
            with whole():
                store.close(status=status, counts=account.counts(), timings=timings)
    return account


def dry_run(inputs: Sequence[str], output: Place, config: TranscribeConfig) -> list[str]:
    """What a run would do, a line per input, without doing or writing any of it.

    Raises what `transcribe` would raise before its first document.
    """
    sources, settings, model = _prepare(inputs, config)
    check_folder(located(output), settings, model, overwrite=config.overwrite)
    committed = {} if config.overwrite else committed_documents(output)
    lines = []
    decisions = decide_all(sources, committed, config.retry_failed, output)
    for source, decision in zip(sources, decisions, strict=True):
        if isinstance(source, Source):
            assert decision is not None
            lines.append(f"{decision.action:<11} {source.name}")
        elif is_known(committed.get(source.name), config.retry_failed):
            lines.append(f"{'skip':<11} {source.name}")
        else:
            lines.append(f"{'fail':<11} {source.name}: {source.message}")
    return [printable(line) for line in lines]


def _prepare(
    inputs: Sequence[str], config: TranscribeConfig
) -> tuple[list[Source | Problem], dict[str, JsonValue], dict[str, str]]:
    """Inputs, settings and model of a run; mistakes in them are told before anything is written."""
    select_pages(config.extract.pages, num_pages=1)
    sources = list(list_sources(inputs, max_files=config.max_files))
    checkpoint = config.model or SHIPPED
    sha256 = checkpoint_sha256(checkpoint)
    model = {"id": model_id(checkpoint, sha256), "sha256": sha256}
    return sources, dict(config.settings()), model


def _skip_and_refuse(
    sources: Sequence[Source | Problem],
    output: Place,
    store: Store,
    config: TranscribeConfig,
    account: Account,
    progress: Progress,
) -> list[Decision]:
    """Note what is done already and what cannot be tried; return the rest."""
    committed = store.committed()
    decisions = decide_all(sources, committed, config.retry_failed, output, progress.checking)
    todo = []
    for source, decision in zip(sources, decisions, strict=True):
        earlier = committed.get(source.name)
        if isinstance(source, Source):
            assert decision is not None
            if decision.action != "skip":
                todo.append(decision)
                continue
        elif not is_known(earlier, config.retry_failed):
            _refuse(source, earlier, store, account, progress)
            continue
        account.skip(earlier.status if earlier else "ok")
    return todo


def _refuse(
    problem: Problem,
    earlier: CommittedDocument | None,
    store: Store,
    account: Account,
    progress: Progress,
) -> None:
    """An input that cannot be tried ends at once."""
    message = problem.message
    with whole():
        account.note("failed", 0)
        if earlier and earlier.formulas:
            message += "; its earlier rows are kept"
        else:
            attempts = 1 + (earlier.attempts if earlier else 0)
            store.add(_failed(problem, attempts, store.run), [])
    progress.failure(f"failed: {problem.name}: {message}")


def _failed(problem: Problem, attempts: int, run: str) -> Document:
    return Document(
        source=problem.name,
        path=problem.path,
        source_sha256=None,
        num_bytes=problem.num_bytes,
        pages=0,
        formulas=0,
        status="failed",
        error_type=problem.error_type,
        error_message=printable(problem.message),
        seconds=0.0,
        attempts=attempts,
        run=run,
    )
