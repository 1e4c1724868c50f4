"""What the way from a value of a forward to another does to width and size, layer by layer."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layers import ACTIVATIONS
from nn_lint.model.residual.arithmetic import are_equal
from nn_lint.model.residual.definitions import class_node, constructor_of, find_function
from nn_lint.model.residual.layer_steps import Step, keeps_size, torch_step
from nn_lint.model.residual.parts import CORE_PARTS, Part, part_of, part_of_name
from nn_lint.model.residual.routes import Stream, main_stream
from nn_lint.model.residual.scripts import Environment, Script, bind_call, defaults_of, run_script, unseen
from nn_lint.model.values import Kind, Value
from nn_lint.project.extract import dotted
from nn_lint.project.facts import ClassFacts
from nn_lint.project.files import ProjectFile
from nn_lint.project.hierarchy import ExternalClass, ProjectClass, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

Steps = tuple[Step, ...]
_Place = tuple[ProjectFile, ClassFacts | None]
_DEPTH = 5
_QUIET = (
    frozenset(
        (
            "contiguous clone float half double to type type_as dropout dropout1d dropout2d dropout3d alpha_dropout "
            "feature_dropout softmax layer_norm batch_norm instance_norm group_norm rms_norm normalize detach"
        ).split()
    )
    | {name.lower() for name in ACTIVATIONS}
    | {"leaky_relu"}
)
_RESIZING = frozenset({"interpolate", "upsample", "pixel_shuffle"})
_WRAPPERS = ("torch.nn.utils.",)


@dataclass(frozen=True, slots=True)
class _Scope:
    """A class and its constructor as it was called. Names are looked up in `places`, the nearest first."""

    cls: ModuleClass
    block: ModuleClass
    script: Script
    places: tuple[_Place, ...]
    depth: int
    defaults: Mapping[str, ast.expr] = field(default_factory=dict)

    def inside(self, *place: _Place) -> _Scope:
        """The same, with a nearer place for names."""
        return replace(self, places=(*place, *self.places), depth=self.depth - 1)


def passage(cls: ModuleClass, stream: Stream) -> Steps | str:
    """The layers between two values of a block's forward in order, or why they cannot be told."""
    constructor = constructor_of(cls)
    if constructor is None:
        return "the block has no constructor of its own that builds its layers"
    script, defaults = run_script(constructor, {}), defaults_of(constructor)
    return _along(stream, _Scope(cls, cls, script, (_place(cls),), _DEPTH, defaults))


def _place(cls: ModuleClass) -> _Place:
    return cls.definition.file, cls.facts


def _along(stream: Stream, scope: _Scope) -> Steps | str:
    found: dict[Value, Steps | str | None] = {stream.source: ()}
    for value in stream.values[1:]:
        operands = [operand for operand in stream.operands(value) if found[operand] is not None]
        before = [item for operand in operands if (item := found[operand]) is not None]
        is_dead = not operands or (len(operands) < len(stream.operands(value)) and value.kind is not Kind.CHOICE)
        found[value] = None if is_dead else _behind(value, operands, before, scope)
    result = found[stream.result]
    return "its forward is not one straight chain" if result is None else result


def _behind(
    value: Value, operands: Sequence[Value], before: Sequence[Steps | str], scope: _Scope
) -> Steps | str | None:
    """The way up to a value; `None` where it is never computed, since the constructor does not build its layer."""
    known = [item for item in before if not isinstance(item, str)]
    reason = next((item for item in before if isinstance(item, str)), "its forward is not one straight chain")
    if value.kind is Kind.MULTIPLY and len(operands) > 1:
        gated = next((item for item in operands if all(item in set(other.ancestors()) for other in operands)), None)
        if gated is not None:
            return before[operands.index(gated)]
        if not _is_elementwise(value.node):
            return "several values are multiplied"
    if value.kind in (Kind.ADD, Kind.SUBTRACT, Kind.MULTIPLY):
        return max(known, key=len) if known else reason
    if len(known) < len(before):
        return reason
    if value.kind is Kind.CHOICE:
        return _either(known)
    if value.kind is Kind.CONCATENATE:
        return (*known[0], Step(Part.OTHER, width_out=unseen("joined")))
    if value.kind is Kind.LAYER:
        steps = _layer(value, scope)
        return steps if steps is None or isinstance(steps, str) else (*known[0], *steps)
    if value.kind is Kind.OPERATION:
        return _operation(value, known[0])
    if value.kind is Kind.ITEM:
        return _item(value, operands[0], known[0])
    return known[0] if value.kind is Kind.COLLECTION else "one of its functions cannot be looked into"


