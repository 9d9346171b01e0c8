"""What SECURITY.md promises of files that others made: they are data, and nothing in them runs."""

from __future__ import annotations

import ast
import json
import os
import pickle
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from i2l_batch.errors import CheckpointError, I2LError
from i2l_batch.models.checkpoint import load_checkpoint
from i2l_batch.models.files import CONFIG, SHIPPED, VOCABULARY, WEIGHTS
from i2l_batch.train.dataset.allowed import objection
from tests.conftest import ROOT

PACKAGES = [(ROOT / name).resolve() for name in ("i2l_batch", "models", "train")]
CODE = [ROOT / "cli.py", *sorted(path for place in PACKAGES for path in place.rglob("*.py"))]

RUNNING_MODULES = frozenset(
    "pickle cPickle dill cloudpickle joblib marshal shelve code codeop runpy yaml".split()
)
"""What they read can run programs."""

RUNNING_CALLS = frozenset("eval exec compile __import__".split())

RUNNING_ATTRIBUTES = frozenset(
    "torch.load torch.save torch.hub np.load os.system os.popen pd.read_pickle".split()
)


def dangers(path: Path) -> Iterator[str]:
    """What a module uses that can run what it reads."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [name.name.split(".")[0] for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(node.module or "").split(".")[0]]
        found = RUNNING_MODULES.intersection(names)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found |= RUNNING_CALLS & {node.func.id}
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found |= RUNNING_ATTRIBUTES & {f"{node.value.id}.{node.attr}"}
        if isinstance(node, ast.keyword) and node.arg in ("shell", "allow_pickle"):
            found |= {node.arg}
        yield from (f"{path.name}:{getattr(node, 'lineno', '?')} uses {name}" for name in found)


def test_no_code_runs_what_it_reads() -> None:
    assert len(CODE) > 100
    assert [danger for path in CODE for danger in dangers(path)] == []


def test_dangers_are_seen(tmp_path: Path) -> None:
    lines = {
        "import pickle": "pickle",
        "from pickle import loads": "pickle",
        "torch.load(path)": "torch.load",
        "x = eval(text)": "eval",
        "subprocess.run(line, shell=True)": "shell",
    }
    for line, name in lines.items():
        (tmp_path / "m.py").write_text(line)
        assert list(dangers(tmp_path / "m.py")) == [f"m.py:1 uses {name}"]


def test_no_token_of_the_shipped_model_reads_writes_or_defines() -> None:
    vocabulary: list[str] = json.loads((SHIPPED / VOCABULARY).read_text("utf-8"))
    objections = {objection([token]) for token in vocabulary} - {None}
    assert len(vocabulary) > 300
    assert all(re.search("group|environment", text or "") for text in objections)
    assert "may not use" not in " ".join(filter(None, objections))


class Harm:
    """Unpickling it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("name", [WEIGHTS, CONFIG, VOCABULARY])
def test_a_checkpoint_that_would_run_is_refused(
    name: str, checkpoint: Path, tmp_path: Path
) -> None:
    folder, made = tmp_path / "checkpoint", tmp_path / "made"
    shutil.copytree(checkpoint, folder)
    data = pickle.dumps(Harm(made))
    (folder / name).write_bytes(data)
    (folder / "pytorch_model.bin").write_bytes(data)
    with pytest.raises(CheckpointError):
        load_checkpoint(folder)
    assert not made.exists()
    pickle.loads(data)  # it would have
    assert made.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"vocab_size": 10**12},
        {"dim": -1},
        {"dim": "__import__('os')"},
        {"kind": "os.system"},
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(
    changes: dict[str, object], checkpoint: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "checkpoint"
    shutil.copytree(checkpoint, folder)
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(config | changes))
    with pytest.raises(I2LError):
        load_checkpoint(folder)
