"""
A layer with weights as the default of a parameter: `def __init__(self, head=nn.Linear(4, 2))`.

The same holds for an `nn.Parameter`, for a list of layers, and for an empty list that the method fills with layers.

## Why it hurts
Python makes a default once, when the class is read. All models that are built without the argument share that one
layer: training one changes the others, and two of them in one model count their weights once.

## What is not reported
Layers without weights (`act=nn.ReLU()`), losses and metrics, classes (`act=nn.ReLU`), `None`, and a default of which
every model makes a copy (`deepcopy(head)`, `list(layers)`).

## Fix safety
Unsafe: the default becomes `None`, and the layer is built in the first line of `__init__`. Models do not share it any
more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.diagnostic import Applicability
from nn_lint.fixing.build import insert_before, replace
from nn_lint.model.layer_calls import elements, holds_weights, is_parameter
from nn_lint.model.method import Method, Parameter, bound_names, names
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.plain_containers import grown
from nn_lint.model.syntax import dotted
from nn_lint.project.facts import ClassFacts
from nn_lint.project.premises.defaults import may_share_default
from nn_lint.rules.rule import Example, Finding, Repair, Rule

_EMPTY = re.compile(r"\[\s*\]|\{\s*\}|(?:list|dict)\(\s*\)")
_MEASURES = re.compile(r"loss|criterion|metric", re.IGNORECASE)


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each default that is, holds or is filled with what has weights."""
    for method in cls.methods if cls.is_module else ():
        for parameter in method.parameters:
            default = parameter.node.default
            what = _shared(cls, method, parameter) if default is not None else None
            if what is None or _MEASURES.search(parameter.name) or _is_copied(cls, parameter, default):
                continue
            message = (
                f"the default of `{parameter.name}` is one {what} that all calls share: models that are built without "
                f"the argument train the same weights"
            )
            yield Finding(parameter.span, message, _repair(cls, method, parameter))


def _shared(cls: ModuleClass, method: Method, parameter: Parameter) -> str | None:
    """What the default is, where it has weights for certain, or gets them in the method."""
    default = parameter.node.default
    if default is None:
        return None
    if is_parameter(cls, method, default):
        return "parameter"
    if holds_weights(cls, method, default):
        return "layer"
    if any(holds_weights(cls, method, item) or is_parameter(cls, method, item) for item in elements(default)):
        return "list of layers"
    if not _EMPTY.fullmatch(parameter.default or "") or _is_rebound(method, parameter.name):
        return None
    is_filled = any(holds_weights(cls, method, item.node) for item in grown(method, parameter.name))
    return "container, which is filled with layers," if is_filled else None


def _is_rebound(method: Method, name: str) -> bool:
    """Whether the method gives the name another value; `+=` changes the list itself."""
    added = sum(dotted(node.target) == name for node in method.own_nodes if isinstance(node, cst.AugAssign))
    return list(bound_names(method.node.body)).count(name) > added


def _is_copied(cls: ModuleClass, parameter: Parameter, default: cst.BaseExpression | None) -> bool:
    name = parameter.name
    if isinstance(default, (cst.List, cst.Tuple)) and re.search(r"\bdeepcopy\b", cls.text):
        return True
    copied = rf"\b(?:deepcopy|clone\w*)\(\s*{name}\b|\b{name}\.(?:clone|detach|data)\b"
    return re.search(copied, cls.text) is not None


def _repair(cls: ModuleClass, method: Method, parameter: Parameter) -> Repair | None:
    default, first = parameter.node.default, method.first_statement_span
    if default is None or first is None or method.name != "__init__":
        return None
    used = {name.value for name in names(default)}
    if used & (method.locals | cls.facts.assigned | {item.name for item in cls.methods}):
        return None
    text = cls.syntax.lines.slice(cls.syntax.span(default))
    built = f"{parameter.name} = {text} if {parameter.name} is None else {parameter.name}"
    edits = (
        replace(cls.syntax.span(default), "None"),
        insert_before(cls.syntax.lines, first.start, (built,)),
    )
    return Repair("Build the layer in `__init__`, for each model anew", edits)


