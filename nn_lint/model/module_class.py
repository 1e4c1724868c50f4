"""`ModuleClass`: one class as rules see it, every fact computed on demand from its libcst slice and the hierarchy."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import libcst as cst

from nn_lint.diagnostic import Span
from nn_lint.model.attributes import assigned_attributes, read_attributes
from nn_lint.model.dataflow import Flow, trace_forward
from nn_lint.model.init_flow import Called, InitFlow, trace_init
from nn_lint.model.layers import Layers
from nn_lint.model.method import Method, bound_names, names
from nn_lint.model.parent_calls import CallForm, ParentCall
from nn_lint.model.super_use import SuperUse, find_super_uses
from nn_lint.model.syntax import ClassSyntax, dotted, self_attribute, walk
from nn_lint.project.facts import ClassFacts
from nn_lint.project.hierarchy import Ancestry, ExternalClass, Hierarchy, Kinship, ProjectClass, Resolved, TorchClass
from nn_lint.project.sites import Site
from nn_lint.project.torch_names import PARAMETERS

_ARGUMENT_FREE = frozenset(
    {"Module", "Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict", "Identity"}
)
_REGISTERING = frozenset({"add_module", "register_module", "register_parameter", "register_buffer"})
_WITHOUT_FORWARD = frozenset({"Module", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"})
_CALLABLES = ("forward", "__call__", "_call_impl", "__getattr__")
_STATE_COPIES = frozenset({"__dict__", "__setstate__", "__class__"})


class ModelRegistry:
    """Builds each class's model once, and remembers where each class is used."""

    def __init__(self, hierarchy: Hierarchy) -> None:
        self.hierarchy = hierarchy
        self.sites: dict[ProjectClass, tuple[Site, ...]] = {}
        self._models: dict[ProjectClass, ModuleClass] = {}

    def model(self, cls: ProjectClass) -> ModuleClass:
        """The model of a class; raises `libcst.ParserSyntaxError` where libcst refuses its slice."""
        if cls not in self._models:
            self._models[cls] = ModuleClass(cls, self)
        return self._models[cls]


