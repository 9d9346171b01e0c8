"""A whole run: inputs -> extraction (Ray tasks) -> reading (Ray actors) -> the results folder.

`transcribe` is the line from end to end. It uses Ray Core: Ray Data retries a crashing
task for ever, drops whole blocks on an error, and cannot resume where a document becomes many rows.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from i2l_batch.account import Account
from i2l_batch.cluster import connected
from i2l_batch.config import TranscribeConfig
from i2l_batch.extract.pages import select_pages
from i2l_batch.flow import Flow
from i2l_batch.progress import Progress
from i2l_batch.records import Document, Problem, Source
from i2l_batch.resume import Decision, decide
from i2l_batch.runs import JsonValue
from i2l_batch.sources import list_sources
from i2l_batch.store import Store, committed_documents


def transcribe(
    inputs: Sequence[str], output: Path, config: TranscribeConfig, progress: Progress
) -> Account:
    """Transcribe all inputs into the results folder; what is done there already is skipped.

    Raises:
        UsageError: nothing to do, or options that do not fit together.
        StoreError: the folder is locked, foreign, or holds rows of other settings.
        CheckpointError: the model cannot be used.
        KeyboardInterrupt: after what was finished has been committed.
    """
    from i2l_batch.models.checkpoint import SHIPPED, weights_sha256

    began = time.monotonic()
    select_pages(config.extract.pages, num_pages=1)  # a mistake in it is told before anything runs
    sources = list(list_sources(inputs, max_files=config.max_files))
    checkpoint = config.model or SHIPPED
    sha256 = weights_sha256(checkpoint)
    model = {"id": f"{checkpoint.name}-{sha256[:8]}", "sha256": sha256}
    settings: dict[str, JsonValue] = dict(config.settings())
    account = Account(found=len(sources))
    with (
        Store.open(
            output,
            settings=settings,
            model=model,
            overwrite=config.overwrite,
            part_seconds=config.commit_seconds,
        ) as store,
        progress,
    ):
        status, timings = "failed", {"extract": 0.0, "read": 0.0}
        try:
            todo = _skip_and_refuse(sources, store, config, account, progress)
            if todo and not _must_stop(config, account):
                with connected(config) as plan:
                    flow = Flow(plan, config, store, model["id"], account, progress)
                    timings = flow.timings
                    flow.run(todo)
            status = "finished"
        except KeyboardInterrupt:
            status = "interrupted"
            raise
        finally:
            timings["total"] = time.monotonic() - began
            store.close(status=status, counts=account.counts(), timings=timings)
    return account


def dry_run(inputs: Sequence[str], output: Path, config: TranscribeConfig) -> list[str]:
    """What a run would do, a line per input, without doing or writing any of it."""
    committed = {} if config.overwrite else committed_documents(output)
    lines = []
    for source in list_sources(inputs, max_files=config.max_files):
        if isinstance(source, Problem):
            lines.append(f"fail        {source.name}: {source.message}")
        else:
            decision = decide(source, committed.get(source.name), config.retry_failed)
            lines.append(f"{decision.action:<11} {source.name}")
    return lines


def _skip_and_refuse(
    sources: Iterable[Source | Problem],
    store: Store,
    config: TranscribeConfig,
    account: Account,
    progress: Progress,
) -> list[Decision]:
    """Note what is done already and what cannot be tried; return the rest."""
    committed = store.committed()
    todo = []
    for source in sources:
        earlier = committed.get(source.name)
        if isinstance(source, Problem):
            document = Document(
                source=source.name,
                source_sha256=None,
                num_bytes=source.num_bytes,
                pages=0,
                formulas=0,
                status="failed",
                error_type=source.error_type,
                error_message=source.message,
                seconds=0.0,
                attempts=1 + (earlier.attempts if earlier else 0),
                run=store.run,
            )
            store.add(document, [])
            account.note("failed", 0)
            progress.failure(source.name, source.message)
            continue
        decision = decide(source, earlier, config.retry_failed)
        if decision.action == "skip":
            account.skipped += 1
        else:
            todo.append(decision)
    return todo


def _must_stop(config: TranscribeConfig, account: Account) -> bool:
    return config.fail_fast and account.failed > 0