def _either(sides: Sequence[Steps]) -> Steps | str:
    """One of several ways that agree in what they do to the size; where their widths differ, the last is unknown."""
    longest = max(sides, key=len)
    if all(_does_the_same(side, longest) for side in sides):
        return longest
    strides = [[step.formula(step.stride) for step in side if step.stride is not None] for side in sides]
    same = all(len(each) == len(strides[0]) and all(map(are_equal, each, strides[0])) for each in strides)
    fits = all(
        not any(step.shape for step in side)
        and keeps_size([grown for step in side if step.stride is None and (grown := step.growth_formula)], {})
        for side in sides
    )
    if not (same and fits):
        return "a condition chooses between layers"
    ends = [
        next(step.formula(step.width_out) for step in reversed(side) if step.width_out)
        for side in sides
        if _widths(side)
    ]
    agree = len(ends) == len(sides) and all(are_equal(end, ends[0]) for end in ends)
    return longest if agree else (*longest, Step(Part.OTHER, width_out=unseen("chosen")))


def _widths(steps: Steps) -> bool:
    return any(step.width_out for step in steps)


def _does_the_same(first: Steps, second: Steps) -> bool:
    """Whether two ways differ in nothing but norms, activations and the like."""
    one, other = ([step for step in steps if step.width_out or step.growth or step.shape] for steps in (first, second))
    return len(one) == len(other) and all(
        a.name == b.name and all(_same(a, b, x, y) for x, y in ((a.width_out, b.width_out), (a.stride, b.stride)))
        for a, b in zip(one, other)
    )


def _same(first: Step, second: Step, one: ast.expr | None, other: ast.expr | None) -> bool:
    if one is None or other is None:
        return one is other
    return are_equal(first.formula(one), second.formula(other))


def _is_elementwise(node: cst.CSTNode | None) -> bool:
    """`x * y`, where both have the same shape, or one is spread."""
    if isinstance(node, (cst.BinaryOperation, cst.AugAssign)):
        return isinstance(node.operator, (cst.Multiply, cst.MultiplyAssign, cst.Divide, cst.DivideAssign))
    return (
        isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in ("mul", "mul_")
    )


def _operation(value: Value, before: Steps) -> Steps | str:
    name = value.name.rstrip("_")
    if name in ("transpose", "permute", "swapaxes"):
        axes = _axes(value.node)
        return f"`{name}` changes the shape" if axes is None else (*before, Step(Part.SHAPE, name, shape=axes))
    if name in _RESIZING:
        return "an upsampling layer changes the size"
    part = Part.ACTIVATION if name in _QUIET else Part.PASSIVE
    return (*before, Step(part, name)) if name in _QUIET else f"`{name}` may change the shape"


def _axes(node: cst.CSTNode | None) -> tuple[int, ...] | None:
    """The numbers at the end of a call's arguments."""
    if not isinstance(node, cst.Call):
        return None
    found: list[int] = []
    for item in node.args:
        try:
            found.append(int(cst.Module([]).code_for_node(item.value)))
        except ValueError:
            continue
    return tuple(found) or None


def _item(value: Value, operand: Value, before: Steps) -> Steps | str:
    """The first result of a submodule; any other part of a value is cut out of it."""
    if isinstance(value.node, cst.Subscript):
        element = value.node.slice[0].slice if len(value.node.slice) == 1 else None
        if not isinstance(element, cst.Index):
            return "a part of a value is cut out"
    return before if operand.kind in (Kind.LAYER, Kind.CHOICE, Kind.ITEM) else "a part of a value is cut out"


