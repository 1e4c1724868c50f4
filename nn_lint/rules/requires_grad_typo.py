"""
A slip in `requires_grad` where it is set: `p.require_grad = False`, `p.requires_grad == False`, or on a whole layer.

## Why it hurts
A tensor takes any attribute, so the assignment works and means nothing: the layers that were to be frozen go on
training. `p.requires_grad_ = False`, without a call, puts `False` in the place of the method and freezes nothing. A
module takes any attribute too: `self.fc.requires_grad = False`, or the same in a loop over `self.fc.children()`, is a
note on the layer, and its parameters go on training. `p.requires_grad == False` and `p.requires_grad_` as statements do
nothing at all. `nn.Parameter(x, require_grad=False)` and `self.fc.parameters().requires_grad = False` raise.

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
from nn_lint.model.known_modules import is_known_module
from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.spelling import is_misspelled_requires_grad
from nn_lint.model.syntax import dotted, walk
from nn_lint.project.code_text import stored_attributes
from nn_lint.project.facts import ClassFacts
from nn_lint.project.hierarchy import TorchClass
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each slip at an attribute that is, or is nearly, `requires_grad`."""
    for method in cls.methods:
        for node in walk(method.node.body, cst.AssignTarget, cst.Expr, cst.Call):
            if isinstance(node, cst.AssignTarget) and isinstance(node.target, cst.Attribute):
                yield from _assigned(cls, method, node.target)
            elif isinstance(node, cst.Expr):
                yield from _stated(cls, method, node.value)
            elif isinstance(node, cst.Call):
                yield from _handed(cls, node)


def _assigned(cls: ModuleClass, method: Method, target: cst.Attribute) -> Iterator[Finding]:
    """`p.require_grad = False`, and `requires_grad` of what is no tensor."""
    text = cls.syntax.text(target)
    if is_misspelled_requires_grad(target.attr.value):
        yield from _judge(cls, method, target)
    elif target.attr.value != "requires_grad":
        return
    elif _is_generator(target.value):
        message = f"`{text}` is an attribute of a generator, which takes none: it raises `AttributeError`"
        yield Finding(cls.syntax.span(target), f"{message}; loop over the parameters, or call `.requires_grad_(False)`")
    elif _is_of_a_module(cls, method, target):
        message = f"`{text}` is an attribute of the layer, not of its parameters: they go on training"
        fix = f"a layer is frozen by `{cls.syntax.text(target.value)}.requires_grad_(False)`"
        yield Finding(cls.syntax.span(target), f"{message}; {fix}")


def _stated(cls: ModuleClass, method: Method, node: cst.BaseExpression) -> Iterator[Finding]:
    """`p.requires_grad == False` and `p.requires_grad_` as statements of their own."""
    span = cls.syntax.span(node)
    if isinstance(node, cst.Attribute) and node.attr.value == "requires_grad_":
        message = f"`{cls.syntax.text(node)}` is not called: nothing is frozen or unfrozen"
        yield Finding(span, f"{message}; write `{cls.syntax.text(node)}(False)`, or `(True)`")
    if not isinstance(node, cst.Comparison) or not isinstance(node.left, cst.Attribute):
        return
    if node.left.attr.value != "requires_grad" or len(node.comparisons) != 1:
        return
    compared = node.comparisons[0]
    if isinstance(compared.operator, cst.Equal):
        is_module = is_known_module(cls, method, node.left.value)
        edits = (replace(cls.syntax.span(compared.operator), "="),)
        repair = None if is_module or node.lpar else Repair("Assign instead of comparing", edits)
        message = f"`{cls.syntax.text(node)}` compares and assigns nothing: nothing is frozen or unfrozen"
        yield Finding(span, message, repair)


def _handed(cls: ModuleClass, call: cst.Call) -> Iterator[Finding]:
    """`nn.Parameter(x, require_grad=False)`."""
    for item in call.args:
        if item.keyword is None or not is_misspelled_requires_grad(item.keyword.value):
            continue
        if cls.resolve(dotted(call.func) or "?") == TorchClass("Parameter"):
            message = f"`nn.Parameter` takes no `{item.keyword.value}`: it raises `TypeError`"
            span = cls.syntax.span(item.keyword)
            yield Finding(span, message, Repair("Spell it `requires_grad`", (replace(span, "requires_grad"),)))


def _judge(cls: ModuleClass, method: Method, target: cst.Attribute) -> Iterator[Finding]:
    name = target.attr.value
    is_own = isinstance(target.value, cst.Name) and target.value.value == method.receiver
    if is_own or _is_read(cls, name):
        return
    message = f"`{cls.syntax.text(target)}` sets an attribute that torch does not know: nothing is frozen or unfrozen"
    if is_known_module(cls, method, target.value):
        yield Finding(cls.syntax.span(target), f"{message}; a layer is frozen by `.requires_grad_(False)`")
        return
    edits = (replace(cls.syntax.span(target.attr), "requires_grad"),)
    yield Finding(cls.syntax.span(target), message, Repair("Spell it `requires_grad`", edits))


