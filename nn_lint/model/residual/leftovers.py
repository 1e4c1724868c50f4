"""What is left of a shortcut that was forgotten: saved inputs, submodules and sums that nothing uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.diagnostic import Span
from nn_lint.model.attributes import assigned_attributes
from nn_lint.model.expressions import Flow
from nn_lint.model.layers import Layer
from nn_lint.model.method import Method, Parameter, names
from nn_lint.model.residual.evidence import reads_elsewhere
from nn_lint.model.residual.names import RESIDUAL_FLAG, SAVED_INPUT, SHORTCUT_ATTRIBUTE, SHORTCUT_CONDITION, SWITCH
from nn_lint.model.residual.routes import Return, receives_input, return_of_input
from nn_lint.model.syntax import dotted, self_attribute, walk
from nn_lint.model.values import Kind, Value, is_residual_sum
from nn_lint.project.code_text import bare_code
from nn_lint.project.hierarchy import ExternalClass, ProjectClass, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

Statement = cst.CSTNode
_CONDITIONS = (cst.Comparison, cst.BooleanOperation)
PROJECTIONS = ("downsample", "shortcut")
"""The submodules that make the input fit."""
_ONLY_A_SHORTCUT = re.compile(r"short_?cut|skip_connection|residual|identity")
"""What is no skip of a U-Net and no layer that makes things smaller."""


@dataclass(frozen=True, slots=True)
class SavedInput:
    """A local that holds the input, and is never read.

    `is_projected`: on some path it holds a projection instead. `is_named`: its name says what it is for.
    `statements` are all that bind it, where it saves the input and later what the first branch made of it.
    `is_certain`: nothing else can bring the input back.
    """

    name: str
    statements: tuple[cst.CSTNode, ...]
    is_projected: bool
    is_named: bool
    holds_input: bool
    is_certain: bool

    @property
    def statement(self) -> cst.CSTNode:
        """The first assignment."""
        return self.statements[0]


@dataclass(frozen=True, slots=True)
class DeadAttribute:
    """A shortcut that `__init__` sets and nothing reads. `raw_sum`: forward adds the bare input in its place.

    `is_certain`: nothing else can bring the input back.
    """

    name: str
    statement: cst.CSTNode
    is_flag: bool
    may_be_none: bool
    raw_sum: Value | None
    is_certain: bool


@dataclass(frozen=True, slots=True)
class LostSum:
    """A sum of input and branch whose result goes nowhere. `comparison`: it was written with `==`."""

    statement: cst.CSTNode
    value: Value
    name: str | None
    comparison: bool


def saved_inputs(cls: ModuleClass) -> Iterator[SavedInput]:
    """Dead saved inputs of a forward that adds its input nowhere; an alias by any name, where it surely does not."""
    forward, flow = cls.method("forward"), cls.flow
    if forward is None or flow is None or not _has_branch(flow):
        return
    back = return_of_input(cls)
    if back is Return.CERTAIN:
        return
    is_certain = back is Return.NONE
    read, own = reads(forward), set(walk(forward.node))
    found: dict[str, list[tuple[cst.CSTNode, Value]]] = {}
    for name, statement, value in flow.bound:
        if name not in read and statement in own and _assigned(statement, name) is not None:
            found.setdefault(name, []).append((statement, value))
    for name, bindings in found.items():
        values = [value for _, value in bindings]
        is_named = SAVED_INPUT.fullmatch(name) is not None
        holds_input = all(_is_input_or_projection(value) for value in values)
        is_alias = all(isinstance(_assigned(place, name), cst.Name) and value.depends for place, value in bindings)
        is_bare = is_alias and values[0].kind is Kind.INPUT and all(_is_alone(place) for place, _ in bindings)
        if (is_named and (holds_input or is_alias)) or (is_certain and is_bare):
            statements = tuple(dict.fromkeys(statement for statement, _ in bindings))
            projected = any(value.kind is Kind.LAYER for value in values) and holds_input
            yield SavedInput(name, statements, projected, is_named, holds_input, is_certain)


def _assigned(statement: cst.CSTNode, name: str) -> cst.BaseExpression | None:
    """What a statement assigns to a name, as it is written; what is unpacked into it is no saved input."""
    if isinstance(statement, (cst.AnnAssign, cst.NamedExpr)):
        return statement.value if _is_name(statement.target, name) else None
    if not isinstance(statement, cst.Assign):
        return None
    for target in (item.target for item in statement.targets):
        if _is_name(target, name):
            return statement.value
        if isinstance(target, cst.Tuple) and isinstance(statement.value, cst.Tuple):
            pairs = zip(target.elements, statement.value.elements)
            is_even = len(target.elements) == len(statement.value.elements)
            found = (given.value for part, given in pairs if is_even and _is_name(part.value, name))
            return next(found, None)
    return None


def _is_name(node: cst.CSTNode, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name


def _is_alone(statement: cst.CSTNode) -> bool:
    """Whether an assignment has no tuple among its targets: a name beside others may be there to fill a place."""
    return isinstance(statement, cst.Assign) and all(isinstance(item.target, cst.Name) for item in statement.targets)


def _has_branch(flow: Flow) -> bool:
    """Whether some layer stands between the input and what is returned."""
    return any(value.kind is Kind.LAYER for _, result in flow.returned for value in result.ancestors())


def _is_one_branch(flow: Flow) -> bool:
    """Whether layers of known kinds stand between one input and what is returned, and no other input is joined."""
    reached = {item for _, result in flow.returned for item in result.ancestors()}
    called = [item for item in reached if item.kind is Kind.LAYER]
    is_known = bool(called) and all(item.layer is not None and _is_known(item.layer) for item in called)
    return is_known and sum(item in reached for item in flow.inputs) == 1


def _is_known(layer: Layer) -> bool:
    """A layer of torch or a class of the project; a Sequential of such ones that is written out."""
    if layer.torch_name == "Sequential":
        return bool(layer.children) and all(map(_is_known, layer.children))
    return isinstance(layer.cls, (TorchClass, ProjectClass))


def _is_input_or_projection(value: Value) -> bool:
    if value.kind is Kind.INPUT or (value.kind is Kind.OPERATION and value.name == "clone"):
        return True
    shortcut = SHORTCUT_ATTRIBUTE.fullmatch(value.name.split(".")[-1]) is not None
    return value.kind is Kind.LAYER and (shortcut or all(item.kind is Kind.INPUT for item in value.dependent_operands))


def reads(method: Method) -> frozenset[str]:
    """The names that a body reads; names that it only assigns are not among them."""
    targets = {
        id(target)
        for node in walk(method.node.body, cst.AssignTarget, cst.AnnAssign, cst.NamedExpr)
        for target in names(node.target)  # type: ignore[attr-defined]
        if isinstance(node.target, (cst.Name, cst.Tuple, cst.List))  # type: ignore[attr-defined]
    }
    return frozenset(name.value for name in names(method.node.body) if id(name) not in targets)


def dead_attributes(cls: ModuleClass) -> Iterator[DeadAttribute]:
    """Shortcut submodules and switches that the class, its family and their users never read."""
    init, flow = cls.init, cls.flow
    if init is None or flow is None:
        return
    back = return_of_input(cls)
    merges = back is Return.CERTAIN
    read = frozenset().union(*(item.read_here for item in (cls, *cls.ancestors)))
    for attribute in dict.fromkeys(assigned_attributes(init)):
        is_condition = SHORTCUT_CONDITION.fullmatch(attribute) is not None and _is_condition(init, attribute)
        is_flag = RESIDUAL_FLAG.fullmatch(attribute) is not None or is_condition
        is_flag = is_flag or (back is Return.NONE and _is_one_branch(flow) and _is_switch(init, attribute))
        if attribute in read or not (is_flag or SHORTCUT_ATTRIBUTE.fullmatch(attribute)):
            continue
        if back is Return.POSSIBLE and not (is_flag or _ONLY_A_SHORTCUT.search(attribute)):
            continue
        raw = raw_sum(cls) if merges and attribute in PROJECTIONS else None
        if (merges and raw is None) or reads_elsewhere(cls, attribute):
            continue
        made = _assignments(init, attribute)
        found = next((item for item in made if _may_be_a_shortcut(cls, init, item, is_flag=is_flag)), None)
        if found is not None:
            yield DeadAttribute(
                attribute, found, is_flag, _is_parameter(init, found), raw, back is Return.NONE or merges
            )


def _assignments(init: Method, attribute: str) -> tuple[cst.Assign, ...]:
    """The statements that set an attribute, in the order of the text."""
    nodes = (node for node in walk(init.node.body, cst.Assign) if isinstance(node, cst.Assign))
    found = (
        node
        for node in nodes
        if any(self_attribute(target.target, init.receiver) == attribute for target in node.targets)
    )
    return tuple(found)


def _is_condition(init: Method, attribute: str) -> bool:
    return any(isinstance(item.value, _CONDITIONS) for item in _assignments(init, attribute)[:1])


def _is_switch(init: Method, attribute: str) -> bool:
    """Whether an attribute keeps a parameter that says yes or no to the shortcut, alone or as a part of a condition."""
    made = _assignments(init, attribute)[:1]
    switches = {item.name for item in init.parameters if SWITCH.fullmatch(item.name) and _says_yes_or_no(item)}
    for statement in made:
        used = {item.value for item in names(statement.value)} & switches
        if isinstance(statement.value, cst.Name):
            return bool(used) and SWITCH.fullmatch(attribute) is not None
        if isinstance(statement.value, cst.BooleanOperation):
            return any(sum(item.value == name for item in names(init.node.body)) == 1 for name in used)
    return False


def _says_yes_or_no(parameter: Parameter) -> bool:
    """Whether a parameter is true or false; `skip=False` may say that the block itself is not to be skipped."""
    if parameter.name == "skip":
        return parameter.default == "True"
    return parameter.default in ("True", "False") or parameter.annotation == "bool"


def _is_parameter(init: Method, statement: cst.Assign) -> bool:
    return isinstance(statement.value, cst.Name) and statement.value.value in {item.name for item in init.parameters}


def _may_be_a_shortcut(cls: ModuleClass, init: Method, statement: cst.Assign, *, is_flag: bool) -> bool:
    """A flag comes from a parameter or is a condition; a submodule is a parameter, or anything but an `nn.Identity`.

    A parameter that the constructor uses in another way as well has done its work there.
    """
    if is_flag and isinstance(statement.value, _CONDITIONS):
        return True
    if is_flag or _is_parameter(init, statement):
        return _is_parameter(init, statement) and _only_stored(init, statement, is_flag=is_flag)
    calls = (node for node in walk(statement.value, cst.Call) if isinstance(node, cst.Call))
    called = [callee for node in calls if (callee := dotted(node.func)) is not None]
    return any(_builds_a_layer(cls, callee) for callee in called)


def _builds_a_layer(cls: ModuleClass, callee: str) -> bool:
    """Whether what is called may make a submodule that does something: a class, or a function with a layer's name."""
    found = cls.resolve(callee)
    if isinstance(found, ExternalClass):
        return _LAYER_FUNCTION.search(callee) is not None
    return found != TorchClass("Identity")


