"""
A layer with weights as the default of a parameter: `def __init__(self, head=nn.Linear(4, 2))`.

## Why it hurts
Python makes a default once, when the class is read. All models that are built without the argument share that one
layer: training one changes the others, and two of them in one model count their weights once.

## What is not reported
Layers without weights (`act=nn.ReLU()`), losses and metrics, classes (`act=nn.ReLU`), `None`, and a
default of which every model makes a copy (`deepcopy(head)`).

## Fix safety
Unsafe: the default becomes `None`, and the layer is built in the first line of `__init__`. Models do not share it any
more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.diagnostic import Applicability
from nn_lint.fixing.build import insert_before, replace
from nn_lint.model.layer_calls import holds_weights
from nn_lint.model.method import Method, Parameter, names
from nn_lint.model.module_class import ModuleClass
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule

_MEASURES = re.compile(r"loss|criterion|metric", re.IGNORECASE)


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each default that is a layer with weights."""
    for method in cls.methods if cls.is_module else ():
        for parameter in method.parameters:
            default = parameter.node.default
            if default is None or _MEASURES.search(parameter.name) or not holds_weights(cls, method, default):
                continue
            if re.search(rf"\b(?:deepcopy|clone\w*)\(\s*{parameter.name}\b", cls.text):
                continue
            message = (
                f"the default of `{parameter.name}` is one layer that all calls share: models that are built without "
                f"the argument train the same weights"
            )
            yield Finding(parameter.span, message, _repair(cls, method, parameter))


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


_DEFAULT = re.compile(r"=\s*(?:\w+\.)*[A-Z_]\w*\(")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A `def` whose signature calls a class."""
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
