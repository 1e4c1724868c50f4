"""A `forward` that stands outside its class by its indentation: inside another method, or behind the class."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.diagnostic import Position, Span
from nn_lint.model.method import Method, bound_names, names
from nn_lint.model.syntax import simple_statements, walk
from nn_lint.project.sites import stands_alone

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass


@dataclass(frozen=True, slots=True)
class MisplacedForward:
    """The rows of the function, decorators included, and the span of its name.

    `holder` is the method around it, `None` at module level. `may_move`: it needs nothing of where it stands now.
    """

    name_span: Span
    first_row: int
    end_row: int
    holder: Method | None
    may_move: bool


def misplaced_forward(cls: ModuleClass) -> MisplacedForward | None:
    """The one `forward(self, ...)` that the class lacks and that stands beside it."""
    if "def forward" in cls.text:
        return _in_method(cls)
    return _behind_class(cls)


def _in_method(cls: ModuleClass) -> MisplacedForward | None:
    found = [(method, node) for method in cls.methods for node in _nested(method)]
    if len(found) != 1:
        return None
    method, node = found[0]
    parameters = [item.name.value for item in (*node.params.posonly_params, *node.params.params)]
    uses = [name for name in names(method.node.body) if name.value == "forward" and name is not node.name]
    if parameters[:1] != ["self"] or uses or "locals" in method.names_read:
        return None
    if any(not cls.syntax.text(item.decorator).startswith("torch.") for item in node.decorators):
        return None
    span = cls.syntax.span(node)
    file = cls.definition.file.text
    last = tuple(simple_statements(method.node.body))[-1] is node
    read = {name.value for name in names(node.body)} - {"self"}
    read |= {f"{name.value} outside" for part in (node.params, *node.decorators) for name in names(part)}
    bound = (method.locals - _bound_inside(node)) - {"self"}
    bound |= {f"{name} outside" for name in method.locals}
    decorated = [cls.syntax.span(item).start.row for item in node.decorators]
    rows = (min([span.start.row, *decorated]), span.end.row)
    is_free = last and not read & bound and file.tree is not None
    return MisplacedForward(cls.syntax.span(node.name), *rows, method, is_free)


def _nested(method: Method) -> list[cst.FunctionDef]:
    found = walk(method.node.body, cst.FunctionDef, into_scopes=False)
    return [node for node in found if isinstance(node, cst.FunctionDef) and node.name.value == "forward"]


def _bound_inside(node: cst.FunctionDef) -> frozenset[str]:
    """Parameters and names that the function binds itself."""
    parameters = {item.name.value for item in walk(node.params, cst.Param) if isinstance(item, cst.Param)}
    return frozenset(parameters) | frozenset(bound_names(node.body))


def _behind_class(cls: ModuleClass) -> MisplacedForward | None:
    """A function of the file, the first statement behind the class or behind other functions that take `self`."""
    text = cls.definition.file.text
    if cls.facts.scope or text.tree is None or "def forward" not in text.content:
        return None
    functions = _functions_behind(text.tree, cls.facts.row)
    found = [node for node in functions if node.name == "forward"]
    if len(found) != 1 or not found[0].args.args or found[0].args.args[0].arg != "self":
        return None
    if any(isinstance(node, ast.Name) and node.id == "forward" for node in ast.walk(text.tree)):
        return None
    node, lines = found[0], text.lines
    if any(not ast.unparse(item).startswith("torch.") for item in node.decorator_list) or _is_put_in(cls):
        return None
    match = re.search(r"\bforward\b", lines.row(node.lineno))
    if match is None or re.search(r"[\"']forward[\"']|\bimport\b[^\n]*\bforward\b", text.content):
        return None
    name = Span(Position(node.lineno, match.start() + 1), Position(node.lineno, match.end() + 1))
    first = min([node.lineno, *(item.lineno for item in node.decorator_list)])
    last = node.end_lineno or node.lineno
    return MisplacedForward(name, first, last, None, functions[0] is node)


def docstring_rows(tree: ast.Module, found: MisplacedForward) -> frozenset[int]:
    """The rows behind the first of the docstrings in the function: they may get another indentation."""
    inside = (node for node in ast.walk(tree) if found.first_row <= getattr(node, "lineno", 0) <= found.end_row)
    functions = (node for node in inside if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    told = [node.body[0] for node in functions if ast.get_docstring(node) is not None]
    return frozenset(row for item in told for row in range(item.lineno + 1, (item.end_lineno or item.lineno) + 1))


def _is_put_in(cls: ModuleClass) -> bool:
    """Whether functions become methods by computed names, or another file takes this one for the class."""
    taken = re.compile(rf"\b{cls.name}\.forward[ \t]*=|\bimport\b[^\n]*\bforward\b")
    own, hierarchy = cls.definition.file, cls.registry.hierarchy
    others = (
        file.text.content
        for file in hierarchy.files.mentioning(cls.name, own)
        if file is not own and not stands_alone(file, hierarchy)
    )
    return re.search(r"\b(?:globals|vars)\(\)", own.text.content) is not None or any(map(taken.search, others))


def _functions_behind(tree: ast.Module, row: int) -> list[ast.FunctionDef]:
    """The functions that take `self` and stand behind a class, before anything else."""
    index = next((place for place, node in enumerate(tree.body) if getattr(node, "lineno", 0) == row), len(tree.body))
    found: list[ast.FunctionDef] = []
    for node in tree.body[index + 1 :]:
        if not isinstance(node, ast.FunctionDef) or [item.arg for item in node.args.args[:1]] != ["self"]:
            break
        found.append(node)
    return found
