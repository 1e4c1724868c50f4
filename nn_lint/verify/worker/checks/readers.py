"""Who else has to do with an attribute of a class: its methods, its heirs, and code that holds an instance."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Set, Tuple

from ..attempt import Failure, attempt
from ..loading import DemandModule, read_text
from ..subjects import Target
from .sources import definitions

_SETTING_UP = re.compile(r"init|reset|__setstate__|load_state|state_dict")
_AT_LARGE = re.compile(
    r"\.(named_)?(children|modules|parameters)\(|_modules\b|_parameters\b|\b(getattr|vars|eval|exec)\(|__dict__"
)
MOST_FILES = 6000


def is_read(cls: type, attribute: str, target: Target) -> bool:
    """Whether anybody might read an attribute of a class: the class or its bases after they are set up, its heirs, or
    code that holds an instance. True where that cannot be told."""
    known = definitions(cls)
    if not known or any(reads(node, attribute) for _, node in known):
        return True
    family = {node.name for _, node in known}
    mine = {id(node) for _, node in known}
    trees: Dict[str, ast.AST] = dict(own_trees(known, target))
    if any(read_elsewhere(tree, attribute, family, mine) for tree in trees.values()):
        return True
    return any(named_in_text(text, attribute, family) for text in project_texts(target, set(trees)))


def own_trees(known: List[Tuple[str, ast.ClassDef]], target: Target) -> Iterator[Tuple[str, ast.AST]]:
    """The trees of the files that the classes stand in, and of those that may use them."""
    yield target.path, target.tree
    for path in {*(path for path, _ in known), *target.callers} - {target.path}:
        module = next((each for each in list(sys.modules.values()) if getattr(each, "__file__", None) == path), None)
        tree = module._table.tree if isinstance(module, DemandModule) else parsed(path)
        if tree is not None:
            yield path, tree


def parsed(path: str) -> Optional[ast.AST]:
    """The tree of a file; None where it cannot be read."""
    outcome = attempt(lambda: ast.parse(read_text(Path(path))))
    return None if isinstance(outcome, Failure) else outcome.value


def reads(definition: ast.ClassDef, attribute: str) -> bool:
    """Whether a class reads its attribute, or might: it goes through all of its parts, or looks them up by name."""
    for method in definition.body:
        sets_up = isinstance(method, ast.FunctionDef) and _SETTING_UP.search(method.name) is not None
        if not sets_up and _AT_LARGE.search(ast.unparse(method)):
            return True
        idle = set(initialised(method)) if sets_up else set()
        for node in ast.walk(method):
            if node not in idle and is_reading(node, attribute):
                return True
    return False


def uses(definition: ast.ClassDef, attribute: str) -> int:
    """How often a class reads its attribute outside of what sets it up."""
    methods = [node for node in definition.body if isinstance(node, ast.FunctionDef)]
    read = [method for method in methods if not _SETTING_UP.search(method.name)]
    return sum(is_reading(node, attribute) for method in read for node in ast.walk(method))


def initialised(method: ast.stmt) -> Iterator[ast.AST]:
    """What a method that sets up reads only to give it values: arguments of `init` functions, and `self.a.weight`."""
    for node in ast.walk(method):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            yield node.value
        elif isinstance(node, ast.Call) and "init" in ast.unparse(node.func):
            yield from (part for argument in node.args for part in ast.walk(argument))


def is_reading(node: ast.AST, attribute: str) -> bool:
    """Whether a node reads an attribute of this name, or spells it."""
    if isinstance(node, ast.Attribute):
        return node.attr == attribute and isinstance(node.ctx, ast.Load)
    return isinstance(node, ast.Constant) and node.value == attribute


def read_elsewhere(tree: ast.AST, attribute: str, family: Set[str], mine: Set[int]) -> bool:
    """Whether code outside of the classes reads the attribute: an heir from itself, anybody else from another."""
    for node in ast.iter_child_nodes(tree):
        if id(node) in mine:
            continue
        if isinstance(node, ast.ClassDef):
            bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
            if bases & family:
                family.add(node.name)
                if reads(node, attribute):
                    return True
            elif any(is_reading(each, attribute) and not is_own(each) for each in ast.walk(node)):
                return True
        elif any(is_reading(each, attribute) for each in ast.walk(node)):
            return True
    return False


def is_own(node: ast.AST) -> bool:
    """Whether a node reads from `self` itself."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def project_texts(target: Target, known: Set[str]) -> Iterator[str]:
    """The texts of the other files of the package that the target stands in."""
    folder = Path(target.path).parent
    while (folder.parent / "__init__.py").is_file():
        folder = folder.parent
    for number, path in enumerate(folder.rglob("*.py")):
        if number >= MOST_FILES:
            return
        if str(path) not in known:
            outcome = attempt(lambda path=path: read_text(path))  # type: ignore[misc]
            if not isinstance(outcome, Failure):
                yield outcome.value


def named_in_text(text: str, attribute: str, family: Set[str]) -> bool:
    """Whether a text reads an attribute of this name from something else than `self`, or knows the class too."""
    if attribute not in text:
        return False
    word = re.escape(attribute)
    if re.search(rf"(?<!\bself)\.{word}\b(?!\s*=[^=])|[\"']{word}[\"']", text):
        return True
    knows = re.search(rf"\b({'|'.join(map(re.escape, sorted(family)))})\b", text)
    return knows is not None and re.search(rf"\bself\.{word}\b", text) is not None


def sets_up_later(definition: ast.ClassDef) -> bool:
    """Whether a class has a method beside `__init__` that gives values to what it holds."""
    return any(
        isinstance(method, ast.FunctionDef) and method.name != "__init__" and _SETTING_UP.search(method.name)
        for method in definition.body
    )


def is_mentioned_elsewhere(known: List[Tuple[str, ast.ClassDef]], attribute: str, target: Target) -> bool:
    """Whether code outside of the classes names the attribute of an instance, or asks whether something is one."""
    family = {node.name for _, node in known}
    mine = {id(node) for _, node in known}
    trees = dict(own_trees(known, target))
    if any(read_elsewhere(tree, attribute, set(family), mine) for tree in trees.values()):
        return True
    asked = re.compile(rf"isinstance\([^()]*\b({'|'.join(map(re.escape, sorted(family)))})\b")
    if any(asked.search(ast.unparse(tree)) for tree in trees.values()):
        return True
    texts = project_texts(target, set(trees))
    return any(asked.search(text) or named_in_text(text, attribute, family) for text in texts)
