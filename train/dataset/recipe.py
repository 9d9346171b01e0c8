"""The folder of a data set: what it is made from, and whether it is finished.

In: formula lists, settings, a folder. Out: a recipe, and the right to go on with the folder or an
error that names what differs. Knows nothing of what is in lists or shards.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from i2l_batch.durable import whole_file
from i2l_batch.errors import UsageError
from i2l_batch.train.dataset.config import DatasetConfig
from i2l_batch.train.dataset.select import Given

_LAYOUT = 2
"""Of the folder and its files; another number is another recipe."""


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


def make_recipe(lists: Lists, config: DatasetConfig) -> dict[str, Any]:
    """What the shards of a folder are made from."""
    recipe: dict[str, Any] = {"layout": _LAYOUT, "config": json.loads(json.dumps(asdict(config)))}
    for kind, paths in lists.by_kind().items():
        digests = recipe[f"{kind or 'formula'} lists"] = []
        for path in paths:
            if not path.is_file():
                raise UsageError(f"no such formula list: {path}")
            digests.append(hashlib.sha256(path.read_bytes()).hexdigest())
    return recipe


def finished_report(output: Path, recipe: dict[str, Any]) -> dict[str, Any] | None:
    """The report of a folder that has it, with all shards, and was made with this recipe."""
    try:
        report = json.loads((output / "dataset.json").read_text("utf-8"))
        before = json.loads((output / "recipe.json").read_text("utf-8"))
        shards = report["shards"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    there = all(
        part_path(output, split, number).exists()
        for split in shards
        for number in range(shards[split])
    )
    return report if there and before == recipe else None


def claim_folder(output: Path, recipe: dict[str, Any]) -> None:
    """Note the recipe of a folder; refuse to mix its shards with others."""
    note = output / "recipe.json"
    before = recipe
    if any(output.glob("*/part-*.parquet")):
        try:
            before = json.loads(note.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{output} holds shards of a data set, but no recipe.json that can be read: "
                "give another folder, or remove this one"
            ) from error
    old, new = ({**r.get("config", {}), **r, "config": None} for r in (before, recipe))
    if changed := sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key)):
        raise UsageError(
            f"{output} was made with other settings ({', '.join(changed)}): "
            "give another folder, or remove this one"
        )
    write_json(note, recipe)
    (output / "dataset.json").unlink(missing_ok=True)  # a shard is missing: it is not finished


def part_path(output: Path, split: str, number: int) -> Path:
    """Where a shard of a split lies."""
    return output / split / f"part-{number:05d}.parquet"


def write_json(path: Path, content: dict[str, Any]) -> None:
    """A file that is whole or absent."""
    with whole_file(path) as file:
        file.write(json.dumps(content, indent=1).encode())
