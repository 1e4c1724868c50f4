"""
An `nn.Sequential` that is handed a list.

## Why it hurts
`TypeError: list is not a Module subclass` when the model is built: `nn.Sequential` takes the layers one by one. An
`nn.ModuleList` gets past that, and has no `forward`: the first call raises.

## What is not reported
`nn.Sequential(*layers)`, an `OrderedDict`, and names that may hold a single layer.

## Fix safety
Safe: a `*` before the list. What is written could not run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.diagnostic import Applicability, Edit
from nn_lint.fixing.build import insert
from nn_lint.model.method import Method, bound_names
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.syntax import dotted, self_attribute
from nn_lint.project.facts import ClassFacts
from nn_lint.project.hierarchy import TorchClass
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each `nn.Sequential` whose only argument is a list."""
    for method in cls.methods if cls.is_module else ():
        for node in method.own_nodes:
            if not isinstance(node, cst.Call) or len(node.args) != 1 or node.args[0].star or node.args[0].keyword:
                continue
            value = node.args[0].value
            callee = dotted(node.func)
            if (
                callee is None
                or callee.rpartition(".")[2] != "Sequential"
                or not (_is_list(cls, method, value) or _is_module_list(cls, method, value))
                or cls.resolve(callee) != TorchClass("Sequential")
            ):
                continue
            kind = "generator" if isinstance(value, cst.GeneratorExp) else "list"
            message = f"`{callee}` takes layers one by one: a {kind} of them is a `TypeError` when the model is built"
            if _is_module_list(cls, method, value):
                message = f"`{callee}` takes layers one by one: a `ModuleList` has no `forward`, and its call raises"
            yield Finding(
                cls.syntax.span(node), message, Repair("Unpack it with `*`", tuple(_edits(cls, node.args[0])))
            )


def _edits(cls: ModuleClass, argument: cst.Arg) -> Iterator[Edit]:
    """A star; a generator that shares the parentheses of the call needs its own."""
    span, value = cls.syntax.span(argument), argument.value
    is_bare = isinstance(value, cst.GeneratorExp) and not value.lpar
    yield insert(span.start, "*(" if is_bare else "*")
    if is_bare:
        yield insert(span.end, ")")


def _is_list(cls: ModuleClass, method: Method, node: cst.BaseExpression) -> bool:
    """A list that is written out, a sum, multiple or part of lists, or a name that is never anything else."""
    if isinstance(node, cst.BinaryOperation):
        is_sum = isinstance(node.operator, cst.Add)
        return _is_list(cls, method, node.left) or (is_sum and _is_list(cls, method, node.right))
    if isinstance(node, cst.Subscript):
        is_slice = len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Slice)
        return is_slice and _is_list(cls, method, node.value)
    if isinstance(node, (cst.Name, cst.Attribute)):
        values = _values(cls, method, node)
        return bool(values) and all(map(_is_written_list, values))
    return isinstance(node, cst.GeneratorExp) or _is_written_list(node)


def _is_module_list(cls: ModuleClass, method: Method, node: cst.BaseExpression) -> bool:
    """A name that is a `ModuleList` and never anything else."""
    values = _values(cls, method, node)
    made = [dotted(value.func) or "?" for value in values if isinstance(value, cst.Call)]
    is_it = len(made) == len(values) > 0
    return is_it and all(cls.resolve(item) == TorchClass("ModuleList") for item in made)


def _is_written_list(node: cst.BaseExpression) -> bool:
    is_call = isinstance(node, cst.Call) and dotted(node.func) in ("list", "tuple")
    return isinstance(node, (cst.List, cst.ListComp, cst.Tuple)) or is_call


def _values(cls: ModuleClass, method: Method, node: cst.BaseExpression) -> list[cst.BaseExpression]:
    """What a local name, or an attribute that only this method sets, is assigned; the container made of it left out."""
    name = dotted(node) or ""
    values = [value for item in method.own_nodes if (value := _assigned(item, name)) is not None]
    grown = sum(isinstance(item, cst.AugAssign) and dotted(item.target) == name for item in method.own_nodes)
    if isinstance(node, cst.Name):
        is_given = any(item.name == name for item in method.parameters)
        known = not is_given and list(bound_names(method.node.body)).count(name) == len(values) + grown
        return values if known else []
    attribute = self_attribute(node, method.receiver) or ""
    counts = (owner.layers.assignments.get(attribute, 0) for owner in (cls, *cls.ancestors))
    found = [value for value in values if not _is_made_of(value, node)]
    return found if sum(counts) in (len(values), len(values) + grown) and len(values) - len(found) < 2 else []


def _is_made_of(value: cst.BaseExpression, node: cst.BaseExpression) -> bool:
    return isinstance(value, cst.Call) and any(item.value is node for item in value.args)


