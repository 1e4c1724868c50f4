"""Where instances of a class are made, in its own file and in the files that mention it."""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from nn_lint.project.extract import dotted
from nn_lint.project.facts import ClassFacts
from nn_lint.project.files import ProjectFile
from nn_lint.project.hierarchy import Hierarchy, ProjectClass
from nn_lint.project.outcomes import Scope, SiteKind, calls_of, is_read, outcome

_NEUTRAL_CALLS = ("isinstance", "issubclass", "type", "super", "print", "repr", "len", "cast")
_ALIASING_CALLS = ("partial", "dict", "setdefault", "get", "update")


@dataclass(frozen=True, slots=True)
class Site:
    """One mention of a class. `holder` is the class whose body it stands in, or to which it is handed."""

    kind: SiteKind
    holder: ProjectClass | None
    row: int


def find_sites(cls: ProjectClass, hierarchy: Hierarchy) -> Iterator[Site]:
    """Every mention of a class in the files that are near it."""
    for file, chain, within in find_mentions(cls, hierarchy):
        yield _site(chain, file, within, hierarchy)


def find_mentions(cls: ProjectClass, hierarchy: Hierarchy) -> Iterator[tuple[ProjectFile, Scope, ClassFacts | None]]:
    """Every expression that stands for a class, with the nodes around it, outermost first, and the class around it."""
    for file in hierarchy.files.mentioning(cls.facts.name, cls.file):
        if not may_see(cls, file) or file.text.tree is None or not _sees(cls, file, hierarchy):
            continue
        for chain in _mentions(file, cls.facts.name):
            within = _enclosing_class(chain, file)
            if hierarchy.resolve(dotted(chain[-1]), file, within) == cls:  # type: ignore[arg-type]
                yield file, chain, within


def may_see(cls: ProjectClass, file: ProjectFile) -> bool:
    """Whether the text of a file imports the name, takes it of a module, or imports all of some module."""
    name = cls.facts.name
    if file is cls.file or not file.imported_words.isdisjoint((name, "*")):
        return True
    return file.matches(rf"\.{name}")


_MODULE = re.compile(r"^[ \t]*(?:from|import)[ \t]+([.\w]+)", re.MULTILINE)


def stands_alone(file: ProjectFile, hierarchy: Hierarchy) -> bool:
    """Whether a file is a script that imports no module near it and is not imported: it meets no object of another."""
    files = hierarchy.files
    if files.open(file.path.parent / "__init__.py") is not None:
        return False
    modules = _MODULE.findall(file.text.content)
    if any(name.startswith(".") or files.locate(name, file) is not None for name in modules):
        return False
    taken = rf"(?m)^[ \t]*(?:from|import)[ \t][^\n]*\b{re.escape(file.path.stem)}\b"
    return not any(other is not file and other.matches(taken) for other in files.mentioning(file.path.stem, file))


def _sees(cls: ProjectClass, file: ProjectFile, hierarchy: Hierarchy) -> bool:
    return (
        file is cls.file
        or bool(file.facts.stars)
        or any(
            origin.endswith((cls.facts.name, cls.file.path.stem, cls.file.path.parent.name))
            for origins in file.facts.bindings.values()
            for origin in origins
        )
    )


def _mentions(file: ProjectFile, name: str) -> Iterator[Scope]:
    """Each expression that ends in the name, with all nodes around it, outermost first.

    Only nodes over rows in which the name stands are looked into.
    """
    word = re.compile(rf"\b{re.escape(name)}\b")
    rows = sorted({file.text.lines.position(match.start()).row for match in word.finditer(file.text.content)})
    assert file.text.tree is not None, "asked only of files that CPython reads"
    pending: list[Scope] = [(file.text.tree,)]
    while pending:
        chain = pending.pop()
        node = chain[-1]
        first = getattr(node, "lineno", None)
        if first is not None:
            index = bisect_left(rows, min([first, *(item.lineno for item in getattr(node, "decorator_list", ()))]))
            if index == len(rows) or rows[index] > (getattr(node, "end_lineno", None) or first):
                continue
        if isinstance(node, (ast.Name, ast.Attribute)):
            last = node.id if isinstance(node, ast.Name) else node.attr
            if last == name and isinstance(node.ctx, ast.Load):
                yield chain
                continue
        pending.extend((*chain, child) for child in ast.iter_child_nodes(node))


def _enclosing_class(chain: Scope, file: ProjectFile) -> ClassFacts | None:
    row = next((node.lineno for node in reversed(chain) if isinstance(node, ast.ClassDef)), None)
    return next((facts for facts in file.facts.classes if facts.row == row), None)


def _site(chain: Scope, file: ProjectFile, within: ClassFacts | None, hierarchy: Hierarchy) -> Site:
    node, parent = chain[-1], chain[-2]
    row = getattr(node, "lineno", 1)
    holder = ProjectClass(file, within) if within is not None else None
    if file.path.name.startswith("test_"):
        return Site(SiteKind.NEUTRAL, holder, row)
    if isinstance(parent, ast.Call) and parent.func is node:
        in_code = any(isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) for item in chain)
        return Site(outcome(chain[:-1], in_code=in_code), holder, row)
    return _class_itself(chain, holder, row, file, within, hierarchy)


