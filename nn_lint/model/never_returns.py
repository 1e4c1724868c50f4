"""Statements that nothing comes after: they exit, or call something that always raises."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.method import Method
from nn_lint.model.syntax import dotted, walk

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_EXITS = frozenset({"sys.exit", "exit", "quit", "os._exit", "os.abort"})
_BY_NAME = re.compile(
    r"_*(?:raise|throw|fail|die|abort|panic|unreachable|unsupported|not_implemented|assert_never)(?:$|_|[A-Z])"
    r"|(?:arg_?)?parser\.(?:error|exit)$|pytest\.(?:fail|skip|exit)$"
)
_NEVER = re.compile(r"\b(?:NoReturn|Never)\b")


def ends_the_run(cls: ModuleClass, node: cst.CSTNode) -> bool:
    """`assert False`, `sys.exit()`, `self._unsupported(x)`: whether nothing comes after a statement."""
    if isinstance(node, cst.Assert):
        return isinstance(node.test, cst.Name) and node.test.value == "False"
    call = node.value if isinstance(node, (cst.Expr, cst.Assign, cst.Return)) else None
    name = dotted(call.func) if isinstance(call, cst.Call) else None
    if name is None:
        return False
    owner, _, last = name.rpartition(".")
    if name in _EXITS or _BY_NAME.match(last) or _BY_NAME.fullmatch(name):
        return True
    if not owner:
        return name in _raising_functions(cls)
    method = cls.find_method(last) if owner in ("self", "cls", cls.name) else None
    return method is not None and _always_raises(method)


def _always_raises(method: Method) -> bool:
    """Whether a method of the class has no other end than a `raise`; that of a stub waits for an heir's method."""
    returns = method.node.returns
    if returns is not None and _NEVER.search(method.syntax.text(returns.annotation)):
        return True
    last = method.statements[-1] if method.statements else None
    if not isinstance(last, cst.Raise) or "NotImplementedError" in method.syntax.text(last):
        return False
    return not any(True for _ in walk(method.node.body, cst.Return, cst.Yield, into_scopes=False))


def _raising_functions(cls: ModuleClass) -> frozenset[str]:
    """The functions of the file that never return."""
    tree = cls.definition.file.text.tree
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)] if tree is not None else []
    return frozenset(node.name for node in functions if _is_raising(node))


def _is_raising(node: ast.FunctionDef) -> bool:
    if node.returns is not None and _NEVER.search(ast.unparse(node.returns)):
        return True
    others = (ast.Return, ast.Yield, ast.YieldFrom)
    return isinstance(node.body[-1], ast.Raise) and not any(isinstance(item, others) for item in ast.walk(node))
