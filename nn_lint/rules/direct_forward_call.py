"""
A submodule run by `self.net.forward(x)` instead of `self.net(x)`.

## Why it hurts
The result is the same, until something hangs on the call: forward hooks and pre-hooks are skipped, and with them
`spectral_norm` and the old `weight_norm` (which leave the weight as it was), FSDP (which gathers the weights in a
hook), feature extractors and profilers. Nothing is raised, which is why this is a warning.

## What is not reported
`super().forward(x)`, `self.forward(x)`, submodules whose class is not known and that `__init__` does not take as an
`nn.Module`, and those with a `__call__` of their own or that are no modules.

## Fix safety
Safe: `.forward` is taken away. Without hooks the submodule computes what it computed before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.diagnostic import Applicability, Edit, Severity, Span
from nn_lint.fixing.build import replace
from nn_lint.model.method import Method, binds, bound_names, target_names
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.stores import stores
from nn_lint.model.syntax import dotted, self_attribute, walk
from nn_lint.project.facts import ClassFacts
from nn_lint.project.hierarchy import Kinship, ProjectClass, TorchClass
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report the calls of a submodule's `forward`."""
    hooked = any("register_forward" in item.text for item in (cls, *cls.ancestors))
    for method in cls.methods if cls.is_module and not hooked else ():
        if method.is_static or method.is_class_method:
            continue
        for node in method.own_nodes:
            function = node.func if isinstance(node, cst.Call) else None
            if not isinstance(function, cst.Attribute) or function.attr.value != "forward":
                continue
            if _is_submodule(cls, method, function.value):
                written = cls.syntax.text(function.value)
                message = f"`{written}.forward(...)` skips the hooks of `{written}`: weight norms, FSDP and extractors"
                repair = Repair(f"Call `{written}(...)`", (_without_name(cls, function),))
                span = cls.syntax.span(function)
                yield Finding(span, f"{message} see nothing", repair, Severity.WARNING)


def _without_name(cls: ModuleClass, function: cst.Attribute) -> Edit:
    """Take `.forward` away, and the blanks before the dot unless they begin the row."""
    lines, name = cls.syntax.lines, cls.syntax.span(function.attr)
    dot = lines.text.rindex(".", 0, lines.offset(name.start))
    before = lines.text[:dot].rstrip(" \t")
    start = dot if before.endswith(("\n", "\r")) else len(before)
    return replace(Span(lines.position(start), name.end), "")


def _is_submodule(cls: ModuleClass, method: Method, node: cst.BaseExpression) -> bool:
    """`self.net`, `self.layers[0]`, a name that loops over `self.layers`, and one that stands for `self.net`."""
    aliased = _aliased(method, node)
    name = self_attribute(node if aliased is None else aliased, method.receiver)
    if name is not None:
        found = cls.layers.by_attribute.get(name, ())
        return all(_is_plain(cls, layer.cls) for layer in found) if found else _is_declared(cls, name)
    listed = node.value if isinstance(node, cst.Subscript) else _iterated(method, node)
    name = None if listed is None else self_attribute(listed, method.receiver)
    alternatives = cls.layers.alternatives(name) if name is not None else None
    parts = [part for layers in alternatives or () for part in layers]
    return bool(parts) and all(_is_plain(cls, part.cls) for part in parts)


def _is_declared(cls: ModuleClass, attribute: str) -> bool:
    """Whether `__init__` stores a parameter that is declared as an `nn.Module`, and nothing else, under this name."""
    init = cls.init
    if init is None or cls.layers.assignments.get(attribute) != 1 or any(map(cls.defines, (attribute, "__getattr__"))):
        return False
    for store in stores(init):
        if store.attribute == attribute and isinstance(store.value, cst.Name):
            name = store.value.value
            given = next((item for item in init.parameters if item.name == name and not item.star), None)
            is_kept = given is not None and name not in set(bound_names(init.node.body))
            return is_kept and given is not None and cls.resolve(given.annotation or "?") == TorchClass("Module")
    return False


def _aliased(method: Method, node: cst.BaseExpression) -> cst.BaseExpression | None:
    """`self.net` for `net` after `net = self.net`, where nothing else gives the name a value."""
    if not isinstance(node, cst.Name) or list(bound_names(method.node.body)).count(node.value) != 1:
        return None
    if any(item.name == node.value for item in method.parameters):
        return None
    assigned = (item for item in method.own_nodes if isinstance(item, cst.Assign) and len(item.targets) == 1)
    return next((item.value for item in assigned if binds(item, node.value)), None)


def _iterated(method: Method, node: cst.BaseExpression) -> cst.BaseExpression | None:
    """`self.layers` for the name of a loop over it, over its `values()`, its `items()` or `enumerate` of it."""
    if not isinstance(node, cst.Name):
        return None
    if list(bound_names(method.node.body)).count(node.value) != 1:
        return None
    for item in walk(method.node.body, cst.For, cst.CompFor):
        if isinstance(item, (cst.For, cst.CompFor)) and node.value in target_names(item.target):
            return _listed(item.target, item.iter, node.value)
    return None


def _listed(target: cst.BaseExpression, iterated: cst.BaseExpression, name: str) -> cst.BaseExpression | None:
    """What a loop takes the modules out of that it calls by this name."""
    if isinstance(target, cst.Name):
        is_values = isinstance(iterated, cst.Call) and isinstance(iterated.func, cst.Attribute) and not iterated.args
        if is_values and isinstance(iterated, cst.Call) and isinstance(iterated.func, cst.Attribute):
            return iterated.func.value if iterated.func.attr.value == "values" else None
        return iterated
    last = target.elements[-1].value if isinstance(target, cst.Tuple) and len(target.elements) == 2 else None
    if not isinstance(last, cst.Name) or last.value != name or not isinstance(iterated, cst.Call):
        return None
    if isinstance(iterated.func, cst.Attribute):
        return iterated.func.value if iterated.func.attr.value == "items" else None
    return iterated.args[0].value if dotted(iterated.func) == "enumerate" and len(iterated.args) == 1 else None


