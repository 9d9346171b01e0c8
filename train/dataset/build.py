"""The data set builder: formula lists to a folder of parquet shards, split by split.

In: `Lists` and a `DatasetConfig`. Out: `DIR/SPLIT/part-NNNNN.parquet` and, when all are there,
`DIR/dataset.json` with the report. A shard is there whole or not at all; the same call again makes
only what is missing, since every shard depends on the lists, the settings and its number alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, TypeVar

from i2l_batch.durable import whole_file
from i2l_batch.errors import UsageError
from i2l_batch.lock import FolderLock
from i2l_batch.train.dataset.config import DatasetConfig, Split
from i2l_batch.train.dataset.formulas import read_formulas
from i2l_batch.train.dataset.jobs import Runner, runner
from i2l_batch.train.dataset.normalize import Rejection
from i2l_batch.train.dataset.progress import BuildScreen
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

_LAYOUT = 2
"""Of the folder and its files; another number is another recipe."""

_CHUNK = 2000
"""Formulas that are normalised in one job."""

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Lists:
    """The formula lists of a data set."""

    formulas: Sequence[Path]
    """To be split."""
    validation: Path | None = None
    """For validation only; null when a share of the formulas is for that."""
    test: Path | None = None

    def by_kind(self) -> dict[Given, Sequence[Path]]:
        """The lists that are there, by the split they are given for."""
        given: dict[Given, Path | None] = {"validation": self.validation, "test": self.test}
        return {None: self.formulas, **{kind: [path] for kind, path in given.items() if path}}


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
    recipe = _recipe(lists, config)
    if report := _finished(output, recipe):
        return report
    check_tex([font for font, _ in config.fonts], config.points)
    output.mkdir(parents=True, exist_ok=True)
    lock = FolderLock(output)
    try:
        _claim(output, recipe)
        with screen or BuildScreen(-1) as screen, runner(workers, ray_address) as run:
            selection = select(_read(lists, config, run, screen), config)
            notes = _render(selection, output, config, run, screen)
        names = {kind or "formulas": [p.name for p in ps] for kind, ps in lists.by_kind().items()}
        about = {"name": output.resolve().name, "lists": names, "config": recipe["config"]}
        report = {**about, **make_report(selection, notes)}
        _write_json(output / "dataset.json", report)
    finally:
        lock.release()
    return report


def _recipe(lists: Lists, config: DatasetConfig) -> dict[str, Any]:
    """What the shards of a folder are made from."""
    recipe: dict[str, Any] = {"layout": _LAYOUT, "config": json.loads(json.dumps(asdict(config)))}
    for kind, paths in lists.by_kind().items():
        digests = recipe[f"{kind or 'formula'} lists"] = []
        for path in paths:
            if not path.is_file():
                raise UsageError(f"no such formula list: {path}")
            digests.append(hashlib.sha256(path.read_bytes()).hexdigest())
    return recipe


def _finished(output: Path, recipe: dict[str, Any]) -> dict[str, Any] | None:
    """The report of a folder that has it, with all shards, and was made with this recipe."""
    try:
        report = json.loads((output / "dataset.json").read_text("utf-8"))
        before = json.loads((output / "recipe.json").read_text("utf-8"))
        shards = report["shards"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    there = all(
        _part(output, split, number).exists() for split in shards for number in range(shards[split])
    )
    return report if there and before == recipe else None


def _claim(output: Path, recipe: dict[str, Any]) -> None:
    """Note the recipe of a folder; refuse to mix its shards with others."""
    note = output / "recipe.json"
    try:
        before = json.loads(note.read_text("utf-8"))
    except FileNotFoundError:
        before = recipe
    except (OSError, ValueError) as error:
        raise UsageError(f"{note} cannot be read, remove the folder: {error}") from error
    old, new = ({**r.get("config", {}), **r, "config": None} for r in (before, recipe))
    if changed := sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key)):
        raise UsageError(
            f"{output} was made with other settings ({', '.join(changed)}): "
            "give another folder, or remove this one"
        )
    _write_json(note, recipe)
    (output / "dataset.json").unlink(missing_ok=True)  # a shard is missing: it is not finished


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
            path = _part(output, split, number)
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


def _part(output: Path, split: str, number: int) -> Path:
    return output / split / f"part-{number:05d}.parquet"


def _shards(formulas: Sequence[Formula], most: int) -> list[Sequence[Formula]]:
    """Parts of about the same length, none longer than `most`."""
    count = -(-len(formulas) // most)
    edges = [len(formulas) * k // count for k in range(count + 1)] if count else []
    return [formulas[a:b] for a, b in pairwise(edges)]


def _chunks(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    return (items[k : k + size] for k in range(0, len(items), size))


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with whole_file(path) as file:
        file.write(json.dumps(content, indent=1).encode())
