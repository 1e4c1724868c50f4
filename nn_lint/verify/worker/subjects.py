"""From a request's subject to its class: the place of the file in its package, its module on demand, the class
itself."""

from __future__ import annotations

import ast
import importlib
import re
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Optional, Tuple

from .loading import DemandModule, ProjectFinder, make_module, provide
from .protocol import Message
from .stubs import Loading

KEPT = {__name__.partition(".")[0], "__main__", "torch"}


class NotReachable(Exception):
    """The class cannot be reached by its name: it is made inside a function."""


@dataclass(frozen=True)
class Asked:
    """Arguments and inputs as the user wrote them, and where; None leaves the choice."""

    arguments: Optional[str]
    inputs: Optional[str]
    origin: str


@dataclass(frozen=True)
class Target:
    """A class that is loaded: its module, its definition in the text, its path in rows of tracebacks, and the paths of
    other files that may use it, and what the user asked to be run."""

    name: str
    path: str
    module: DemandModule
    node: ast.ClassDef
    cls: type
    callers: Tuple[str, ...] = ()
    asked: Tuple[Asked, ...] = ()

    @property
    def home(self) -> str:
        """The path of the file that the class stands in; `path` may be that of a file that uses it."""
        return getattr(sys.modules.get(self.cls.__module__), "__file__", None) or self.path

    @property
    def tree(self) -> ast.Module:
        """The whole text."""
        return self.module._table.tree


def load_target(subject: Message) -> Target:
    """Load the class of a subject; what its module's text raises on the way goes through."""
    path, name = str(subject["path"]), str(subject["class_name"])
    module = load_module(subject)
    node = definition_of(module._table.tree, name)
    if node is None:
        raise NotReachable(f"{name} is not defined at the top of the module or of a class")
    first, *rest = name.split(".")
    provide(module, first)
    found: Any = module.__dict__[first]
    for part in rest:
        found = getattr(found, part)
    if not isinstance(found, type):
        raise NotReachable(f"{name} is not a class once its module has run")
    asked = tuple(Asked(**each) for each in subject["asked"])
    return Target(name, path, module, node, found, tuple(subject["callers"]), asked)


def load_module(subject: Message) -> DemandModule:
    """The subject's module, of which nothing has run, put up under the name that its package gives it."""
    path = Path(subject["path"])
    root, name = place_in_package(path, subject["text"])
    roots = [root, *(Path(entry) for entry in subject["roots"])]
    holds_installed = any(root.glob("*.dist-info")) or str(root) in sys.path
    only = name.partition(".")[0] if holds_installed else None
    texts = {str(path): subject["text"]}
    loading = Loading()
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, ProjectFinder)]
    finder = ProjectFinder(roots, only, texts, loading)
    sys.meta_path.insert(0, finder)
    forget(name, finder)
    module = make_module(name, str(path), subject["text"], loading)
    finder.known[str(path)] = module
    is_package = path.name == "__init__.py"
    module.__package__ = name if is_package else name.rpartition(".")[0]
    if is_package:
        module.__path__ = [str(path.parent)]
    if module.__package__ and module.__package__ != name:
        importlib.import_module(module.__package__)
    sys.modules[name] = module
    return module


def forget(name: str, finder: ProjectFinder) -> None:
    """Drop what an earlier text of the same project left behind, so that each text sees only itself; and what is
    installed under a name that the project itself has."""
    tops = {known.partition(".")[0] for known in sys.modules}
    own = {top for top in tops if top not in KEPT and finder.find_spec(top) is not None}
    for known, module in list(sys.modules.items()):
        if isinstance(module, DemandModule) or known == name or known.partition(".")[0] in own:
            del sys.modules[known]


def place_in_package(path: Path, text: str) -> Tuple[Path, str]:
    """The folder that absolute imports start from, and the module's dotted name.

    A folder belongs to the package when it has an `__init__.py`, or when a relative import of the text reaches over it.
    """
    depth = 0
    folder = path.parent
    while (folder / "__init__.py").is_file():
        depth += 1
        folder = folder.parent
    levels = [len(dots) for dots in re.findall(r"^[ \t]*from[ \t]+(\.+)", text, re.MULTILINE)]
    depth = max([depth, *levels])
    depth = min(depth, len(path.parents) - 1)
    parts = [*path.parts[len(path.parts) - 1 - depth : -1]]
    if path.name != "__init__.py":
        parts.append(path.stem)
    return path.parents[depth], ".".join(parts) or path.stem


def definition_of(tree: ast.Module, name: str) -> Optional[ast.ClassDef]:
    """The last definition of a qualified class name, at the top level or under `if` and `try` there."""
    body: List[ast.stmt] = tree.body
    found: Optional[ast.ClassDef] = None
    for part in name.split("."):
        found = None
        for node in flat(body):
            if isinstance(node, ast.ClassDef) and node.name == part:
                found = node
        if found is None:
            return None
        body = found.body
    return found


def flat(body: List[ast.stmt]) -> List[ast.stmt]:
    """Statements of a body, those inside `if`, `try` and `with` too."""
    result: List[ast.stmt] = []
    for node in body:
        result.append(node)
        if isinstance(node, (ast.If, ast.Try, ast.With)):
            inner = [*node.body, *getattr(node, "orelse", []), *getattr(node, "finalbody", [])]
            for handler in getattr(node, "handlers", []):
                inner.extend(handler.body)
            result.extend(flat(inner))
    return result


def namespace(target: Target, names: Tuple[str, ...]) -> dict[str, Any]:
    """What an expression about the target may name: its module's names, and torch's usual ones where the module has
    none."""
    import functools

    import torch

    for name in names:
        provide(target.module, name)
    usual = {"torch": torch, "nn": torch.nn, "functools": functools, "partial": functools.partial}
    usual["SimpleNamespace"] = types.SimpleNamespace
    return {**usual, **target.module.__dict__}