def _class_itself(
    chain: Scope,
    holder: ProjectClass | None,
    row: int,
    file: ProjectFile,
    within: ClassFacts | None,
    hierarchy: Hierarchy,
) -> Site:
    """The class is named without being called."""
    child = chain[-1]
    for node, outer in zip(reversed(chain[:-1]), (*reversed(chain[:-2]), None)):
        if isinstance(node, ast.ClassDef):
            return Site(SiteKind.SUBCLASSED if child in node.bases else SiteKind.NEUTRAL, holder, row)
        if isinstance(node, ast.Tuple) and _is_type_check(outer):
            return Site(SiteKind.NEUTRAL, holder, row)
        if isinstance(node, ast.Call) and child is not node.func:
            return _handed(node, child, holder, row, file, within, hierarchy)
        if isinstance(node, (ast.Dict, ast.List, ast.Tuple, ast.Set, ast.Assign, ast.AnnAssign, ast.arguments)):
            annotation = isinstance(node, ast.AnnAssign) and child is node.annotation
            return Site(SiteKind.NEUTRAL if annotation else SiteKind.ALIASED, holder, row)
        if isinstance(node, (ast.arg, ast.FunctionDef, ast.AsyncFunctionDef, ast.Compare, ast.Attribute)):
            return Site(SiteKind.NEUTRAL, holder, row)
        if isinstance(node, (ast.Return, ast.Yield, ast.Lambda)):
            return Site(SiteKind.HIDDEN, holder, row)
        child = node
    return Site(SiteKind.NEUTRAL, holder, row)


def _is_type_check(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] in _NEUTRAL_CALLS


def _handed(
    call: ast.Call,
    child: ast.AST,
    holder: ProjectClass | None,
    row: int,
    file: ProjectFile,
    within: ClassFacts | None,
    hierarchy: Hierarchy,
) -> Site:
    """`self._make_layer(Block, 64)`, `ResNet(Block, [2, 2])`, `isinstance(module, Block)`."""
    name = dotted(call.func).split(".")[-1]
    if name in _NEUTRAL_CALLS:
        return Site(SiteKind.NEUTRAL, holder, row)
    if _is_parent_init(call) and holder is not None:
        return Site(SiteKind.PASSED, holder, row)
    if name in _ALIASING_CALLS:
        return Site(SiteKind.ALIASED, holder, row)
    if name.lstrip("_").startswith(("make", "build", "create")) and holder is not None:
        return Site(SiteKind.PASSED, holder, row)
    target = hierarchy.resolve(dotted(call.func), file, within)
    if isinstance(target, ProjectClass):
        return Site(SiteKind.PASSED, target, row)
    function = _function(name, file)
    parameter = None if function is None else _parameter(function, call, child)
    if function is None or parameter is None:
        return Site(SiteKind.HIDDEN, holder, row)
    if _only_stacks(function, parameter):
        return Site(SiteKind.STACKED, holder, row)
    network = _network_given(function, parameter, file, hierarchy)
    return Site(SiteKind.HIDDEN, holder, row) if network is None else Site(SiteKind.PASSED, network, row)


def _is_parent_init(call: ast.Call) -> bool:
    """`super().__init__(Block, [2, 2])`."""
    function = call.func
    return isinstance(function, ast.Attribute) and function.attr == "__init__" and isinstance(function.value, ast.Call)


def _parameter(function: ast.FunctionDef, call: ast.Call, child: ast.AST) -> str | None:
    """The parameter that an argument of a call fills, by position or by name."""
    names = [item.arg for item in function.args.args]
    if child in call.args:
        index = [*call.args].index(child)
        return names[index] if index < len(names) else None
    return child.arg if isinstance(child, ast.keyword) else None


def _function(name: str, file: ProjectFile) -> ast.FunctionDef | None:
    """A function of the file."""
    body = file.text.tree.body if file.text.tree is not None else []
    return next((node for node in body if isinstance(node, ast.FunctionDef) and node.name == name), None)


def _only_stacks(function: ast.FunctionDef, parameter: str) -> bool:
    """Whether a function makes a list or Sequential of the class that it gets."""
    kinds = [outcome(chain[:-1], in_code=True) for chain in calls_of(parameter, function)]
    return bool(kinds) and all(kind is SiteKind.STACKED for kind in kinds)


def _network_given(
    function: ast.FunctionDef, parameter: str, file: ProjectFile, hierarchy: Hierarchy
) -> ProjectClass | None:
    """The class that a function hands its parameter on to: `_resnet(Block, layers)` builds `ResNet(block, layers)`."""
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    found = [hierarchy.resolve(dotted(call.func), file, None) for call in calls if _gives(call, parameter)]
    networks = [item for item in found if isinstance(item, ProjectClass)]
    return networks[0] if networks and len(networks) == len(found) else None


def _gives(call: ast.Call, name: str) -> bool:
    """Whether a call has a name among its arguments."""
    return any(is_read(item, name) for item in (*call.args, *(word.value for word in call.keywords)))
