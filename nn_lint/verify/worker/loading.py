"""Loading on demand: of a module's top level only the statements run that a requested name needs."""

from __future__ import annotations
import __future__

import ast
import builtins
import importlib
import importlib.abc
import importlib.machinery
import linecache
import os
import sys
import types
from functools import partial
from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Set

from .attempt import Failure, attempt
from .statements import bound_by, rows_of, split_import, statements_in
from .stubs import Loading, Stub
from .tables import KEPT, Statement, Table


class DemandModule(types.ModuleType):
    """A module whose attributes come to be when they are first asked for."""

    def __init__(self, name: str, path: str, table: Table, loading: Loading) -> None:
        super().__init__(name)
        self.__file__ = path
        self._table = table
        self._loading = loading
        self._done: Set[Statement] = set()
        self._flags = future_flags(table.tree)
        self.__dict__.setdefault("__annotations__", {})

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return [bound for bound in self._table.binding if not bound.startswith("_")]
        if name in self._table.binding or not (name.startswith("__") and name.endswith("__")):
            provide(self, name)
        if name not in self.__dict__:
            import_for_types(self, name)
        if name in self.__dict__:
            return self.__dict__[name]
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


def provide(module: DemandModule, name: str) -> None:
    """Run the statements that bind `name` in the module, in their order, each after what it needs.

    A statement that only enters something in the registry `name` is left out where it fails: most ask for others.
    """
    statements = module._table.binding.get(name)
    if statements is None:
        if name not in module.__dict__ and not hasattr(builtins, name):
            provide_from_star(module, name)
        return
    binding = [each for each in statements if name in each.binds and each not in module._done]
    for statement in binding:
        run_after_needs(module, statement)
    for statement in binding:
        for needed in statement.later:
            provide(module, needed)
    for statement in statements:
        if statement not in module._done:
            attempt(partial(enter, module, statement))


def enter(module: DemandModule, statement: Statement) -> None:
    """Run a statement that enters something in a registry, and what the entry needs when it is called."""
    run_after_needs(module, statement)
    for needed in statement.later:
        provide(module, needed)


def run_after_needs(module: DemandModule, statement: Statement) -> None:
    """Run a statement after those that bind what it needs, unless it has run or is about to."""
    if statement in module._done:
        return
    module._done.add(statement)
    for needed in statement.now:
        provide(module, needed)
    execute(module, statement.node)


def execute(module: DemandModule, node: ast.stmt) -> None:
    """Run one top-level statement under the rows of its own file; a failing import leaves a stub behind."""
    code = compile(
        ast.Module([node], type_ignores=[]), str(module.__file__), "exec", flags=module._flags, dont_inherit=True
    )
    module._loading.depth += 1
    outcome = attempt(lambda: exec(code, module.__dict__))
    module._loading.depth -= 1
    if not isinstance(outcome, Failure):
        return
    if not isinstance(node, (ast.Import, ast.ImportFrom)):
        raise outcome.error
    alias = node.names[0]
    origin = alias.name if isinstance(node, ast.Import) else f"{'.' * node.level}{node.module or ''}.{alias.name}"
    module.__dict__[bound_by(alias)] = Stub(origin, outcome.message, module._loading)


def provide_from_star(module: DemandModule, name: str) -> None:
    """Look for `name` in the modules that are imported by `*`, the last one first."""
    for node in reversed(module._table.stars):
        source = "." * node.level + (node.module or "")
        try:
            origin = importlib.import_module(source, module.__dict__.get("__package__"))
        except ImportError:
            continue
        if hasattr(origin, name):
            module.__dict__[name] = getattr(origin, name)
            return


def import_for_types(module: DemandModule, name: str) -> None:
    """Import what others ask for and the module itself imports in a branch that did not run: `if TYPE_CHECKING:`,
    beside which packages put something that imports it when it is first asked for."""
    for statement in module._table.binding.get(name, ()):
        if not isinstance(statement.node, ast.If):
            continue
        for inner in statements_in(statement.node):
            for part in split_import(inner):
                if isinstance(part, ast.ImportFrom) and part.level and bound_by(part.names[0]) == name:
                    execute(module, part)
                    return


def future_flags(tree: ast.Module) -> int:
    """Compiler flags of the module's `from __future__` imports."""
    flags = 0
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            for alias in node.names:
                flags |= getattr(__future__, alias.name).compiler_flag
    return flags


class ProjectFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules of the project under its roots and loads them on demand; `texts` replaces what lies on the disk.

    One file is one module, under whatever names it is imported: `known` holds those that were made.
    """

    def __init__(self, roots: Sequence[Path], only: Optional[str], texts: Dict[str, str], loading: Loading) -> None:
        self.roots = tuple(roots)
        self.only = only
        self.texts = texts
        self.loading = loading
        self.known: Dict[str, types.ModuleType] = {}

    def find_spec(
        self, fullname: str, path: Optional[Sequence[str]] = None, target: Optional[types.ModuleType] = None
    ) -> Optional[importlib.machinery.ModuleSpec]:
        """The spec of a module that lies under a root; None leaves it to Python's own finders."""
        top = fullname.partition(".")[0]
        if is_standard(top) or top == "torch" or (self.only is not None and top != self.only):
            return None
        for root in self.roots:
            place = os.path.join(root, *fullname.split("."))
            for file, is_package in ((os.path.join(place, "__init__.py"), True), (place + ".py", False)):
                if os.path.isfile(file):
                    spec = importlib.machinery.ModuleSpec(fullname, self, origin=file, is_package=is_package)
                    if is_package:
                        spec.submodule_search_locations = [place]
                    return spec
            if os.path.isdir(place) and any(name.endswith(".py") for name in os.listdir(place)):
                spec = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
                spec.submodule_search_locations = [place]
                return spec
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """The module, of which nothing has run."""
        path = str(spec.origin)
        if path in self.known:
            return self.known[path]
        text = self.texts.get(path)
        if text is None:
            text = read_text(Path(path))
        return self.known.setdefault(path, make_module(spec.name, path, text, self.loading))

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing runs yet."""


def make_module(name: str, path: str, text: str, loading: Loading) -> DemandModule:
    """A module of this text, of which nothing has run; tracebacks and `inspect` see the text's own rows."""
    linecache.cache[path] = (len(text), None, rows_of(text), path)
    return DemandModule(name, path, KEPT.table(text, path), loading)


def read_text(path: Path) -> str:
    """A file's text in the encoding that it declares."""
    import tokenize

    with tokenize.open(path) as file:
        return file.read()


def is_standard(name: str) -> bool:
    """Whether a top-level name belongs to the standard library."""
    if name in sys.builtin_module_names:
        return True
    names = getattr(sys, "stdlib_module_names", None)
    if names is not None:
        return name in names
    spec = importlib.machinery.PathFinder.find_spec(name, [str(Path(types.__file__).parent)])
    return spec is not None
