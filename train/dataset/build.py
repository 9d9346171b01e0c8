"""The data set builder: formula lists to a folder of parquet shards, split by split.

In: `Lists` and a `DatasetConfig`. Out: `DIR/SPLIT/part-NNNNN.parquet` and, when all are there,
`DIR/dataset.json` with the report. A shard is there whole or not at all; the same call again makes
only what is missing, since every shard depends on the lists, the settings and its number alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, TypeVar

from i2l_batch.durable import reason, whole_file
from i2l_batch.errors import StoreError, UsageError
from i2l_batch.lock import FolderLock
from i2l_batch.train.dataset.config import DatasetConfig, Split
from i2l_batch.train.dataset.formulas import read_formulas
from i2l_batch.train.dataset.jobs import Runner, runner
from i2l_batch.train.dataset.normalize import Rejection
from i2l_batch.train.dataset.progress import BuildScreen
from i2l_batch.train.dataset.recipe import (
    Lists,
    claim_folder,
    finished_report,
    make_recipe,
    part_path,
    write_json,
)
from i2l_batch.train.dataset.report import make_report
from i2l_batch.train.dataset.select import (
    Formula,
    Given,
    NormalizeJob,
    Selection,
    normalize_chunk,
    select,
)
from i2l_batch.train.dataset.shards import ShardJob, ShardNote, build_shard, read_note
from i2l_batch.train.dataset.tex import check_tex

_CHUNK = 2000
"""Formulas that are normalised in one job."""

_T = TypeVar("_T")


def build_dataset(
    lists: Lists,
    output: Path,
    config: DatasetConfig,
    *,
    workers: int | None = None,
    ray_address: str | None = None,
    screen: BuildScreen | None = None,
) -> dict[str, Any]:
    """Build a data set in the folder `output`, or finish it; returns the report.

    Args:
        lists: the formulas.
        output: made if it does not exist.
        config: everything else that the data set depends on.
        workers: most shards made at a time; None for one a core, 0 for this process without Ray.
        ray_address: a Ray cluster; None to start one on this machine.
        screen: where to show how far it is.

    Raises:
        UsageError: a list cannot be read, or the folder was made with other lists or settings.
        RenderError: TeX is missing.
        StoreError: the folder cannot be written, or another process writes to it.
    """
    recipe = make_recipe(lists, config)
    if report := finished_report(output, recipe):
        return report
    check_tex([font for font, _ in config.fonts], config.points)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot write {output}: {reason(error)}") from error
    lock = FolderLock(output)
    try:
        claim_folder(output, recipe)
        with screen or BuildScreen(-1) as screen, runner(workers, ray_address) as run:
            selection = select(_read(lists, config, run, screen), config)
            _check_any(selection)
            notes = _render(selection, output, config, run, screen)
        names = {kind or "formulas": [p.name for p in ps] for kind, ps in lists.by_kind().items()}
        about = {"name": output.resolve().name, "lists": names, "config": recipe["config"]}
        report = {**about, **make_report(selection, notes)}
        write_json(output / "dataset.json", report)
    finally:
        lock.release()
    return report


def _read(
    lists: Lists, config: DatasetConfig, run: Runner, screen: BuildScreen
) -> dict[Given, list[tuple[str, str | Rejection]]]:
    """All formulas, each with what it is normalised to."""
    read: dict[Given, list[tuple[str, str | Rejection]]] = {}
    for kind, paths in lists.by_kind().items():
        sources = (source for path in paths for source in read_formulas(path, config.column))
        taken = list(islice(sources, config.limit if kind is None else None))
        jobs = (NormalizeJob(config.normalization, chunk) for chunk in _chunks(taken, _CHUNK))
        found: dict[int, list[str | Rejection]] = {}
        for number, tokens in run(normalize_chunk, jobs):
            found[number] = tokens
            screen.update("normalising", sum(map(len, found.values())), len(taken))
        tokens = (one for number in sorted(found) for one in found[number])
        read[kind] = list(zip(taken, tokens, strict=True))
    return read


def _check_any(selection: Selection) -> None:
    if not any(selection.splits.values()):
        reasons = [f"{n:,} {reason}" for reason, n in selection.funnel.rejected.most_common(3)]
        raise UsageError(f"no formula is left to render: {', '.join(reasons) or 'none was read'}")


def _render(
    selection: Selection, output: Path, config: DatasetConfig, run: Runner, screen: BuildScreen
) -> dict[Split, list[ShardNote]]:
    """Make the shards that are missing; what all of them say of themselves.

    One process writes, this one: a worker that outlives a killed run must not write into the next.
    """
    places: list[tuple[Path, ShardJob]] = []
    notes: dict[Split, list[ShardNote]] = {}
    of = sum(map(len, selection.splits.values()))
    done = 0
    for split, formulas in selection.splits.items():
        notes[split] = []
        for number, part in enumerate(_shards(formulas, config.shard_size)):
            path = part_path(output, split, number)
            if note := read_note(path):
                notes[split].append(note)
                done += len(part)
            else:
                path.parent.mkdir(exist_ok=True)
                places.append((path, ShardJob(split, part, config)))
    screen.update("rendering", done, of)
    for number, parquet in run(build_shard, (job for _, job in places)):
        path, job = places[number]
        with whole_file(path) as file:
            file.write(parquet)
        note = read_note(path)
        assert note is not None
        notes[job.split].append(note)
        done += len(job.formulas)
        screen.update("rendering", done, of)
    return notes


def _shards(formulas: Sequence[Formula], most: int) -> list[Sequence[Formula]]:
    """Parts of about the same length, none longer than `most`."""
    count = -(-len(formulas) // most)
    edges = [len(formulas) * k // count for k in range(count + 1)] if count else []
    return [formulas[a:b] for a, b in pairwise(edges)]


def _chunks(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    return (items[k : k + size] for k in range(0, len(items), size))
