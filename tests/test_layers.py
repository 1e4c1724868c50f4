"""The house: each floor imports only itself and the floors below it, and torch stays in the worker."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nn_lint

PACKAGE = Path(nn_lint.__file__).parent
FLOORS = (
    ("diagnostic", "config"),
    ("source",),
    ("suppression", "baseline", "project"),
    ("cache",),
    ("model",),
    ("fixing",),
    ("rules",),
    ("verify",),
    ("engine",),
    ("proving",),
    ("runner",),
    ("report",),
    ("cli", "pytest_plugin", "lsp"),
    ("__main__",),
)
LEVELS = {name: level for level, names in enumerate(FLOORS) for name in names}
FILES = sorted(file for file in PACKAGE.rglob("*.py") if file != PACKAGE / "__init__.py")
WORKER = PACKAGE / "verify" / "worker"


def imports(file: Path) -> Iterator[str]:
    """The full names of what a file imports, wherever the import stands."""
    package = ("nn_lint", *file.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*start, *([node.module] if node.module else [])))
            yield from (f"{base}.{alias.name}" for alias in node.names)


def floor_of(file: Path) -> int:
    return LEVELS[file.relative_to(PACKAGE).parts[0].removesuffix(".py")]


def own(names: Iterator[str]) -> Iterator[str]:
    return (name for name in names if name.split(".")[0] == "nn_lint")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_no_import_goes_up(file: Path) -> None:
    floors = {name: LEVELS.get(name.split(".")[1], 0) for name in own(imports(file))}
    assert not {name for name, floor in floors.items() if floor > floor_of(file)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_only_the_worker_imports_torch(file: Path) -> None:
    if not file.is_relative_to(WORKER):
        assert not {name for name in imports(file) if name.split(".")[0] in ("torch", "numpy")}


@pytest.mark.parametrize("file", sorted(WORKER.rglob("*.py")), ids=lambda file: file.name)
def test_the_worker_needs_nothing_but_torch(file: Path) -> None:
    foreign = {name for name in imports(file) if name.split(".")[0] not in {*sys.stdlib_module_names, "torch", "numpy"}}
    assert not {name for name in foreign if not name.startswith("nn_lint.verify.worker")}


def test_only_the_worker_knows_the_worker() -> None:
    for file in FILES:
        if not file.is_relative_to(WORKER):
            assert not [name for name in imports(file) if name.startswith("nn_lint.verify.worker")], file
