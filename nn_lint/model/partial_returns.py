"""`return`s of a method that stand too deep: in the first turn of a loop, or below a condition at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import libcst as cst

from nn_lint.model.endings import Ending
from nn_lint.model.lost_results import has_effects
from nn_lint.model.method import Method, names, target_names
from nn_lint.model.syntax import dotted, self_attribute, simple_statements, walk

_GROWING = frozenset({"append", "extend", "add"})


def first_turn_returns(method: Method) -> Iterator[cst.Return]:
    """The `return` that ends every turn of a loop and gives what the turns build up."""
    for loop in walk(method.node.body, cst.For, cst.While, into_scopes=False):
        if not isinstance(loop, (cst.For, cst.While)) or _is_endless(loop) or _fails_without_turn(method, loop):
            continue
        statements = tuple(simple_statements(loop.body))
        last = statements[-1]
        if not isinstance(last, cst.Return) or last.value is None or _may_go_on(loop, last):
            continue
        turning = set(target_names(loop.target)) if isinstance(loop, cst.For) else set()
        given = {name.value for name in names(last.value)} - turning
        if any(given & set(_built_up(statement)) for statement in statements[:-1]):
            yield last


def _is_endless(loop: cst.For | cst.While) -> bool:
    """`while True`, which is left by its `return` and nothing else."""
    return isinstance(loop, cst.While) and isinstance(loop.test, (cst.Name, cst.Integer))


def runs_layers_of_self(method: Method, found: cst.Return) -> bool:
    """Whether the loop that a `return` ends calls what it takes of an attribute of `self`."""
    for loop in walk(method.node.body, cst.For, into_scopes=False):
        if isinstance(loop, cst.For) and found in tuple(simple_statements(loop.body)):
            called = {node.func.value for node in walk(loop.body, cst.Call) if _is_call_of_name(node)}  # type: ignore[attr-defined]
            is_own = any(self_attribute(node, method.receiver) for node in walk(loop.iter, cst.Attribute))
            return is_own and not called.isdisjoint(target_names(loop.target))
    return False


def _is_call_of_name(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Name)


def _fails_without_turn(method: Method, loop: cst.For | cst.While) -> bool:
    """Whether a `raise` stands behind a loop, which must then have had a turn."""
    statements = method.statements
    behind = statements[statements.index(loop) + 1 :] if loop in statements else ()
    return bool(behind) and isinstance(behind[0], cst.Raise)


def _may_go_on(loop: cst.For | cst.While, last: cst.Return) -> bool:
    """Whether the loop chooses: it skips turns, or ends in other ways too."""
    jumps = walk(loop.body, cst.Continue, cst.Break, cst.Return, into_scopes=False)
    return any(node is not last for node in jumps)


def _built_up(statement: cst.CSTNode) -> Iterator[str]:
    """The names that a statement makes of themselves: `x = f(x)`, `x += y`, `xs.append(y)`."""
    if isinstance(statement, cst.Assign):
        read = {name.value for name in names(statement.value)}
        bound = {name for item in statement.targets for name in target_names(item.target)}
        yield from read & bound
    elif isinstance(statement, cst.AugAssign) and isinstance(statement.target, cst.Name):
        yield statement.target.value
    elif isinstance(statement, cst.Expr) and isinstance(statement.value, cst.Call):
        owner, _, name = (dotted(statement.value.func) or "").rpartition(".")
        if name in _GROWING:
            yield owner


def may_give_nothing(method: Method) -> bool:
    """Whether the annotation or the docstring says that the result may be `None`."""
    annotation = method.node.returns
    text = "" if annotation is None else method.syntax.text(annotation.annotation)
    return "None" in text or "Optional" in text or re.search(r"\bNone\b", method.node.get_docstring() or "") is not None


def return_below_condition(method: Method, ends: Sequence[Ending]) -> cst.Return | None:
    """The `return` in a last `if` without `else`, where there is a result to return without it too."""
    last = method.statements[-1]
    if len(ends) != 1 or ends[0].statement is not last or not isinstance(last, cst.If):
        return None
    body = tuple(simple_statements(last.body))
    found = body[-1]
    if last.orelse is not None or not isinstance(found, cst.Return) or found.value is None:
        return None
    tested = {name.value for name in names(last.test)}
    given = {name.value for name in names(found.value)} - tested
    before = {name for item in method.statements[:-1] for name in _bound(item)}
    before |= {item.name for item in method.parameters if item.name != method.receiver}
    updated = {name for item in body[:-1] for name in _built_up(item)}
    if _asks_for_optional(method, last.test) and _drops_layers(method, last) and not has_effects(method):
        return found
    is_ready = isinstance(found.value, cst.Name) or not any(True for _ in walk(found.value, cst.Call))
    is_plain = len(body) == 1 and bool(given & before) and not tested & before and is_ready
    return found if given & before & updated or (is_plain and _is_switch(last.test)) else None


def return_below_two_conditions(method: Method, ends: Sequence[Ending]) -> cst.Return | None:
    """The `return` in an `if` without `else`, itself the end of one side of a last `if`, whose other side returns.

    The other side gives a name that a layer made before both, and that the inner `return` uses: it was not to be lost.
    """
    last = method.statements[-1]
    if len(ends) != 1 or not isinstance(last, cst.If) or not isinstance(last.orelse, cst.Else):
        return None
    sides = [tuple(simple_statements(side)) for side in (last.body, last.orelse.body)]
    inner = next((side[-1] for side in sides if side[-1] is ends[0].statement), None)
    other = next((side[-1] for side in sides if side[-1] is not inner), None)
    if not isinstance(inner, cst.If) or inner.orelse is not None or not isinstance(other, cst.Return):
        return None
    found = tuple(simple_statements(inner.body))[-1]
    if not isinstance(found, cst.Return) or found.value is None or not isinstance(other.value, cst.Name):
        return None
    asks_for_none = isinstance(inner.test, cst.Name) or "None" in method.syntax.text(inner.test)
    if asks_for_none and not _asks_for_optional(method, inner.test):
        return None
    is_used = other.value.value in {name.value for name in names(found.value)}
    is_made = any(other.value.value in _bound(item) for item in method.statements[:-1])
    return found if is_used and is_made and not has_effects(method) else None


def _asks_for_optional(method: Method, test: cst.BaseExpression) -> bool:
    """`labels is not None` and `labels`, of a parameter that is `None` where nothing is given."""
    text = method.syntax.text(test).removesuffix(" is not None")
    optional = (item for item in method.parameters if isinstance(item.node.default, cst.Name))
    return any(item.name == text and method.syntax.text(item.node.default or test) == "None" for item in optional)


def _drops_layers(method: Method, last: cst.If) -> bool:
    """Whether what a layer made before the condition is only read below it."""
    read = {name.value for name in names(last.body)}
    return any(
        isinstance(item, cst.Assign)
        and isinstance(item.value, cst.Call)
        and self_attribute(item.value.func, method.receiver) is not None
        and not read.isdisjoint(_bound(item))
        for item in method.statements[:-1]
    )


def _is_switch(test: cst.BaseExpression) -> bool:
    """`self.training`, `not self.eval_mode`: a state of the module, and nothing about what it is given."""
    inner = test.expression if isinstance(test, cst.UnaryOperation) else test
    return isinstance(inner, cst.Attribute)


def _bound(statement: cst.CSTNode) -> Iterator[str]:
    if isinstance(statement, cst.Assign):
        for item in statement.targets:
            yield from target_names(item.target)
