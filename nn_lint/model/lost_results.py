"""What a `forward` computed last and does not return, on the paths that reach its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.discarded import is_thrown_away
from nn_lint.model.endings import Ending, is_print, returns
from nn_lint.model.expressions import Flow
from nn_lint.model.inplace import in_place
from nn_lint.model.method import Method, names, target_names
from nn_lint.model.occurrences import name_occurrences
from nn_lint.model.syntax import self_attribute, walk
from nn_lint.model.values import Kind, Value
from nn_lint.project.hierarchy import ProjectClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_OWN_MEMORY = frozenset({Kind.LAYER, Kind.ADD, Kind.SUBTRACT, Kind.MULTIPLY, Kind.CONCATENATE})
_COMPUTED = _OWN_MEMORY | {Kind.OPERATION, Kind.ITEM}
_CASTS = frozenset({"to", "type", "float", "half", "double", "cuda", "cpu"})
_OUTSIDE = (cst.Global, cst.Nonlocal, cst.Yield)


@dataclass(frozen=True, slots=True)
class LostResult:
    """A result and the statement that makes it last. `name` holds it; without one the statement is an expression."""

    ending: Ending
    name: str | None


def nothing_is_meant(cls: ModuleClass, method: Method) -> bool:
    """Whether a forward may well return nothing: something else makes the result, or it says so itself.

    A `__call__` of the class may do with the `None` what it likes; a forward that runs its parent's is half of one.
    """
    return cls.defines("__call__") or _runs_parent(method) or returns_on_purpose(method)


def _runs_parent(method: Method) -> bool:
    """Whether it calls its parent's, other than for the result."""
    statements = walk(method.node.body, cst.Expr)
    return any(name.value == "super" for statement in statements for name in names(statement))


def returns_on_purpose(method: Method) -> bool:
    """Whether a method is declared to return nothing, yields, or is wrapped by something that cannot be looked into."""
    annotation = method.node.returns
    if annotation is not None and method.syntax.text(annotation.annotation).strip("'\"") in ("None", "NoReturn"):
        return True
    if any(not name.startswith(("torch.", "staticmethod")) for name in method.decorators):
        return True
    return any(True for _ in walk(method.node.body, *_OUTSIDE, into_scopes=False))


def is_result_used(cls: ModuleClass, name: str) -> bool:
    """Whether what `self.name(...)` gives is handed to another call, or named and then read in the same method."""
    for method in cls.methods:
        called = set(cls.calls_on_self(name)) & set(walk(method.node.body, cst.Call))
        for node in walk(method.node.body, cst.Call, cst.Assign) if called else ():
            if isinstance(node, cst.Call) and any(item.value in called for item in node.args):
                return True
            target = node.targets[0].target if isinstance(node, cst.Assign) and node.value in called else None
            if isinstance(target, cst.Name) and _is_handed_on(method, target.value):
                return True
    return False


def _is_handed_on(method: Method, name: str) -> bool:
    """Whether a local name is an argument of a call, or a side of an operation."""
    return any(
        isinstance(chain[-2], (cst.Arg, cst.BinaryOperation)) for chain in name_occurrences(method.node.body, name)
    )


def lost_result(cls: ModuleClass, method: Method, flow: Flow, ending: Ending) -> LostResult | None:
    """The result that the last statement of a path makes for nobody; `None` where it may have another effect."""
    node = ending.statement
    if ending.is_looped and has_effects(method):
        return None
    if isinstance(node, cst.Expr):
        is_result = _is_bare_result(cls, flow, node) or (_promises_tensor(method) and _is_all_there_is(flow, node))
        return LostResult(ending, None) if is_result else None
    if isinstance(node, cst.Return):
        return _before_return(method, flow, ending)
    bound = _bound(node)
    values = [value for name, statement, value in flow.bound if statement is node and name in bound]
    is_fresh = bool(bound) and bool(values) and all(_is_fresh(cls, flow, node, value) for value in values)
    if not is_fresh or any(name.startswith("_") for name in bound):
        return None
    return LostResult(ending, ", ".join(bound))


def _bound(node: cst.CSTNode) -> tuple[str, ...]:
    """The local names that a statement binds, where it binds nothing else."""
    if isinstance(node, cst.Assign):
        targets = [item.target for item in node.targets]
    elif isinstance(node, cst.AugAssign) or (isinstance(node, cst.AnnAssign) and node.value is not None):
        targets = [node.target]
    else:
        return ()
    allowed = (cst.Name, cst.Tuple, cst.List, cst.Element, cst.Comma, cst.LeftParen, cst.RightParen)
    inner = (item for target in targets for item in walk(target))
    plain = all(isinstance(item, (*allowed, cst.BaseParenthesizableWhitespace)) for item in inner)
    return tuple(target_names(targets[0])) if plain and len(targets) == 1 else ()