def _is_generator(node: cst.BaseExpression) -> bool:
    """`self.net.parameters()`."""
    is_call = isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and not node.args
    return is_call and isinstance(node, cst.Call) and _name_of(node.func) in ("parameters", "children", "modules")


def _name_of(node: cst.BaseExpression) -> str | None:
    return node.attr.value if isinstance(node, cst.Attribute) else None


def _is_of_a_module(cls: ModuleClass, method: Method, target: cst.Attribute) -> bool:
    """Whether it is set on a module, whose parameters the class leaves alone; and nothing asks for it."""
    if not is_known_module(cls, method, target.value):
        return False
    asked = rf"\b{re.escape(cls.syntax.text(target))}\b(?!\s*=(?!=))|[\"']requires_grad[\"']|def requires_grad\b"
    if re.search(asked, cls.definition.file.text.content) is not None:
        return False
    return re.search(r"parameters\(|requires_grad_\(|(?:weight|bias)\.requires_grad", cls.text) is None


def _is_read(cls: ModuleClass, name: str) -> bool:
    """Whether the file takes the attribute of anything other than to set it, or to call torch's own method."""
    if name == "requires_grad_":
        return False
    asked = rf"\.{name}\b(?!\s*=(?!=))|[\"']{name}[\"']"
    return re.search(asked, cls.definition.file.text.content) is not None


_STATED = re.compile(r"\brequires_grad\s*==|\.\s*requires_grad_\b(?!\s*\()")
_KEYWORD = re.compile(r"\b(\w{10,18})\s*=(?!=)")


def sieve(facts: ClassFacts, source: str) -> bool:
    """An assignment to such an attribute, a statement that only takes it, or a keyword of nearly that name."""
    stored = {name for name in stored_attributes(source) if 10 <= len(name) <= 18}
    if "requires_grad" in stored or any(map(is_misspelled_requires_grad, stored)):
        return True
    if "requires_grad" in source and _STATED.search(source) is not None:
        return True
    return "Parameter" in source and any(map(is_misspelled_requires_grad, set(_KEYWORD.findall(source))))


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
            import torch
            from torch import nn
            from torchvision.models import resnet18
            class Given(nn.Module):
                def __init__(self, body):
                    super().__init__()
                    self.body = body
                    self.resnet = resnet18()
                    self.body.requires_grad = False  # NN406
                    self.resnet.requires_grad = False  # NN406
                    for m in self.body.children():
                        m.requires_grad = False  # NN406
                    for name, m in self.resnet.named_modules():
                        m.requires_grad = "fc" not in name  # NN406
                def forward(self, x):
                    return self.body(self.resnet(x))
            class Looped(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.net = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
                    for layer in self.net:
                        layer.requires_grad = False  # NN406
                    for layer in [self.fc, self.net]:
                        layer.requires_grad = False  # NN406
                    self.freeze(self.fc)
                def freeze(self, layer):
                    layer.requires_grad = False  # NN406
                def forward(self, x):
                    return self.fc(self.net(x))
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Compared(nn.Module):
                def __init__(self, body):
                    super().__init__()
                    self.body = body
                    self.scale = nn.Parameter(torch.ones(4), require_grad=False)  # NN406
                    for p in self.body.parameters():
                        p.requires_grad == False  # NN406
                def forward(self, x):
                    return self.body(x) * self.scale
            """,
            fixed="""
            import torch
            from torch import nn
            class Compared(nn.Module):
                def __init__(self, body):
                    super().__init__()
                    self.body = body
                    self.scale = nn.Parameter(torch.ones(4), requires_grad=False)
                    for p in self.body.parameters():
                        p.requires_grad = False
                def forward(self, x):
                    return self.body(x) * self.scale
            """,
        ),
        Example(
            """
            from torch import nn
            class Bare(nn.Module):
                def __init__(self, body):
                    super().__init__()
                    self.body = body
                    self.body.parameters().requires_grad = False  # NN406
                    for p in self.body.parameters():
                        p.requires_grad_  # NN406
                def forward(self, x):
                    return self.body(x)
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Weighted(nn.Module):
                def __init__(self, body, prompt, parts):
                    super().__init__()
                    self.body = body
                    self.prompt = prompt
                    self.first = nn.Parameter(torch.ones(4))
                    self.second = nn.Parameter(torch.ones(4))
                    self.prompt.requires_grad = False
                    for p in [self.first, self.second]:
                        p.requires_grad = False
                    for p in parts:
                        p.requires_grad = False
                    for m in self.body.children():
                        m = m[0]
                        m.requires_grad = False
                    self.freeze(self.first)
                    self.freeze(self.body)
                    self.fixed = [p.requires_grad == False for p in parts]
                def freeze(self, p):
                    p.requires_grad = False
                def same(self, p):
                    assert p.requires_grad == False
                    return self.body.requires_grad_
                def forward(self, x):
                    return self.body(x) * self.first + self.second + self.prompt
            class Switch(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.requires_grad = True
                def forward(self, x):
                    return self.fc(x) if self.requires_grad else self.fc(x).detach()
            class Switched(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.net = Switch()
                    self.net.requires_grad = False
                def forward(self, x):
                    return self.net(x)
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