def _layer(value: Value, scope: _Scope) -> Steps | str | None:
    """What a submodule does; `None` where the constructor, as it is called, does not build it."""
    built = scope.script.attributes.get(value.name, [])
    unread = f"`{value.name}` cannot be looked into"
    by_name = None if part_of(value) in (*CORE_PARTS, Part.OTHER) else (Step(part_of(value)),)
    if not built:
        return None if value.name in scope.cls.assigned_here else by_name or unread
    found: list[Steps] = []
    for each in built:
        is_outermost = scope.cls is scope.block
        steps = _steps(each.value if is_outermost else each.formula, scope, each.environment)
        steps = by_name if steps is None else steps
        if steps is None or isinstance(steps, str):
            return unread if steps is None else steps
        found.append(
            tuple(replace(s, row=each.row, environment=each.environment) for s in steps) if is_outermost else steps
        )
    return _either(found)


def _steps(node: ast.expr, scope: _Scope, environment: Mapping[str, ast.expr]) -> Steps | str | None:
    """The steps of what an expression builds; `None` where it cannot be looked into."""
    if isinstance(node, ast.IfExp):
        sides = [_steps(side, scope, environment) for side in (node.body, node.orelse)]
        if any(side is None or isinstance(side, str) for side in sides):
            return next((side for side in sides if isinstance(side, str)), None)
        return _either([side for side in sides if isinstance(side, tuple)])
    if isinstance(node, ast.Constant) and node.value is None:
        return ()
    if isinstance(node, (ast.List, ast.Tuple)):
        return _sequence(node.elts, scope, environment)
    if isinstance(node, ast.Name) and node.id in environment:
        return _steps(environment[node.id], scope, {})
    return _call(node, scope, environment) if isinstance(node, ast.Call) else None


def _call(node: ast.Call, scope: _Scope, environment: Mapping[str, ast.expr]) -> Steps | str | None:
    node, callee = _expanded(node, environment), dotted(node.func)
    stood_for = environment.get(callee, scope.defaults.get(callee))
    if isinstance(stood_for, ast.IfExp):
        calls = [
            ast.Call(func=side, args=node.args, keywords=node.keywords) for side in (stood_for.body, stood_for.orelse)
        ]
        return _steps(ast.IfExp(test=stood_for.test, body=calls[0], orelse=calls[1]), scope, environment)
    if stood_for is not None and dotted(stood_for) != "?":
        callee = dotted(stood_for)
    part = part_of_name(callee.split(".")[-1])
    hierarchy = scope.block.registry.hierarchy
    for place in scope.places:
        resolved = hierarchy.resolve(callee, *place)
        if isinstance(resolved, TorchClass):
            if resolved.name == "Sequential":
                return _sequence(node.args, scope, environment)
            step = torch_step(resolved.name, _computed(node, scope))
            return step if isinstance(step, str) else (step,)
        if isinstance(resolved, ExternalClass) and resolved.origin.startswith(_WRAPPERS) and node.args:
            return _steps(node.args[0], scope, environment)
        if part not in CORE_PARTS and part is not Part.OTHER:
            continue
        if isinstance(resolved, ProjectClass):
            return _child(resolved, node, scope, environment)
        function = find_function(callee, place[0], hierarchy.files)
        if function is not None:
            return _function(function[0], node, scope.inside((function[1], None)), environment)
    return None if part in CORE_PARTS or part is Part.OTHER else (Step(part, call=node),)


def _computed(node: ast.Call, scope: _Scope) -> ast.Call:
    """A call with `padding=autopad(kernel_size)` replaced by what the function of the project computes."""
    words = [ast.keyword(arg=word.arg, value=_value(word.value, scope)) for word in node.keywords]
    return ast.Call(func=node.func, args=[_value(item, scope) for item in node.args], keywords=words)


def _value(node: ast.expr, scope: _Scope) -> ast.expr:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return node
    files = scope.block.registry.hierarchy.files
    found = (find_function(node.func.id, place[0], files) for place in scope.places)
    function = next((item[0] for item in found if item is not None), None)
    bound = None if function is None else bind_call(function, node, skip=0)
    returned = None if function is None or bound is None else run_script(function, bound).returned
    return node if returned is None else returned


def _expanded(node: ast.Call, environment: Mapping[str, ast.expr]) -> ast.Call:
    """A call with `**options` replaced by the dictionary that the name stands for."""
    words = [
        ast.keyword(arg=None, value=environment.get(word.value.id, word.value))
        if word.arg is None and isinstance(word.value, ast.Name)
        else word
        for word in node.keywords
    ]
    return node if words == node.keywords else ast.Call(func=node.func, args=node.args, keywords=words)