_LAYER_FUNCTION = re.compile(r"conv|linear|proj|shortcut|downsample|skip|residual|layer|block", re.IGNORECASE)


def _only_stored(init: Method, statement: cst.Assign, *, is_flag: bool) -> bool:
    """Whether the parameter is used once, to be stored, and is a module by its default or annotation, or a flag."""
    assert isinstance(statement.value, cst.Name), "asked only where a parameter is assigned"
    name = statement.value.value
    parameter = next(item for item in init.parameters if item.name == name)
    if sum(item.value == name for item in names(init.node.body)) != 1:
        return False
    return is_flag or parameter.default == "None" or "Module" in (parameter.annotation or "")


def raw_sum(cls: ModuleClass) -> Value | None:
    """The one residual sum of a forward, where one side is the input parameter itself, straight."""
    flow = cls.flow
    found = [value for value in flow.values if value.kind is Kind.ADD and is_residual_sum(value)] if flow else []
    if len(found) != 1 or not any(side.kind is Kind.INPUT for side in found[0].operands):
        return None
    return found[0]


def lost_sums(cls: ModuleClass) -> Iterator[LostSum]:
    """Sums as bare expressions, comparisons in the place of assignments, and sums under a name that nobody reads."""
    forward, flow = cls.method("forward"), cls.flow
    if forward is None or flow is None:
        return
    own = set(walk(forward.node))
    for discarded, _ in flow.discarded:
        found = _sum_in(discarded, flow.made) if discarded in own else None
        if found is not None:
            yield LostSum(discarded, found, None, isinstance(discarded.value, cst.Comparison))
    read = reads(forward)
    for name, statement, value in flow.bound:
        if statement not in own or not is_residual_sum(value) or value.kind is not Kind.ADD:
            continue
        if any(value in item.ancestors() for _, item in flow.returned) or not _touches_input(value):
            continue
        if name not in read or _is_mentioned_last(cls, forward, name, statement, value):
            yield LostSum(statement, value, name, comparison=False)


