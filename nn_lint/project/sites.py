"""Where instances of a class are made, in its own file and in the files that mention it."""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from nn_lint.project.extract import dotted
from nn_lint.project.facts import ClassFacts
from nn_lint.project.files import ProjectFile
from nn_lint.project.hierarchy import Hierarchy, ProjectClass

_CONTAINERS = ("Sequential", "ModuleList", "append", "extend", "insert", "add_module", "register_module")
_NEUTRAL_CALLS = ("isinstance", "issubclass", "type", "super", "print", "repr", "len", "cast")
_ALIASING_CALLS = ("partial", "dict", "setdefault", "get", "update")
_Scope = tuple[ast.AST, ...]


class SiteKind(Enum):
    """What happens to the class, or to an instance, where it is named."""

    STACKED = "an element of a list, a Sequential or an append"
    ATTRIBUTE = "assigned to an attribute"
    PASSED = "the class itself is handed to a method that builds layers, or to the constructor of a network"
    ALIASED = "the class gets another name, or stands in a table or as a default"
    SUBCLASSED = "a base of another class"
    NEUTRAL = "a type check, an annotation, an instance at module level or in a test"
    HIDDEN = "returned, wrapped, or handed to something that cannot be followed"


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


def find_mentions(cls: ProjectClass, hierarchy: Hierarchy) -> Iterator[tuple[ProjectFile, _Scope, ClassFacts | None]]:
    """Every expression that stands for a class, with the nodes around it, outermost first, and the class around it."""
    for file in hierarchy.files.mentioning(cls.facts.name, cls.file):
        if not _may_see(cls, file) or file.text.tree is None or not _sees(cls, file, hierarchy):
            continue
        for chain in _mentions(file, cls.facts.name):
            within = _enclosing_class(chain, file)
            if hierarchy.resolve(dotted(chain[-1]), file, within) == cls:  # type: ignore[arg-type]
                yield file, chain, within


def _may_see(cls: ProjectClass, file: ProjectFile) -> bool:
    """Whether the text of a file imports the name, takes it of a module, or imports all of some module."""
    if file is cls.file:
        return True
    name = re.escape(cls.facts.name)
    brings = rf"\bimport\b[^\n(]*\b{name}\b|\bimport\s*\([^)]*\b{name}\b|\.{name}\b|\bimport\s*\*"
    return re.search(brings, file.text.content) is not None


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


def _mentions(file: ProjectFile, name: str) -> Iterator[_Scope]:
    """Each expression that ends in the name, with all nodes around it, outermost first.

    Only nodes over rows in which the name stands are looked into.
    """
    word = re.compile(rf"\b{re.escape(name)}\b")
    rows = sorted({file.text.lines.position(match.start()).row for match in word.finditer(file.text.content)})
    assert file.text.tree is not None, "asked only of files that CPython reads"
    pending: list[_Scope] = [(file.text.tree,)]
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


def _enclosing_class(chain: _Scope, file: ProjectFile) -> ClassFacts | None:
    row = next((node.lineno for node in reversed(chain) if isinstance(node, ast.ClassDef)), None)
    return next((facts for facts in file.facts.classes if facts.row == row), None)


def _site(chain: _Scope, file: ProjectFile, within: ClassFacts | None, hierarchy: Hierarchy) -> Site:
    node, parent = chain[-1], chain[-2]
    row = getattr(node, "lineno", 1)
    holder = ProjectClass(file, within) if within is not None else None
    if file.path.name.startswith("test_"):
        return Site(SiteKind.NEUTRAL, holder, row)
    if isinstance(parent, ast.Call) and parent.func is node:
        in_code = any(isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) for item in chain)
        return Site(_instance(chain[:-1], in_code=in_code), holder, row)
    return _class_itself(chain, holder, row, file, within, hierarchy)


def _instance(chain: _Scope, *, in_code: bool) -> SiteKind:
    """What becomes of an instance: the first node around it that decides."""
    child = chain[-1]
    for node in reversed(chain[:-1]):
        if isinstance(node, (ast.List, ast.Tuple, ast.ListComp, ast.GeneratorExp)):
            return SiteKind.STACKED
        if isinstance(node, ast.Call):
            name = dotted(node.func).split(".")[-1]
            if child is node.func or isinstance(child, ast.Attribute):
                return SiteKind.HIDDEN if in_code else SiteKind.NEUTRAL
            return SiteKind.STACKED if name in _CONTAINERS else SiteKind.HIDDEN if in_code else SiteKind.NEUTRAL
        if isinstance(node, ast.Assign):
            if all(isinstance(target, ast.Attribute) for target in node.targets):
                return SiteKind.ATTRIBUTE
            if all(isinstance(target, ast.Subscript) for target in node.targets):
                return SiteKind.STACKED
            return _of_local(node, chain) if in_code else SiteKind.NEUTRAL
        if isinstance(node, (ast.Return, ast.Yield, ast.Lambda)):
            return SiteKind.HIDDEN
        if isinstance(node, ast.AugAssign):
            return SiteKind.STACKED
        if isinstance(node, ast.stmt):
            break
        child = node
    return SiteKind.HIDDEN if in_code else SiteKind.NEUTRAL


def _of_local(assignment: ast.Assign, chain: _Scope) -> SiteKind:
    """What becomes of an instance that gets a local name: all uses of the name must be seen."""
    target = assignment.targets[0]
    functions = [node for node in chain if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    if len(assignment.targets) > 1 or not isinstance(target, ast.Name) or not functions:
        return SiteKind.HIDDEN
    outer = chain[: chain.index(functions[-1])]
    kinds = {_instance((*outer, *use), in_code=True) for use in _reads_of(target.id, functions[-1])}
    return (
        kinds.pop() if len(kinds) == 1 and assignment not in _rebinding(functions[-1], target.id) else SiteKind.HIDDEN
    )


def _rebinding(function: ast.AST, name: str) -> list[ast.Assign]:
    """The assignments that make a new value of an old one of the same name: `layer = wrap(layer)`."""
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and any(_is_read(item, name) for item in ast.walk(node.value))
    ]


def _reads_of(name: str, function: ast.AST) -> Iterator[_Scope]:
    """The places where a function reads a name, with the nodes around them."""
    pending: list[_Scope] = [(function,)]
    while pending:
        chain = pending.pop()
        if _is_read(chain[-1], name):
            yield chain
        pending.extend((*chain, child) for child in ast.iter_child_nodes(chain[-1]))


def _is_read(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)


def _class_itself(
    chain: _Scope,
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
    kinds = [_instance(chain[:-1], in_code=True) for chain in _calls_of(parameter, function)]
    return bool(kinds) and all(kind is SiteKind.STACKED for kind in kinds)


def _calls_of(name: str, function: ast.FunctionDef) -> Iterator[_Scope]:
    """The calls of a name in a function, with the nodes around them and the name itself."""
    pending: list[_Scope] = [(function,)]
    while pending:
        chain = pending.pop()
        node = chain[-1]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield (*chain, node.func)
        pending.extend((*chain, child) for child in ast.iter_child_nodes(node))


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
    return any(_is_read(item, name) for item in (*call.args, *(word.value for word in call.keywords)))
