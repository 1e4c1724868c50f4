"""
A slip in `requires_grad` where it is set: `p.require_grad = False`, or `self.fc.requires_grad = False` on a layer.

## Why it hurts
A tensor takes any attribute, so the assignment works and means nothing: the layers that were to be frozen go on
training. `p.requires_grad_ = False`, without a call, puts `False` in the place of the method and freezes nothing. A
module takes any attribute too: `self.fc.requires_grad = False` is a note on the layer, and its parameters go on
training.

## What is not reported
`requires_grad` of tensors and parameters, or of a layer beside code that freezes its parameters, calls of
`requires_grad_(...)`, names that begin with an underscore, and an attribute that some code reads: a setting of one's
own.

## Fix safety
Safe: the name is spelled right. What `forward` computes stays the same; training stops where the text says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.diagnostic import Applicability
from nn_lint.fixing.build import replace
from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.spelling import is_misspelled_requires_grad
from nn_lint.model.syntax import self_attribute, walk
from nn_lint.project.code_text import stored_attributes
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each assignment to an attribute that is nearly `requires_grad`."""
    for method in cls.methods:
        for node in walk(method.node.body, cst.AssignTarget):
            target = node.target if isinstance(node, cst.AssignTarget) else None
            if not isinstance(target, cst.Attribute):
                continue
            if is_misspelled_requires_grad(target.attr.value):
                yield from _judge(cls, method, target)
            elif target.attr.value == "requires_grad" and _is_of_a_layer(cls, method, target):
                text = cls.syntax.text(target)
                message = f"`{text}` is an attribute of the layer, not of its parameters: they go on training"
                fix = f"a layer is frozen by `{cls.syntax.text(target.value)}.requires_grad_(False)`"
                yield Finding(cls.syntax.span(target), f"{message}; {fix}")


def _judge(cls: ModuleClass, method: Method, target: cst.Attribute) -> Iterator[Finding]:
    name = target.attr.value
    is_own = isinstance(target.value, cst.Name) and target.value.value == method.receiver
    if is_own or _is_read(cls, name):
        return
    message = f"`{cls.syntax.text(target)}` sets an attribute that torch does not know: nothing is frozen or unfrozen"
    attribute = self_attribute(target.value, method.receiver)
    if any(layer.torch_name != "Parameter" for layer in cls.layers.by_attribute.get(attribute or "", ())):
        yield Finding(cls.syntax.span(target), f"{message}; a layer is frozen by `.requires_grad_(False)`")
        return
    edits = (replace(cls.syntax.span(target.attr), "requires_grad"),)
    yield Finding(cls.syntax.span(target), message, Repair("Spell it `requires_grad`", edits))


def _is_of_a_layer(cls: ModuleClass, method: Method, target: cst.Attribute) -> bool:
    """Whether it is set on a layer of torch, whose parameters the class leaves alone; and nothing asks for it."""
    layer = cls.layers.only(self_attribute(target.value, method.receiver) or "")
    if layer is None or layer.torch_name in (None, "Parameter", "Buffer"):
        return False
    asked = rf"{re.escape(cls.syntax.text(target))}\b(?!\s*=(?!=))|[\"']requires_grad[\"']"
    if re.search(asked, cls.definition.file.text.content) is not None:
        return False
    return re.search(r"parameters\(|requires_grad_\(|(?:weight|bias)\.requires_grad", cls.text) is None


def _is_read(cls: ModuleClass, name: str) -> bool:
    """Whether the file takes the attribute of anything other than to set it, or to call torch's own method."""
    if name == "requires_grad_":
        return False
    asked = rf"\.{name}\b(?!\s*=(?!=))|[\"']{name}[\"']"
    return re.search(asked, cls.definition.file.text.content) is not None


def sieve(facts: ClassFacts, source: str) -> bool:
    """An assignment to such an attribute."""
    stored = {name for name in stored_attributes(source) if 10 <= len(name) <= 18}
    return "requires_grad" in stored or any(map(is_misspelled_requires_grad, stored))


RULE = Rule(
    code="NN406",
    name="requires-grad-typo",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class Frozen(nn.Module):
                def __init__(self, body):
                    super().__init__()
                    self.body = body
                    self.fc = nn.Linear(4, 4)
                    for p in self.body.parameters():
                        p.require_grad = False  # NN406
                    for name, p in self.body.named_parameters():
                        p.requires_gard = "norm" in name  # NN406
                    self.fc.weight.required_grad = False  # NN406
                    self.fc.bias.requires_grad_ = False  # NN406
                    self.scale = nn.Parameter(self.fc.weight[0])
                    self.scale.requiresGrad = False  # NN406
                def freeze(self):
                    for p in self.parameters(): p.requires_grads = False  # NN406
                def forward(self, x):
                    return self.fc(self.body(x))
            """,
            fixed="""
            from torch import nn
            class Frozen(nn.Module):
                def __init__(self, body):
                    super().__init__()
                    self.body = body
                    self.fc = nn.Linear(4, 4)
                    for p in self.body.parameters():
                        p.requires_grad = False
                    for name, p in self.body.named_parameters():
                        p.requires_grad = "norm" in name
                    self.fc.weight.requires_grad = False
                    self.fc.bias.requires_grad = False
                    self.scale = nn.Parameter(self.fc.weight[0])
                    self.scale.requires_grad = False
                def freeze(self):
                    for p in self.parameters(): p.requires_grad = False
                def forward(self, x):
                    return self.fc(self.body(x))
            """,
        ),
        Example(
            """
            from torch import nn
            class Layer(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.fc.require_grad = False  # NN406
                def forward(self, x):
                    return self.fc(x)
            class Noted(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.fc.requires_grad = False  # NN406
                def forward(self, x):
                    return self.fc(x)
            """
        ),
        Example(
            """
            from torch import nn
            class Marked(nn.Module):
                def __init__(self, encoder):
                    super().__init__()
                    self.encoder = encoder
                    self.fc = nn.Linear(4, 4)
                    self.scale = nn.Parameter(encoder.scale)
                    self.scale.requires_grad = False
                    self.encoder.requires_grad = False
                def freeze(self):
                    for p in self.fc.parameters():
                        p.requires_grad = False
                    self.fc.requires_grad = False
                    self.fc._requires_grad = False
                def forward(self, x):
                    return self.fc(self.encoder(x)) * self.scale
            """
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self, body, require_grad, config):
                    super().__init__()
                    self.require_grad = require_grad
                    self.body = body.requires_grad_(False)
                    config.requires_gradient = False
                    for p in self.body.parameters():
                        p.requires_grad = False
                        p.grad = None
                def forward(self, x, config):
                    return self.body(x) if config.requires_gradient else x
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Asked(nn.Module):
                def __init__(self, config):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.fc.requires_grad = False
                    config.require_grad = True
                    self.config = vars(config)
                def forward(self, x):
                    if not self.fc.requires_grad:
                        with torch.no_grad():
                            return self.fc(x)
                    return self.fc(x) if self.config["require_grad"] else x
            """
        ),
        Example(
            """
            from torch import nn
            class Skipped(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.fc.requires_grad = False
                def forward(self, x):
                    return self.fc(x)
            def trained(model):
                return [layer.weight for layer in model.children() if getattr(layer, "requires_grad", True)]
            """
        ),
    ),
)
