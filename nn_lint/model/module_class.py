"""`ModuleClass`: one class as rules see it, every fact computed on demand from its libcst slice and the hierarchy."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.diagnostic import Span
from nn_lint.model.attributes import assigned_attributes, read_attributes
from nn_lint.model.construction import Construction
from nn_lint.model.dataflow import trace_forward
from nn_lint.model.expressions import Flow
from nn_lint.model.layers import Layers
from nn_lint.model.method import Method
from nn_lint.model.super_use import SuperUse, find_super_uses
from nn_lint.model.syntax import ClassSyntax, self_attribute, walk
from nn_lint.project.facts import ClassFacts
from nn_lint.project.hierarchy import (
    UNDEFINED,
    Ancestry,
    ExternalClass,
    Hierarchy,
    Kinship,
    ProjectClass,
    Resolved,
    TorchClass,
)
from nn_lint.project.premises import attributes as by_tree
from nn_lint.project.premises.sum_sides import SumSides, sum_sides
from nn_lint.project.premises.trees import ClassTree
from nn_lint.project.sites import Site

if TYPE_CHECKING:
    from nn_lint.model.child_writes import ChildWrite

_WITHOUT_FORWARD = frozenset({"Module", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"})
_CALLABLES = ("forward", "__call__", "_call_impl", "__getattr__")


_KEPT_MODELS = 48
_KEPT_TREES = 64
_MOST_PARSED = 400_000
"""Characters of the classes whose libcst trees are kept; a tree takes about 300 bytes for each."""


class Slices:
    """The trees of the classes that were asked for last, and their methods: what the text of a class alone says.

    They serve all files of a run, whereas a model serves the analysis of one: it also knows what other files say.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[ProjectClass, tuple[ClassSyntax, tuple[Method, ...]]] = OrderedDict()
        self._size = 0
        self._trees: OrderedDict[ProjectClass, ClassTree] = OrderedDict()

    def of(self, cls: ProjectClass) -> tuple[ClassSyntax, tuple[Method, ...]]:
        """The tree and the methods of a class; raises `libcst.ParserSyntaxError` where libcst refuses its slice."""
        text = cls.file.text
        if cls not in self._kept:
            syntax = ClassSyntax(text.readable, cls.facts)
            body = syntax.node.body.body
            methods = tuple(Method(syntax, node) for node in body if isinstance(node, cst.FunctionDef))
            self._kept[cls] = syntax, methods
            self._size += syntax.size
            while self._size > _MOST_PARSED and len(self._kept) > 1:
                self._size -= self._kept.popitem(last=False)[1][0].size
        self._kept.move_to_end(cls)
        return self._kept[cls]

    def tree(self, cls: ProjectClass) -> ClassTree | None:
        """CPython's tree of a class; `None` where CPython refuses the file."""
        text = cls.file.text
        if cls not in self._trees:
            node = text.class_nodes.get(cls.facts.row)
            if node is None:
                return None
            self._trees[cls] = ClassTree(node)
            if len(self._trees) > _KEPT_TREES:
                self._trees.popitem(last=False)
        self._trees.move_to_end(cls)
        return self._trees[cls]


class ModelRegistry:
    """Builds each class's model, keeps those that were asked for last, and remembers of each class what costs most.

    `sites`: where it is used; `adding`: whether it adds what it is given at some places; `weighted`: whether it has
    weights; `written`: how it writes into its input. `suspicions`: whether somebody wants to see them.
    """

    def __init__(self, hierarchy: Hierarchy, slices: Slices | None = None, *, suspicions: bool = True) -> None:
        self.hierarchy = hierarchy
        self.slices = slices or Slices()
        self.suspicions = suspicions
        self.sites: dict[ProjectClass, tuple[Site, ...]] = {}
        self.adding: dict[tuple[ProjectClass, frozenset[int | str] | None], bool] = {}
        self.weighted: dict[ProjectClass, bool] = {}
        self.written: dict[ProjectClass, ChildWrite | None] = {}
        self._models: OrderedDict[ProjectClass, ModuleClass] = OrderedDict()
        self._dropped: list[ModuleClass] = []

    def model(self, cls: ProjectClass) -> ModuleClass:
        """The model of a class; raises `libcst.ParserSyntaxError` where libcst refuses its slice."""
        if cls not in self._models:
            self._models[cls] = ModuleClass(cls, self)
            if len(self._models) > _KEPT_MODELS:
                self._dropped.append(self._models.popitem(last=False)[1])
        self._models.move_to_end(cls)
        return self._models[cls]

    def clear(self) -> None:
        """Take the models apart: they hold one another in circles, which only a search of all objects would free."""
        for model in (*self._models.values(), *self._dropped):
            vars(model).clear()
        self._models.clear()
        self._dropped.clear()


