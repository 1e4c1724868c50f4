"""What a class's `__init__` does: its calls of the parent's, what it registers, and what the parent's takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.diagnostic import Span
from nn_lint.model.attributes import assigned_attributes, read_attributes
from nn_lint.model.init_flow import Called, InitFlow, holds_all, trace_init
from nn_lint.model.live_statements import live_statements
from nn_lint.model.method import Method, bound_names, hands_over, names
from nn_lint.model.never_returns import ends_the_run
from nn_lint.model.parent_calls import CallForm, ParentCall
from nn_lint.model.registered_values import made_class
from nn_lint.model.spelling import is_misspelled_init
from nn_lint.model.syntax import dotted, self_attribute, walk
from nn_lint.project.hierarchy import ProjectClass, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_ARGUMENT_FREE = frozenset(
    {"Module", "Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict", "Identity"}
)
_OBSERVERS = frozenset(
    {"print", "isinstance", "hasattr", "getattr", "setattr", "len", "id", "type", "repr", "str", "super"}
)
_ASKS_FOR_INIT = re.compile(r"init|super|parent", re.IGNORECASE)
_REGISTERING = frozenset({"add_module", "register_module", "register_parameter", "register_buffer"})
_STATE_COPIES = frozenset({"__dict__", "__setstate__", "__class__"})


class Construction:
    """Facts about the construction of a class's instances."""

    def __init__(self, cls: ModuleClass) -> None:
        self._cls = cls

    @cached_property
    def init_flow(self) -> InitFlow:
        """The order of things in `__init__`."""
        cls = self._cls
        return trace_init(
            self._init.node.body, self._calls_parent_init, self._registers, lambda node: ends_the_run(cls, node)
        )

    @property
    def copies_state(self) -> bool:
        """`__init__` fills `__dict__` in another way, or a decorator may do the construction."""
        init = self._init
        return (
            bool(init.decorators)
            or bool(init.attributes_of(init.receiver) & _STATE_COPIES)
            or "vars" in init.names_read
        )

    @cached_property
    def mentions_parent_init(self) -> bool:
        """Whether `__init__` uses `super` at all, or it or a method that it calls on itself calls some `__init__`."""
        return not self.calls_are_dead and ("super" in self._init.names_read or self.calls_some_init)

    @property
    def calls_are_dead(self) -> bool:
        """Whether all that `__init__` says of `super` and of inits can never run, and nothing else gets the object.

        It stands after an unconditional `return`, or in a function or lambda of its own that nothing uses.
        """
        init = self._init
        live = live_statements(init)
        if len(live) == len(init.statements) or self.hands_self_over:
            return False
        live_names = {name.value for node in live for name in names(node)}
        calls = [call.node for call in init.parent_calls]
        live_calls = [node for item in live for node in walk(item) if any(node is call for call in calls)]
        reached = (method for method in self._cls.closure([init]) if method.name != "__init__")
        is_said = "super" in live_names or bool(live_calls)
        return not is_said and not any(method.parent_calls for method in reached)

    @property
    def calls_some_init(self) -> bool:
        """Whether `__init__`, or a method that it calls on itself, calls an `__init__`, or a function may do so."""
        init = self._init
        reached = (method for method in self._cls.closure([init]) if method is init or method.name != "__init__")
        return self.hands_self_over or any(method.parent_calls for method in reached)

    @property
    def hands_self_over(self) -> bool:
        """Whether a function that may do the construction gets the object itself, or another name does.

        Inits of its own bases, called by name, are no such functions.
        """
        init = self._init
        given_names = (node for node in init.own_nodes if isinstance(node, (cst.Assign, cst.AnnAssign)))
        if any(isinstance(node.value, cst.Name) and node.value.value == init.receiver for node in given_names):
            return True
        return any(name not in _OBSERVERS and not self.is_base_init(name) for name in init.hands_receiver_to())

    def is_base_init(self, name: str) -> bool:
        """`nn.Module.__init__`, `Base.__init__`."""
        owner, _, last = name.rpartition(".")
        return last == "__init__" and bool(owner) and self._cls.resolve(owner) in self._cls.ancestry.order

    @property
    def registers_nothing(self) -> bool:
        """Whether `__init__` hands no Module or Parameter to `self`, as far as that is certain."""
        return not self.init_flow.registrations

    @property
    def parent_wants_arguments(self) -> bool:
        """Whether the next `__init__` in method resolution order may want arguments."""
        if self._ancestor_misspells_init:
            return True
        for ancestor in self._cls.ancestry.order:
            if isinstance(ancestor, TorchClass):
                return ancestor.name not in _ARGUMENT_FREE
            if not isinstance(ancestor, ProjectClass):
                return True
            init = self._cls.registry.model(ancestor).init
            if init is not None:
                return len(init.parameters) > 1
        return True

    @property
    def misspells_init(self) -> bool:
        """Whether the class has an `__init__`, but not yet spelled so."""
        return any(is_misspelled_init(item.name) for item in self._cls.facts.methods)

    @property
    def _ancestor_misspells_init(self) -> bool:
        return any(cls.construction.misspells_init for cls in self._cls.ancestors)

    def parent_refuses_arguments(self, count: int) -> bool:
        """Whether the next `__init__` in method resolution order takes fewer positional arguments than `count`."""
        for ancestor in self._cls.ancestry.order:
            if ancestor == TorchClass("Module"):
                return self.parent_is_module_alone
            init = self._cls.registry.model(ancestor).init if isinstance(ancestor, ProjectClass) else None
            if init is not None:
                return not init.takes_any_number and count > len(init.positional) - 1
            if not isinstance(ancestor, ProjectClass):
                return False
        return False

    @property
    def parent_is_module_alone(self) -> bool:
        """Whether `super()` is `nn.Module` in every use of the class: no other constructor can come between."""
        if self.goes_on_behind_module or self._ancestor_misspells_init:
            return False
        next_init = next(
            (
                item
                for item in self._cls.ancestry.order
                if not isinstance(item, ProjectClass) or item.facts.method("__init__") is not None
            ),
            None,
        )
        return next_init == TorchClass("Module") and not self._cls.name.endswith("Mixin") and not self.is_combined

    @property
    def goes_on_behind_module(self) -> bool:
        """Whether `call_super_init` is set, on the class or from outside, so that `nn.Module` calls the next init."""
        owners = (self._cls, *self._cls.ancestors)
        return any("call_super_init" in item.definition.file.text.content for item in owners)

    @property
    def is_combined(self) -> bool:
        """Whether a class of a file that mentions this one inherits from it and from others, or `type` makes one."""
        hierarchy = self._cls.registry.hierarchy
        files = tuple(hierarchy.files.mentioning(self._cls.name, self._cls.definition.file))
        made = re.compile(rf"\b(?:type|new_class)\([^()]*,\s*\([^()]*\b{self._cls.name}\b")
        return any(made.search(file.text.content) for file in files) or any(
            len(facts.bases) > 1 and self._cls.definition in hierarchy.ancestry(ProjectClass(file, facts)).order
            for file in files
            for facts in file.facts.classes
        )

    @property
    def misses_parent_call(self) -> bool:
        """Whether some path registers a layer or ends without the parent's call, and some other path makes it."""
        flow = self.init_flow
        made = any(event.called is Called.YES for event in (*flow.exits, *flow.registrations))
        partly = any(event.called is Called.MAYBE for event in (*flow.exits, *flow.registrations))
        missed = partly or (made and any(event.called is Called.NO for event in flow.exits))
        return missed and not any(self._asks_the_object(node) for node in walk(self._init.node, cst.If))

    @property
    def _init(self) -> Method:
        init = self._cls.init
        assert init is not None, "asked only of classes with an __init__ of their own"
        return init

    @property
    def calls_in_ladder(self) -> bool:
        """Whether the parent's calls are statements in the branches of one `if` that has an `else`."""
        calls = [call.node for call in self._init.parent_calls]
        ladders = (node for node in self._init.statements if isinstance(node, cst.If))
        return any(holds_all(node, calls) for node in ladders)

    def _asks_the_object(self, node: cst.CSTNode) -> bool:
        """A condition that looks at the object under construction or its class, or that a caller decides for it."""
        read = set(self._asked_names(node.test)) if isinstance(node, cst.If) else set()
        looked_at = {self._init.receiver, "hasattr", "isinstance", "issubclass", "super", "type", "__class__"}
        return bool(read & looked_at) or any(_ASKS_FOR_INIT.search(name) for name in read)

    def _asked_names(self, test: cst.BaseExpression) -> Iterator[str]:
        """The names that a condition reads; an attribute that is set to a parameter at the top stands for that one."""
        owners: dict[cst.CSTNode, str] = {}
        for node in walk(test, cst.Attribute):
            attribute = self_attribute(node, self._init.receiver)
            if isinstance(node, cst.Attribute) and attribute in self._stored_arguments:
                owners[node.value] = self._stored_arguments[attribute]
        for item in names(test):
            yield owners.get(item, item.value)

    @cached_property
    def _stored_arguments(self) -> dict[str, str]:
        """`self.flag = flag`: attributes that hold a parameter of `__init__`, and are set nowhere else."""
        init = self._init
        parameters = {item.name for item in init.parameters[1:]} - set(bound_names(init.node.body))
        found: dict[str, str] = {}
        for node in init.statements:
            if isinstance(node, cst.Assign) and isinstance(node.value, cst.Name) and node.value.value in parameters:
                for target in node.targets:
                    name = self_attribute(target.target, init.receiver)
                    if name is not None and list(assigned_attributes(init)).count(name) == 1:
                        found[name] = node.value.value
        return found

    def reaches_parent(self, call: ParentCall) -> bool:
        """Whether a call, as written, runs some `__init__` of nn.Module: spelled right, bound, on a module's base."""
        if not (call.is_called and call.is_spelled_right):
            return False
        return call.form in (CallForm.ZERO_ARGUMENT, CallForm.TWO_ARGUMENT, CallForm.OTHER) or (
            call.form is CallForm.EXPLICIT and bool(call.arguments)
        )

    def _calls_parent_init(self, node: cst.CSTNode) -> bool:
        if any(call.node is node for call in self._init.parent_calls):
            return True
        if not isinstance(node, cst.Call):
            return False
        if hands_over(node, self._init.receiver) and dotted(node.func) not in _OBSERVERS:
            return True
        name = self_attribute(node.func, self._init.receiver)
        helper = self._cls.find_method(name) if name else None
        return helper is not None and any(method.parent_calls for method in self._cls.closure([helper]))

    def _registers(self, node: cst.CSTNode) -> bool:
        """Whether a statement hands a Module or a Parameter to `self`, for certain."""
        return self._registers_on(node, self._init, {"__init__"})

    def _registers_on(self, node: cst.CSTNode, method: Method, seen: set[str]) -> bool:
        receiver = method.receiver
        if isinstance(node, cst.Assign):
            pairs = (pair for item in node.targets for pair in _pairs(item.target, node.value))
            return any(
                self_attribute(target, receiver) and self.is_registered_value(value, method) for target, value in pairs
            )
        if isinstance(node, cst.AnnAssign):
            return bool(self_attribute(node.target, receiver)) and self.is_registered_value(node.value, method)
        if not isinstance(node, cst.Expr) or not isinstance(node.value, cst.Call):
            return False
        name = self_attribute(node.value.func, receiver)
        if name in _REGISTERING and not self._cls.defines(name):
            return True
        helper = self._cls.method(name) if name and name not in seen else None
        if helper is None or helper.is_static or helper.is_class_method:
            return False
        return any(self._registers_on(inner, helper, seen | {helper.name}) for inner in helper.statements)

    def is_registered_value(self, node: cst.BaseExpression | None, method: Method) -> bool:
        """Whether an expression in a method of the class is for certain a Module or Parameter."""
        return made_class(self._cls, node, method) is not None

    def can_move_parent_call(self, call: ParentCall, above: Span) -> bool:
        """Whether a parent's call could as well run before the statement at `above`: nothing between them feeds it."""
        init = self._init
        if not call.is_statement:
            return False
        between = [
            node for node in init.statements if above.start <= self._cls.syntax.span(node).start < call.span.start
        ]
        bound = {name for node in between for name in bound_names(node)}
        if not {name.value for name in names(call.node) if name.value != init.receiver}.isdisjoint(bound):
            return False
        if any(isinstance(node, cst.Attribute) and self_attribute(node, init.receiver) for node in walk(call.node)):
            return False
        if self._cls.ancestry.directly_torch_module:
            return True
        parent = next((cls for cls in self._cls.ancestors if cls.init is not None), None)
        if parent is None or parent.init is None:
            return False
        given = set(assigned_attributes(init))
        return all(given.isdisjoint(read_attributes(method)) for method in parent.closure([parent.init]))


def _pairs(
    target: cst.BaseExpression, value: cst.BaseExpression
) -> Iterator[tuple[cst.BaseExpression, cst.BaseExpression]]:
    """What an assignment sets to what, tuples taken apart."""
    if isinstance(target, cst.Tuple) and isinstance(value, cst.Tuple) and len(target.elements) == len(value.elements):
        for left, right in zip(target.elements, value.elements):
            if not isinstance(left, cst.StarredElement) and not isinstance(right, cst.StarredElement):
                yield left.value, right.value
    else:
        yield target, value