class ModuleClass:
    """A class that is, or may be, an nn.Module."""

    def __init__(self, cls: ProjectClass, registry: ModelRegistry) -> None:
        self.definition = cls
        self.registry = registry

    @cached_property
    def syntax(self) -> ClassSyntax:
        """The libcst tree of the class; parsed only when something asks for it."""
        return ClassSyntax(self.definition.file.text.readable, self.facts)

    @property
    def facts(self) -> ClassFacts:
        """The cheap facts of the class."""
        return self.definition.facts

    @property
    def name(self) -> str:
        """The bare name."""
        return self.facts.name

    @cached_property
    def ancestry(self) -> Ancestry:
        """Where the class comes from."""
        return self.registry.hierarchy.ancestry(self.definition)

    @property
    def is_certain(self) -> bool:
        """An nn.Module whose bases are all known and plain: what is missing here is missing."""
        return self.ancestry.kinship is Kinship.MODULE and self.ancestry.complete

    @property
    def is_module(self) -> bool:
        """An nn.Module for certain; some further base may be out of sight."""
        return self.ancestry.kinship is Kinship.MODULE

    @property
    def name_span(self) -> Span:
        """The name in the `class` line."""
        return self.syntax.span(self.syntax.node.name)

    @property
    def text(self) -> str:
        """The source of the class, decorators included."""
        return self.definition.file.text.readable.rows(self.facts.first_row, self.facts.end_row)

    @cached_property
    def methods(self) -> tuple[Method, ...]:
        """The methods in the class body itself, in the order of the text."""
        body = self.syntax.node.body
        return tuple(Method(self.syntax, node) for node in body.body if isinstance(node, cst.FunctionDef))

    def method(self, name: str) -> Method | None:
        """The method of that name; the last definition counts."""
        return next((method for method in reversed(self.methods) if method.name == name), None)

    @property
    def init(self) -> Method | None:
        """The class's own `__init__`."""
        return self.method("__init__")

    @cached_property
    def ancestors(self) -> tuple[ModuleClass, ...]:
        """The models of the ancestors that were read, in method resolution order."""
        return tuple(self.registry.model(cls) for cls in self.ancestry.project_classes)

    def find_method(self, name: str) -> Method | None:
        """A method of the class or of the ancestors that were read."""
        return next((found for cls in (self, *self.ancestors) if (found := cls.method(name))), None)

    def defines(self, name: str) -> bool:
        """Whether the class or an ancestor that was read has a method or class attribute of that name."""
        own = (self.definition, *self.ancestry.project_classes)
        return any(cls.facts.method(name) is not None or name in cls.facts.assigned for cls in own)

    def resolve(self, name: str) -> Resolved:
        """What a dotted name stands for where the class is defined."""
        return self.registry.hierarchy.resolve(name, self.definition.file, self.facts)

    def resolve_class(self, cls: Resolved) -> Kinship:
        """Whether something that a name resolved to is an nn.Module."""
        if isinstance(cls, TorchClass):
            return Kinship.MODULE
        return self.registry.hierarchy.ancestry(cls).kinship if isinstance(cls, ProjectClass) else Kinship.UNKNOWN

    @cached_property
    def init_flow(self) -> InitFlow:
        """The order of things in `__init__`."""
        assert self.init is not None, "asked only for classes with an __init__ of their own"
        return trace_init(self.init.node.body, self._calls_parent_init, self._registers)

    @property
    def copies_state(self) -> bool:
        """`__init__` fills `__dict__` in another way, or a decorator may do the construction."""
        init = self.init
        if init is None:
            return False
        return (
            bool(init.decorators)
            or bool(init.attributes_of(init.receiver) & _STATE_COPIES)
            or "vars" in init.names_read
        )

    @cached_property
    def mentions_parent_init(self) -> bool:
        """Whether `__init__`, or a method that it calls on itself, calls some `__init__` or uses `super` at all."""
        init = self.init
        return init is not None and any(
            method.parent_calls or "super" in method.names_read for method in self._closure([init])
        )

    @property
    def parent_wants_arguments(self) -> bool:
        """Whether the next `__init__` in method resolution order may want arguments."""
        for ancestor in self.ancestry.order:
            if isinstance(ancestor, TorchClass):
                return ancestor.name not in _ARGUMENT_FREE
            if not isinstance(ancestor, ProjectClass):
                return True
            init = self.registry.model(ancestor).init
            if init is not None:
                return any(parameter.required for parameter in init.parameters[1:])
        return True

    def parent_refuses_arguments(self, count: int) -> bool:
        """Whether the next `__init__` in method resolution order takes fewer positional arguments than `count`."""
        for ancestor in self.ancestry.order:
            if ancestor == TorchClass("Module"):
                return self.parent_is_module_alone
            init = self.registry.model(ancestor).init if isinstance(ancestor, ProjectClass) else None
            if init is not None:
                return not init.takes_any_number and count > len(init.positional) - 1
            if not isinstance(ancestor, ProjectClass):
                return False
        return False

    @property
    def parent_is_module_alone(self) -> bool:
        """Whether `super()` is `nn.Module` in every use of the class: no other constructor can come between."""
        if "call_super_init" in self.facts.assigned or any(
            "call_super_init" in cls.facts.assigned for cls in self.ancestors
        ):
            return False
        next_init = next(
            (
                item
                for item in self.ancestry.order
                if not isinstance(item, ProjectClass) or item.facts.method("__init__") is not None
            ),
            None,
        )
        return next_init == TorchClass("Module") and not self.name.endswith("Mixin") and not self._is_combined

    @property
    def _is_combined(self) -> bool:
        """Whether a class of the same file inherits from this one and from others."""
        hierarchy, file = self.registry.hierarchy, self.definition.file
        return any(
            len(facts.bases) > 1 and self.definition in hierarchy.ancestry(ProjectClass(file, facts)).order
            for facts in file.facts.classes
        )

    @property
    def misses_parent_call(self) -> bool:
        """Whether some path registers a layer or ends without the parent's call, and some other path makes it."""
        flow = self.init_flow
        made = any(event.called is Called.YES for event in (*flow.exits, *flow.registrations))
        partly = any(event.called is Called.MAYBE for event in (*flow.exits, *flow.registrations))
        missed = partly or (made and any(event.called is Called.NO for event in flow.exits))
        return missed and not any(self._asks_the_object(node) for node in walk(self._init_node, cst.If))

    @property
    def _init_node(self) -> cst.CSTNode:
        assert self.init is not None, "asked only for classes with an __init__ of their own"
        return self.init.node

    def _asks_the_object(self, node: cst.CSTNode) -> bool:
        """A condition that looks at the object under construction, or at its class."""
        assert self.init is not None and isinstance(node, cst.If), "asked only of the conditions of an __init__"
        read = {name.value for name in names(node.test)}
        return bool(read & {self.init.receiver, "hasattr", "isinstance", "issubclass", "super", "type", "__class__"})

    def inherits(self, name: str) -> bool:
        """Whether a base that was read defines a method or class attribute of that name."""
        return any(cls.facts.method(name) is not None or name in cls.facts.assigned for cls in self.ancestors)

    def reaches_parent(self, call: ParentCall) -> bool:
        """Whether a call, as written, runs some `__init__` of nn.Module: spelled right, bound, on a module's base."""
        if not (call.is_called and call.is_spelled_right):
            return False
        return call.form in (CallForm.ZERO_ARGUMENT, CallForm.TWO_ARGUMENT, CallForm.OTHER) or (
            call.form is CallForm.EXPLICIT and bool(call.arguments)
        )

    def _calls_parent_init(self, node: cst.CSTNode) -> bool:
        if self.init is None:
            return False
        if any(call.node is node for call in self.init.parent_calls):
            return True
        if not isinstance(node, cst.Call):
            return False
        name = self_attribute(node.func, self.init.receiver)
        helper = self.find_method(name) if name else None
        return helper is not None and any(method.parent_calls for method in self._closure([helper]))

    def _registers(self, node: cst.CSTNode) -> bool:
        """Whether a statement hands a Module or a Parameter to `self`, for certain."""
        assert self.init is not None, "asked only while __init__ is traced"
        return self._registers_on(node, self.init, {"__init__"})

    def _registers_on(self, node: cst.CSTNode, method: Method, seen: set[str]) -> bool:
        receiver = method.receiver
        if isinstance(node, cst.Assign):
            targets = [target.target for target in node.targets]
            return any(self_attribute(item, receiver) for item in targets) and self.is_registered_value(node.value)
        if isinstance(node, cst.AnnAssign):
            return bool(self_attribute(node.target, receiver)) and self.is_registered_value(node.value)
        if not isinstance(node, cst.Expr) or not isinstance(node.value, cst.Call):
            return False
        name = self_attribute(node.value.func, receiver)
        if name in _REGISTERING and not self.defines(name):
            return True
        helper = self.method(name) if name and name not in seen else None
        if helper is None or helper.is_static or helper.is_class_method:
            return False
        return any(self._registers_on(inner, helper, seen | {helper.name}) for inner in helper.statements)

    def is_registered_value(self, node: cst.BaseExpression | None) -> bool:
        """Whether an expression is for certain a new Module or Parameter."""
        if isinstance(node, cst.IfExp):
            return self.is_registered_value(node.body) and self.is_registered_value(node.orelse)
        if not isinstance(node, cst.Call) or (name := dotted(node.func)) is None:
            return False
        found = self.resolve(name)
        if isinstance(found, TorchClass):
            return found.name[:1].isupper()
        return isinstance(found, ProjectClass) and self.resolve_class(found) is Kinship.MODULE

    def is_parameter_class(self, cls: Resolved) -> bool:
        """`nn.Parameter` and its kind."""
        return isinstance(cls, TorchClass) and cls.name in PARAMETERS

    def can_move_parent_call(self, call: ParentCall, above: Span) -> bool:
        """Whether a parent's call could as well run before the statement at `above`: nothing between them feeds it."""
        init = self.init
        if init is None or not call.is_statement:
            return False
        between = [node for node in init.statements if above.start <= self.syntax.span(node).start < call.span.start]
        bound = {name for node in between for name in bound_names(node)}
        if not {name.value for name in names(call.node) if name.value != init.receiver}.isdisjoint(bound):
            return False
        if any(isinstance(node, cst.Attribute) and self_attribute(node, init.receiver) for node in walk(call.node)):
            return False
        if self.ancestry.directly_torch_module:
            return True
        parent = next((cls for cls in self.ancestors if cls.init is not None), None)
        if parent is None or parent.init is None:
            return False
        given = set(assigned_attributes(init))
        return all(given.isdisjoint(read_attributes(method)) for method in parent._closure([parent.init]))

    def reached_from(self, name: str) -> tuple[Method, ...]:
        """The method that a call of `name` runs, and all that it reaches through `self` and `super()`."""
        start = self.find_method(name)
        return () if start is None else tuple(self._closure([start]))

    def _closure(self, methods: list[Method]) -> Iterator[Method]:
        seen: set[int] = set()
        pending = list(methods)
        while pending:
            current = pending.pop()
            if id(current) in seen:
                continue
            seen.add(id(current))
            yield current
            found = [self.find_method(name) for name in current.attributes_of(current.receiver)]
            if "super" in current.names_read:
                found += [cls.method(current.name) for cls in self.ancestors]
            pending.extend(item for item in found if item is not None)

    @cached_property
    def super_uses(self) -> tuple[SuperUse, ...]:
        """Every `super(Name, self)` in the class."""
        return tuple(find_super_uses(self))

    @cached_property
    def layers(self) -> Layers:
        """The submodules that the class and its read ancestors build."""
        return Layers(self)

    @cached_property
    def flow(self) -> Flow | None:
        """What the class's own `forward` computes; `None` where it has none."""
        forward = self.method("forward")
        return None if forward is None else trace_forward(self, forward)

    @property
    def decorator_origins(self) -> tuple[str, ...]:
        """Where the class's decorators come from, as dotted origins; those of the project are left out."""
        found = (self.resolve(name) for name in self.facts.decorators)
        return tuple(item.origin for item in found if isinstance(item, ExternalClass))

    @property
    def decorator_text(self) -> str:
        """The rows of the decorators."""
        lines = self.syntax.lines
        return "".join(lines.row(row) for row in range(self.facts.first_row, self.facts.row))

    @property
    def docstring(self) -> str:
        """The docstring of the class, empty where it has none."""
        return self.syntax.node.get_docstring() or ""

    @cached_property
    def own_attributes(self) -> frozenset[str]:
        """What `self` has by the class and its read ancestors: attributes set anywhere, methods, class attributes."""
        found = set(self.rebound_attributes)
        for cls in (self, *self.ancestors):
            found.update(method.name for method in cls.methods)
            found.update(cls.facts.assigned)
        return frozenset(found)

    def calls_on_self(self, name: str) -> Iterator[cst.Call]:
        """The calls `self.name(...)` in the methods of the class."""
        for method in self.methods:
            for node in walk(method.node.body, cst.Call):
                if isinstance(node, cst.Call) and self_attribute(node.func, method.receiver) == name:
                    yield node

    def mentions_own_name(self, method: str) -> bool:
        """Whether a method is taken of the class itself (`Net.scale`, `type(self).scale`) or of anything but `self`."""
        for owner in self.methods:
            for node in walk(owner.node.body, cst.Attribute):
                named = isinstance(node, cst.Attribute) and node.attr.value == method
                if named and self_attribute(node, owner.receiver) is None:
                    return True
        return f"{self.name}.{method}" in self.definition.file.text.content

    @cached_property
    def rebound_attributes(self) -> frozenset[str]:
        """Attributes that methods of the class and its read ancestors set on `self`."""
        return frozenset(
            name for cls in (self, *self.ancestors) for method in cls.methods for name in assigned_attributes(method)
        )

    @property
    def lacks_forward(self) -> bool:
        """No `forward` in the class or its bases, none set at run time, and no other way to be called."""
        torch_bases = [item for item in self.ancestry.order if isinstance(item, TorchClass)]
        if any(item.name not in _WITHOUT_FORWARD for item in torch_bases):
            return False
        return not any(self.defines(name) for name in _CALLABLES) and not set(_CALLABLES) & self.rebound_attributes