class ModuleClass:
    """A class that is, or may be, an nn.Module."""

    def __init__(self, cls: ProjectClass, registry: ModelRegistry) -> None:
        self.definition = cls
        self.registry = registry

    @cached_property
    def _slice(self) -> tuple[ClassSyntax, tuple[Method, ...]]:
        """Tree and methods together: those that are kept may be dropped and parsed anew between two questions."""
        return self.registry.slices.of(self.definition)

    @property
    def syntax(self) -> ClassSyntax:
        """The libcst tree of the class; parsed only when something asks for it."""
        return self._slice[0]

    @cached_property
    def tree(self) -> ClassTree | None:
        """CPython's tree of the class, for what need not wait for libcst; `None` where CPython refuses the file."""
        return self.registry.slices.tree(self.definition)

    @cached_property
    def sum_sides(self) -> SumSides:
        """What the sums in its methods may have as sides, by CPython's tree."""
        return SumSides() if self.tree is None else sum_sides(self.tree, self.inherited_methods)

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

    @cached_property
    def text(self) -> str:
        """The source of the class, decorators included."""
        return self.definition.file.text.readable.rows(self.facts.first_row, self.facts.end_row)

    @cached_property
    def methods(self) -> tuple[Method, ...]:
        """The methods in the class body itself, in the order of the text."""
        return self._slice[1]

    def method(self, name: str) -> Method | None:
        """The method of that name; the last definition counts. A class that has none is not parsed to say so."""
        if self.facts.method(name) is None:
            return None
        return next((method for method in reversed(self.methods) if method.name == name), None)

    @property
    def init(self) -> Method | None:
        """The class's own `__init__`."""
        return self.method("__init__")

    @cached_property
    def ancestors(self) -> tuple[ModuleClass, ...]:
        """The models of the ancestors that were read, in method resolution order."""
        return tuple(self.registry.model(cls) for cls in self.ancestry.project_classes)

    @property
    def is_defined_once(self) -> bool:
        """Whether its file has one class of that name: of two, each may be the one that another class inherits from."""
        classes = self.definition.file.facts.classes
        return sum(facts.qualified_name == self.facts.qualified_name for facts in classes) == 1

    @property
    def heirs(self) -> Iterator[ModuleClass]:
        """The classes in sight that inherit from this one."""
        hierarchy = self.registry.hierarchy
        for file in hierarchy.files.mentioning(self.name, self.definition.file):
            for facts in file.facts.classes:
                heir = ProjectClass(file, facts)
                if self.definition in hierarchy.ancestry(heir).order:
                    yield self.registry.model(heir)

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

    def is_undefined(self, name: str) -> bool:
        """Whether nothing binds a name where the class is defined, nor in the class and its read ancestors."""
        found = self.resolve(name)
        return isinstance(found, ExternalClass) and found.origin == UNDEFINED and name not in self.own_attributes

    def resolve_class(self, cls: Resolved) -> Kinship:
        """Whether something that a name resolved to is an nn.Module."""
        if isinstance(cls, TorchClass):
            return Kinship.MODULE
        return self.registry.hierarchy.ancestry(cls).kinship if isinstance(cls, ProjectClass) else Kinship.UNKNOWN

    @property
    def inherited_methods(self) -> frozenset[str]:
        """The names of the methods of the bases that were read."""
        return frozenset(item.name for cls in self.ancestry.project_classes for item in cls.facts.methods)

    def inherits(self, name: str) -> bool:
        """Whether a base that was read defines a method or class attribute of that name."""
        return any(cls.facts.method(name) is not None or name in cls.facts.assigned for cls in self.ancestors)

    def closure(self, methods: list[Method]) -> Iterator[Method]:
        """Methods, and all that they reach through `self` and `super()`."""
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
    def construction(self) -> Construction:
        """What `__init__` does, and what its parent's wants."""
        return Construction(self)

    @cached_property
    def layers(self) -> Layers:
        """The submodules that the class and its read ancestors build."""
        return Layers(self)

    @cached_property
    def flow(self) -> Flow | None:
        """What the class's own `forward` computes; `None` where it has none."""
        forward = self.method("forward")
        return None if forward is None else self.flow_of(forward)

    def flow_of(self, method: Method) -> Flow:
        """What a method, its own or an inherited one, computes for an instance of the class."""
        return trace_forward(self, method)

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
            found.update(method.name for method in cls.facts.methods)
            found.update(cls.facts.assigned)
        return frozenset(found)

    def calls_on_self(self, name: str) -> Iterator[cst.Call]:
        """The calls `self.name(...)` in the methods of the class."""
        for method in self.methods:
            for node in walk(method.node.body, cst.Call):
                if isinstance(node, cst.Call) and self_attribute(node.func, method.receiver) == name:
                    yield node

    @cached_property
    def called_attributes(self) -> frozenset[str]:
        """The attributes of `self` that the methods of the class call."""
        calls = ((method, node) for method in self.methods for node in walk(method.node.body, cst.Call))
        names = (self_attribute(node.func, method.receiver) for method, node in calls if isinstance(node, cst.Call))
        return frozenset(name for name in names if name is not None)

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
        return frozenset().union(*(cls.assigned_here for cls in (self, *self.ancestors)))

    @cached_property
    def assigned_here(self) -> frozenset[str]:
        """Attributes that the class's own methods set on `self`; libcst is asked only where CPython has no tree."""
        if self.tree is not None:
            return by_tree.assigned_attributes(self.tree)
        return frozenset(name for method in self.methods for name in assigned_attributes(method))

    @cached_property
    def read_here(self) -> frozenset[str]:
        """Attributes that the class's own methods take of `self`."""
        if self.tree is not None:
            return by_tree.read_attributes(self.tree)
        return frozenset(name for method in self.methods for name in read_attributes(method))

    @property
    def lacks_forward(self) -> bool:
        """No `forward` that computes in the class or its bases, none set at run time, and no other way to be called."""
        torch_bases = [item for item in self.ancestry.order if isinstance(item, TorchClass)]
        if any(item.name not in _WITHOUT_FORWARD for item in torch_bases):
            return False
        forward = self.find_method("forward")
        is_set = any("forward" in item.facts.assigned for item in (self, *self.ancestors))
        is_promised = forward is not None and forward.is_abstract and not is_set
        names = _CALLABLES[1:] if is_promised else _CALLABLES
        return not any(map(self.defines, names)) and not set(_CALLABLES) & self.rebound_attributes
