"""The import rules: imports point one way, and what is heavy is loaded only where it is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LEAVES = {
    f"i2l_batch.{name}" for name in ("canonical", "config", "durable", "errors", "latex", "records")
}
SHORT_NAMES = {"models", "train", "cli"}


def package_files() -> dict[str, Path]:
    """Module name -> file, for all that is installed as `i2l_batch`."""
    files = {}
    for folder, prefix in (("i2l_batch", ""), ("models", "i2l_batch."), ("train", "i2l_batch.")):
        for path in (ROOT / folder).rglob("*.py"):
            name = prefix + ".".join(path.relative_to(ROOT).with_suffix("").parts)
            files[name.removesuffix(".__init__")] = path
    return files


FILES = package_files()


def imports(tree: ast.Module, *, deferred: bool) -> Iterator[str]:
    """Names that a module imports, `a.b` for `from a import b`.

    deferred: also those inside of functions and under TYPE_CHECKING, which loading the module does
    not follow.
    """
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif deferred or not _is_deferred(node):
            stack.extend(ast.iter_child_nodes(node))


def _is_deferred(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.unparse(node.test)
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))


def names_in(module: str, *, deferred: bool) -> list[str]:
    tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
    return sorted(set(imports(tree, deferred=deferred)))


ON_TENSORS = (
    "i2l_batch.grammar.constraint",
    "i2l_batch.grammar.loop_watch",
    "i2l_batch.models",
    "i2l_batch.train",
    "i2l_batch.picture_reader",
    "i2l_batch.transcriber",
)


def ours_in(module: str, *, deferred: bool) -> set[str]:
    """The modules of the package that a module imports."""
    ours = set()
    for name in names_in(module, deferred=deferred):
        if name.split(".")[0] == "i2l_batch":
            ours.add(name if name in FILES else name.rpartition(".")[0])
    return ours - {module}


def under(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def test_the_package_is_found() -> None:
    assert {"i2l_batch", "i2l_batch.cli", "i2l_batch.models", "i2l_batch.train"} <= FILES.keys()
    assert FILES.keys() >= LEAVES


def test_imports_make_no_circle() -> None:
    graph = {module: ours_in(module, deferred=False) for module in FILES}
    list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


@pytest.mark.parametrize("module", sorted(FILES))
def test_imports_point_one_way(module: str) -> None:
    for name in ours_in(module, deferred=True):
        assert name in FILES, f"{module} imports {name}, which does not exist"
        assert name != "i2l_batch.cli", f"{module} imports the command line"
        if under(module, *LEAVES):
            assert under(name, *LEAVES), f"{module} is a leaf and imports {name}"
        if under(module, "i2l_batch.models"):
            leaves = ("i2l_batch.durable", "i2l_batch.errors", "i2l_batch.latex")
            assert under(name, "i2l_batch.models", *leaves), f"{module} imports {name}"
        if under(name, "i2l_batch.train"):
            above = under(module, "i2l_batch.train") or module == "i2l_batch.cli"
            assert above, f"{module} imports {name}: the engine does not know the training"


@pytest.mark.parametrize("module", sorted(FILES))
def test_heavy_libraries_are_imported_where_they_are_used(module: str) -> None:
    on_load = {name.split(".")[0] for name in names_in(module, deferred=False)}
    anywhere = {name.split(".")[0] for name in names_in(module, deferred=True)}
    if not under(module, *ON_TENSORS):
        assert not on_load & {"torch", "ray"}
    if under(module, "i2l_batch.models"):  # it knows tensors, not where they come from
        assert not anywhere & {"ray", "pymupdf", "PIL", "pyarrow", "duckdb", "typer", "rich"}


@pytest.mark.parametrize(
    "path",
    sorted(
        str(path.relative_to(ROOT))
        for folder in ("i2l_batch", "models", "train", "tests", "benchmarks", "examples")
        for path in (ROOT / folder).rglob("*.py")
    ),
)
def test_nobody_uses_the_short_names(path: str) -> None:
    """In the checkout `import models` works too, and makes a second copy of every class."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert not SHORT_NAMES & {name.split(".")[0] for name in imports(tree, deferred=True)}


def loaded_by(modules: list[str], of: set[str]) -> set[str]:
    """Which libraries `of` these are loaded after a fresh interpreter imported `modules`."""
    code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return of.intersection(run.stdout.split())


def test_the_command_starts_light() -> None:
    """`i2l --help` answers at once."""
    assert loaded_by(["i2l_batch.cli"], {"torch", "ray", "pymupdf"}) == set()


def test_the_driver_of_a_run_does_without_torch() -> None:
    """Only the processes that read load it: 2 s and 200 MB."""
    assert loaded_by(["i2l_batch.pipeline"], {"torch", "ray", "pymupdf"}) == set()


def test_extraction_workers_start_without_torch() -> None:
    modules = [name for name in FILES if under(name, "i2l_batch.extract")]
    assert loaded_by(["i2l_batch.sources", "i2l_batch.store", *modules], {"torch", "ray"}) == set()