def _sequence(items: Sequence[ast.expr], scope: _Scope, environment: Mapping[str, ast.expr]) -> Steps | str | None:
    """The children of a Sequential, lists in it taken apart."""
    found: list[Step] = []
    for item in _flattened(items, environment):
        steps = _steps(item, scope, environment)
        if steps is None or isinstance(steps, str):
            return steps
        found.extend(steps)
    return tuple(found)


def _flattened(items: Sequence[ast.expr], environment: Mapping[str, ast.expr]) -> list[ast.expr]:
    found: list[ast.expr] = []
    for item in items:
        inner = item.value if isinstance(item, ast.Starred) else item
        if isinstance(item, ast.Starred) and isinstance(inner, ast.Name):
            inner = environment.get(inner.id, inner)
        if isinstance(inner, ast.Call) and dotted(inner.func).split(".")[-1] == "OrderedDict" and inner.args:
            inner = inner.args[0]
            pairs = inner.elts if isinstance(inner, (ast.List, ast.Tuple)) else []
            found.extend(pair.elts[-1] for pair in pairs if isinstance(pair, ast.Tuple))
        elif isinstance(inner, (ast.List, ast.Tuple)):
            found.extend(_flattened(inner.elts, environment))
        else:
            found.append(inner)
    return found


def _function(
    function: ast.FunctionDef, call: ast.Call, scope: _Scope, environment: Mapping[str, ast.expr]
) -> Steps | str | None:
    """What a function of the project builds."""
    bound = bind_call(function, call, skip=0)
    if bound is None or scope.depth < 0:
        return None
    returned = run_script(function, bound).returned
    return None if returned is None else _steps(returned, scope, environment)


def _child(
    child: ProjectClass, call: ast.Call, scope: _Scope, environment: Mapping[str, ast.expr]
) -> Steps | str | None:
    """What an instance of a class of the project does, by its own forward."""
    model = scope.block.registry.model(child)
    script = _constructed(model, call)
    inner = replace(scope.inside(*map(_place, (model, *model.ancestors))), cls=model)
    if script is None or inner.depth < 0:
        return None
    inner = replace(inner, script=script)
    derived = next((base.name for base in model.ancestry.order if isinstance(base, TorchClass)), "Module")
    if derived in ("Conv1d", "Conv2d", "Conv3d", "Linear"):
        handed = call if constructor_of(model) is None else script.handed_up.formula if script.handed_up else None
        step = torch_step(derived, handed) if isinstance(handed, ast.Call) else None
        return step if step is None or isinstance(step, str) else (step,)
    if model.find_method("forward") is None:
        return _sequence(_handed(script, model), inner, environment)
    stream = main_stream(model)
    return None if stream is None else _along(stream, inner)


def _constructed(model: ModuleClass, call: ast.Call) -> Script | None:
    """The constructor of a class, its own or the next of its bases, run for a call."""
    for cls in (model, *model.ancestors):
        constructor = constructor_of(cls)
        if constructor is not None:
            bound = bind_call(constructor, call, skip=1)
            return None if bound is None else run_script(constructor, {**_class_values(model), **bound})
    return Script()


def _handed(script: Script, model: ModuleClass) -> Sequence[ast.expr]:
    """The children of a class that is a Sequential: what it hands up to its base, or what it registers."""
    handed = script.handed_up.formula if script.handed_up is not None else None
    given = handed.args if isinstance(handed, ast.Call) else []
    base = next((cls for cls in model.ancestors if constructor_of(cls) is not None), None)
    if base is not None and isinstance(handed, ast.Call):
        above = _constructed(base, handed)
        return [unseen("base")] if above is None else _handed(above, base)
    registered = [built.formula for every in script.attributes.values() for built in every]
    modules = [item for item in registered if isinstance(item, ast.Call)]
    if TorchClass("Sequential") not in model.ancestry.order or (given and modules):
        return [unseen("children")]
    return given or modules


def _class_values(model: ModuleClass) -> Environment:
    """The attributes that a class body sets, as `self` has them; nothing else of `self` is known."""
    node = class_node(model)
    found: Environment = {"self": unseen("self")}
    for item in node.body if node is not None else ():
        if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
            found[f"self.{item.targets[0].id}"] = item.value
    return found