def _is_fresh(cls: ModuleClass, flow: Flow, node: cst.CSTNode, value: Value) -> bool:
    """Whether the value is a new one: not written into what the caller holds, nor the result of an unknown deed."""
    if not value.depends or (isinstance(value.node, cst.Call) and _has_out(value.node)):
        return False
    if isinstance(node, cst.AugAssign):
        before = flow.made.get(node.target)
        return before is not None and before.kind in _OWN_MEMORY
    if value.kind is Kind.UNKNOWN:
        read = {item.value for item in walk(node.value, cst.Name) if isinstance(item, cst.Name)}  # type: ignore[attr-defined]
        return bool(read & set(_bound(node)))
    return value.kind is not Kind.INPUT and in_place(cls, value) is None


def _has_out(call: cst.Call) -> bool:
    """`torch.matmul(x, w, out=out)`."""
    return any(item.keyword is not None and item.keyword.value == "out" for item in call.args)


def _is_bare_result(cls: ModuleClass, flow: Flow, node: cst.Expr) -> bool:
    """`x`, `self.fc(x)`, `x + y` as a statement."""
    value = flow.made.get(node.value)
    if isinstance(node.value, (cst.Name, cst.Tuple, cst.Attribute)):
        return value is not None and value.depends
    if is_thrown_away(cls, flow, node) or _is_module_result(cls, flow, node) or _is_own_result(cls, flow, node):
        return True
    return value is not None and (_is_moved(value, flow) or _is_written_to_own(cls, value))


def _promises_tensor(method: Method) -> bool:
    """Whether its annotation says that it returns a tensor, or several."""
    annotation = method.node.returns
    text = method.syntax.text(annotation.annotation) if annotation is not None else ""
    return "Tensor" in text and "None" not in text and "Optional" not in text


def _is_all_there_is(flow: Flow, node: cst.Expr) -> bool:
    """Whether the call of a submodule, or the only one that computes anything of the inputs."""
    value = flow.made.get(node.value)
    if value is None or not value.depends or not isinstance(node.value, cst.Call):
        return False
    return value.kind is Kind.LAYER or not any(bound.depends for _, _, bound in flow.bound)


def _is_own_result(cls: ModuleClass, flow: Flow, node: cst.Expr) -> bool:
    """`self.encode(x)`, a method of the class that computes something of the inputs and acts on nothing."""
    value = flow.made.get(node.value)
    if value is None or not value.depends or not _is_computed(value):
        return False
    name = self_attribute(node.value.func, "self") if isinstance(node.value, cst.Call) else None
    method = cls.find_method(name) if name is not None else None
    return method is not None and not method.is_abstract and bool(returns(method)) and not _acts(method)


def _acts(method: Method) -> bool:
    return returns_on_purpose(method) or has_effects(method)


def _is_moved(value: Value, flow: Flow) -> bool:
    """`x.to(device)` of a tensor that was computed; what came in may be a dict that moves itself."""
    func = value.node.func if isinstance(value.node, cst.Call) else None
    owner = flow.made.get(func.value) if isinstance(func, cst.Attribute) and value.name in _CASTS else None
    return owner is not None and _is_computed(owner)


def _is_computed(value: Value) -> bool:
    if value.kind is Kind.CHOICE:
        return all(map(_is_computed, value.operands))
    return value.kind in _COMPUTED


def _is_written_to_own(cls: ModuleClass, value: Value) -> bool:
    """A layer that works in place on what this forward has made itself."""
    found = in_place(cls, value)
    return value.kind is Kind.LAYER and found is not None and value.operands[0].kind in _OWN_MEMORY


def _is_module_result(cls: ModuleClass, flow: Flow, node: cst.Expr) -> bool:
    """A call of a submodule whose class is read: it returns something and writes nowhere."""
    value = flow.made.get(node.value)
    layer = value.layer if value is not None and value.depends else None
    if layer is None or not isinstance(layer.cls, ProjectClass):
        return False
    forward = cls.registry.model(layer.cls).find_method("forward")
    if forward is None or returns_on_purpose(forward) or has_effects(forward):
        return False
    return any(True for item in walk(forward.node.body, cst.Return) if isinstance(item, cst.Return) and item.value)


def _before_return(method: Method, flow: Flow, ending: Ending) -> LostResult | None:
    """`x = self.fc(x)` and then a `return` of nothing, as the last two statements."""
    statements = method.statements
    before = statements[-2] if len(statements) > 1 and statements[-1] is ending.statement else None
    bound = _bound(before) if before is not None else ()
    values = [value for name, statement, value in flow.bound if statement is before and name in bound]
    fresh = bool(values) and all(value.depends and value.kind in _OWN_MEMORY for value in values)
    return LostResult(ending, ", ".join(bound)) if fresh and not has_effects(method) else None


def has_effects(method: Method) -> bool:
    """Whether a body stores into anything but local names, or calls something for its effect."""
    for node in walk(method.node.body, cst.AssignTarget, cst.AnnAssign, cst.AugAssign, cst.Expr, cst.Del):
        if isinstance(node, (cst.AssignTarget, cst.AnnAssign, cst.AugAssign)):
            acts = not isinstance(node.target, (cst.Name, cst.Tuple, cst.List))
        else:
            call = node.value if isinstance(node, cst.Expr) else None
            acts = isinstance(node, cst.Del) or (isinstance(call, cst.Call) and not is_print(call))
        if acts:
            return True
    return False