def _assigned(node: cst.CSTNode, name: str) -> cst.BaseExpression | None:
    targets = [item.target for item in node.targets] if isinstance(node, cst.Assign) else []
    targets += [node.target] if isinstance(node, cst.AnnAssign) else []
    found = any(isinstance(item, (cst.Name, cst.Attribute)) and dotted(item) == name for item in targets)
    return node.value if found and isinstance(node, (cst.Assign, cst.AnnAssign)) else None


_CALLED = re.compile(r"Sequential\(\s*(?:[\[(]|[\w.]+\s*(?:,?\s*\)|\[)|[\w.]+\s*[-+*]|(?:list|tuple)\()")
_GENERATED = re.compile(r"\bfor\b")


def sieve(facts: ClassFacts, source: str) -> bool:
    """`Sequential` is called with a list, a name alone, or a generator."""
    if "Sequential(" not in source:
        return False
    if _CALLED.search(source) is not None:
        return True
    parts = source.split("Sequential(")[1:]
    return any(_GENERATED.search("".join(part.splitlines(keepends=True)[:2])) for part in parts)


RULE = Rule(
    code="NN415",
    name="sequential-list",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    self.a = nn.Sequential([nn.Linear(dim, dim), nn.ReLU()])  # NN415
                    self.b = nn.Sequential([nn.Linear(dim, dim) for _ in range(depth)])  # NN415
                    self.c = nn.Sequential(nn.Linear(dim, dim) for _ in range(depth))  # NN415
                    layers = []
                    for _ in range(depth):
                        layers.append(nn.Linear(dim, dim))
                    layers += [nn.ReLU()]
                    self.d = nn.Sequential(layers)  # NN415
                    self.e = nn.Sequential([nn.Linear(dim, dim)] * depth)  # NN415
                    self.f = nn.Sequential(list(self.e.children())[:-1])  # NN415
                    self.g = [nn.Linear(dim, dim)]
                    self.g += [nn.ReLU()]
                    self.g = nn.Sequential(self.g)  # NN415
                    held = nn.ModuleList()
                    for _ in range(depth):
                        held.append(nn.Linear(dim, dim))
                    self.h = nn.Sequential(held)  # NN415
                    self.i = nn.Sequential(layers[:-1])  # NN415
                def forward(self, x):
                    return self.d(self.c(self.b(self.a(x))))
            """,
            fixed="""
            from torch import nn
            class Net(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    self.a = nn.Sequential(*[nn.Linear(dim, dim), nn.ReLU()])
                    self.b = nn.Sequential(*[nn.Linear(dim, dim) for _ in range(depth)])
                    self.c = nn.Sequential(*(nn.Linear(dim, dim) for _ in range(depth)))
                    layers = []
                    for _ in range(depth):
                        layers.append(nn.Linear(dim, dim))
                    layers += [nn.ReLU()]
                    self.d = nn.Sequential(*layers)
                    self.e = nn.Sequential(*[nn.Linear(dim, dim)] * depth)
                    self.f = nn.Sequential(*list(self.e.children())[:-1])
                    self.g = [nn.Linear(dim, dim)]
                    self.g += [nn.ReLU()]
                    self.g = nn.Sequential(*self.g)
                    held = nn.ModuleList()
                    for _ in range(depth):
                        held.append(nn.Linear(dim, dim))
                    self.h = nn.Sequential(*held)
                    self.i = nn.Sequential(*layers[:-1])
                def forward(self, x):
                    return self.d(self.c(self.b(self.a(x))))
            """,
        ),
        Example(
            """
            from collections import OrderedDict
            from torch import nn
            class Stack(nn.Sequential):
                def __init__(self, layers):
                    super().__init__(*layers)
            class Net(nn.Module):
                def __init__(self, dim, layers, deep):
                    super().__init__()
                    self.a = nn.Sequential(*[nn.Linear(dim, dim), nn.ReLU()])
                    self.b = nn.Sequential(OrderedDict([("fc", nn.Linear(dim, dim))]))
                    self.c = nn.Sequential(layers)
                    self.d = nn.ModuleList([nn.Linear(dim, dim)])
                    self.e = Stack([nn.Linear(dim, dim)])
                    block = [nn.Linear(dim, dim)]
                    if deep:
                        block = nn.Linear(dim, dim)
                        self.f = nn.Sequential(block)
                    self.h = layers
                    self.h = nn.Sequential(self.h)
                    self.i = [nn.Linear(dim, dim)]
                    self.choose()
                    self.i = nn.Sequential(self.i)
                    self.j = nn.Sequential(list(layers)[0])
                def choose(self):
                    self.i = self.i[0]
                def forward(self, x):
                    return self.a(self.b(self.c(self.e(self.f(self.j(x))))))
            """
        ),
    ),
)