def _is_plain(cls: ModuleClass, found: object) -> bool:
    """A module that runs by nn.Module's own `__call__`."""
    if isinstance(found, TorchClass):
        return found.is_module
    if not isinstance(found, ProjectClass) or cls.resolve_class(found) is not Kinship.MODULE:
        return False
    is_patched = re.search(rf"\b{found.facts.name}\.__call__[ \t]*=(?!=)", found.file.text.content) is not None
    model = cls.registry.model(found)
    return model.ancestry.complete and not is_patched and not model.defines("__call__")


_CALL = re.compile(r"(?<!\bself)(?<!\))\.forward\(")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A call of some `forward` that is neither `self`'s nor `super()`'s."""
    return ".forward(" in source and _CALL.search(source) is not None


RULE = Rule(
    code="NN209",
    name="direct-forward-call",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class Block(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    return self.fc.forward(x)  # NN209
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.block = Block()
                    self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
                    self.net = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
                def forward(self, x):
                    for layer in self.layers:
                        x = layer.forward(x)  # NN209
                    x = self.layers[0].forward(x)  # NN209
                    x = self.net.forward(x)  # NN209
                    return self.encode(x)
                def encode(self, x):
                    return self.block.forward(x)  # NN209
            """,
            fixed="""
            from torch import nn
            class Block(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    return self.fc(x)
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.block = Block()
                    self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
                    self.net = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
                def forward(self, x):
                    for layer in self.layers:
                        x = layer(x)
                    x = self.layers[0](x)
                    x = self.net(x)
                    return self.encode(x)
                def encode(self, x):
                    return self.block(x)
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Net(nn.Module):
                def __init__(self, encoder: nn.Module, decoder: torch.nn.Module):
                    super().__init__()
                    self.encoder = encoder
                    self.decoder = decoder
                    self.heads = nn.ModuleDict({"a": nn.Linear(4, 2), "b": nn.Linear(4, 2)})
                    self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
                def forward(self, x):
                    encoder = self.encoder
                    x = encoder.forward(x)  # NN209
                    x = self.decoder.forward(x)  # NN209
                    for i, layer in enumerate(self.layers):
                        x = layer.forward(x)  # NN209
                    return {name: head.forward(x) for name, head in self.heads.items()}  # NN209
            """
        ),
        Example(
            """
            from torch import nn
            class Coder:
                def forward(self, x):
                    return x
            class Net(nn.Module):
                def __init__(self, coder: Coder, encoder: nn.Module, other: nn.Module, heads: dict[str, Coder]):
                    super().__init__()
                    self.coder = coder
                    other = Coder()
                    self.other = other
                    self.encoder = encoder
                    self.heads = heads
                    self.net = nn.Linear(4, 4)
                def swap(self):
                    self.encoder = Coder()
                def forward(self, x):
                    net = self.net
                    net = Coder()
                    x = self.coder.forward(self.encoder.forward(self.other.forward(net.forward(x))))
                    return {name: head.forward(x) for name, head in self.heads.items()}
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            from elsewhere import Backbone
            class Schedule:
                def forward(self, x):
                    return x
            class Called(nn.Module):
                def __call__(self, x):
                    return self.forward(x)
                def forward(self, x):
                    return x
            class Net(nn.Linear):
                def __init__(self, given):
                    super().__init__(4, 4)
                    self.given = given
                    self.backbone = Backbone()
                    self.schedule = Schedule()
                    self.called = Called()
                def forward(self, x):
                    x = super().forward(x)
                    x = nn.Linear.forward(self, x)
                    x = self.given.forward(x) + self.backbone.forward(x)
                    return self.schedule.forward(x) + self.called.forward(x)
                def predict(self, x):
                    return self.forward(x)
            """
        ),
        Example(
            """
            from torch import nn
            class Layer(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
                    self.variants: dict[str, object] = {}
                def add(self, name, variant):
                    self.variants[name] = variant
                def forward(self, x):
                    for name in self.variants:
                        x = self.variants[name].forward(self, x)
                    return x
            """
        ),
        Example(
            """
            from elsewhere import Traced
            from torch import nn
            class Counted(nn.Module):
                def forward(self, x):
                    return x
            Counted.__call__ = lambda self, x: (self.forward(x), 1)
            class Seen(Traced, nn.Module):
                def forward(self, x):
                    return x
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.counted = Counted()
                    self.seen = Seen()
                def forward(self, x):
                    return self.counted.forward(self.seen.forward(x))
            class Hooked(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
                    self.fc.register_forward_hook(self._clean)
                def _clean(self, module, given, output):
                    return self.fc.forward(given[0].detach()) + output
                def forward(self, x):
                    return self.fc(x)
            """
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
                def forward(self, x):
                    x = (self.fc).forward(x)  # NN209
                    x = (self.fc  # NN209
                         # the layer
                         .forward(x))
                    return self.fc . forward (x)  # NN209
            """,
            fixed="""
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
                def forward(self, x):
                    x = (self.fc)(x)
                    x = (self.fc
                         # the layer
                         (x))
                    return self.fc (x)
            """,
        ),
    ),
)