_DEFAULT = re.compile(r"=\s*(?:(?:\w+\.)*[A-Z_]\w*\(|[\[{(]|(?:list|dict|tuple|(?:\w+\.)?OrderedDict)\()")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A `def` whose signature calls a class, or has a list or dict in it."""
    rows = re.split(r"\r\n|\r|\n", source)
    for method in facts.methods:
        header = "\n".join(rows[method.row - facts.first_row : method.end_row - facts.first_row + 1])
        if _DEFAULT.search(_signature(header)):
            return True
    return False


def _signature(text: str) -> str:
    """A `def` up to the parenthesis that ends its parameters; a parenthesis in a comment can only make it longer."""
    depth = 0
    for found in re.finditer(r"[()]", text):
        depth += 1 if found.group() == "(" else -1
        if depth == 0:
            return text[: found.start()]
    return text


RULE = Rule(
    code="NN410",
    name="mutable-default-module",
    doc=__doc__,
    fix=Applicability.UNSAFE,
    check=check,
    sieve=sieve,
    premise=lambda cls: cls.tree is None or may_share_default(cls.tree),
    examples=(
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self, head=nn.Linear(4, 2)):  # NN410
                    super().__init__()
                    self.head = head
                def forward(self, x):
                    return self.head(x)
            class Deep(nn.Module):
                def __init__(
                    self,
                    body: nn.Module = nn.Sequential(nn.Linear(4, 4), nn.ReLU()),  # NN410
                ):
                    super().__init__()
                    self.body = body
                def forward(self, x):
                    return self.body(x)
            """,
            fixed="""
            from torch import nn
            class Net(nn.Module):
                def __init__(self, head=None):
                    head = nn.Linear(4, 2) if head is None else head
                    super().__init__()
                    self.head = head
                def forward(self, x):
                    return self.head(x)
            class Deep(nn.Module):
                def __init__(
                    self,
                    body: nn.Module = None,
                ):
                    body = nn.Sequential(nn.Linear(4, 4), nn.ReLU()) if body is None else body
                    super().__init__()
                    self.body = body
                def forward(self, x):
                    return self.body(x)
            """,
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self, dim, act=nn.ReLU(), norm=nn.LayerNorm, drop=nn.Dropout(0.1), head=None):
                    super().__init__()
                    self.act, self.norm, self.drop = act, norm(dim), drop
                    self.head = nn.Linear(4, 2) if head is None else head
                def forward(self, x, loss=nn.MSELoss()):
                    return self.head(self.drop(self.act(x)))
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Listed(nn.Module):
                def __init__(self, layers=[nn.Linear(4, 4), nn.ReLU()]):  # NN410
                    super().__init__()
                    self.net = nn.Sequential(*layers)
                def forward(self, x):
                    return self.net(x)
            class Filled(nn.Module):
                def __init__(self, dim, layers=[]):  # NN410
                    super().__init__()
                    layers.append(nn.Linear(dim, dim))
                    self.net = nn.Sequential(*layers)
                def forward(self, x):
                    return self.net(x)
            class Scaled(nn.Module):
                def __init__(self, scale=nn.Parameter(torch.ones(1))):  # NN410
                    super().__init__()
                    self.scale = scale
                def forward(self, x):
                    return x * self.scale
            """,
            fixed="""
            import torch
            from torch import nn
            class Listed(nn.Module):
                def __init__(self, layers=None):
                    layers = [nn.Linear(4, 4), nn.ReLU()] if layers is None else layers
                    super().__init__()
                    self.net = nn.Sequential(*layers)
                def forward(self, x):
                    return self.net(x)
            class Filled(nn.Module):
                def __init__(self, dim, layers=None):
                    layers = [] if layers is None else layers
                    super().__init__()
                    layers.append(nn.Linear(dim, dim))
                    self.net = nn.Sequential(*layers)
                def forward(self, x):
                    return self.net(x)
            class Scaled(nn.Module):
                def __init__(self, scale=None):
                    scale = nn.Parameter(torch.ones(1)) if scale is None else scale
                    super().__init__()
                    self.scale = scale
                def forward(self, x):
                    return x * self.scale
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Fresh(nn.Module):
                def __init__(self, dim, layers=[], acts=[nn.ReLU()], dims=[2, 3], start=nn.Parameter(torch.ones(1))):
                    super().__init__()
                    layers = list(layers)
                    layers.append(nn.Linear(dim, dim))
                    self.net = nn.Sequential(*layers, *acts)
                    self.heads = nn.ModuleList(nn.Linear(dim, size) for size in dims)
                    self.start = nn.Parameter(start.clone())
                def forward(self, x, outputs=[]):
                    outputs.append(self.net(x))
                    return [head(x + self.start) for head in self.heads]
            """
        ),
        Example(
            """
            from copy import deepcopy
            from torch import nn
            class Copied(nn.Module):
                def __init__(self, head=nn.Linear(2, 2)):
                    super().__init__()
                    self.head = deepcopy(head)
                def forward(self, x):
                    return self.head(x)
            """
        ),
        Example(
            """
            from torch import nn
            \f
            \fclass Fed(nn.Module):
                def __init__(self, head=nn.Linear(2, 2)):  # NN410
                    super().__init__()
                    self.head = head
                def forward(self, x):
                    return self.head(x)
            """
        ),
    ),
)