def _is_mentioned_last(cls: ModuleClass, forward: Method, name: str, statement: cst.CSTNode, value: Value) -> bool:
    """`x = x + out` in a row, after which nobody speaks of `x`, and the branch is returned without its input."""
    flow = cls.flow
    if flow is None or not isinstance(statement, (cst.Assign, cst.AnnAssign)) or value.node is not statement.value:
        return False
    if any(True for _ in walk(forward.node.body, cst.For, cst.While, cst.FunctionDef, cst.Lambda)):
        return False
    span, end = cls.syntax.span(statement), cls.syntax.span(forward.node).end
    rest = bare_code(cls.syntax.lines.slice(Span(span.end, end)))
    if span.start.row != span.end.row or re.search(rf"\b{name}\b", rest) or return_of_input(cls) is not Return.NONE:
        return False
    branches = [side for side in value.operands if side.kind is not Kind.INPUT]
    returned = {item for _, result in flow.returned for item in result.ancestors()}
    return len(branches) == 1 and branches[0] in returned


def _sum_in(statement: cst.Expr, made: dict[cst.CSTNode, Value]) -> Value | None:
    node = statement.value
    if isinstance(node, cst.Comparison):
        if len(node.comparisons) != 1 or not isinstance(node.comparisons[0].operator, cst.Equal):
            return None
        node = node.comparisons[0].comparator
        if not isinstance(node, cst.BinaryOperation):
            return None
    if isinstance(node, cst.Call) and not _is_add(node):
        return None
    if not isinstance(node, (cst.BinaryOperation, cst.Call)):
        return None
    value = made.get(node)
    return value if value is not None and value.kind is Kind.ADD and is_residual_sum(value) else None


def _is_add(call: cst.Call) -> bool:
    """`torch.add(out, identity)` or `out.add(identity)`, where no `out=` takes the sum."""
    written = any(item.keyword is not None and item.keyword.value == "out" for item in call.args)
    return isinstance(call.func, cst.Attribute) and call.func.attr.value == "add" and not written


def _touches_input(value: Value) -> bool:
    """One side of the sum is the input itself, or a layer on it."""
    return any(_is_input_or_projection(side) for side in value.operands)


def unreachable_sums(cls: ModuleClass) -> Iterator[cst.CSTNode]:
    """`out += identity` behind the `return` of its block."""
    forward, flow = cls.method("forward"), cls.flow
    if forward is None or flow is None or receives_input(cls):
        return
    for statement in flow.unreachable:
        added = [node for node in walk(statement, cst.BinaryOperation, cst.AugAssign) if _is_addition(node)]
        words = {name.value for node in added for name in names(node)}
        if any(SAVED_INPUT.fullmatch(word) for word in words & forward.locals):
            yield statement


def _is_addition(node: cst.CSTNode) -> bool:
    operator = getattr(node, "operator", None)
    return isinstance(operator, (cst.Add, cst.AddAssign))
