"""
A layer class where an instance is meant: `self.act = nn.ReLU`, `nn.ReLU(x)`, `nn.Sequential(nn.ReLU)`.

## Why it hurts
`nn.ReLU(x)` builds a layer and takes the tensor for its `inplace`: the next layer fails with `TypeError: linear():
argument 'input' (position 1) must be Tensor, not ReLU`. A layer that takes no arguments, such as `nn.Sigmoid(x)`,
raises at once. A stored class does the same when it is called, and `nn.Sequential(nn.ReLU)` raises `TypeError:
torch.nn.modules.activation.ReLU is not a Module subclass`, as it does for a function such as `F.relu`.

## What is not reported
Classes that are stored to build layers from (`self.norm = nn.LayerNorm` and `self.norm(dim)`), instances that are
built in `forward` and then called, and arguments that are not tensors.

## Fix safety
Safe: parentheses are added, where the layer needs no arguments, holds no weights and does the same in training and
evaluation. For all others the finding stands without a fix.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nn_lint.diagnostic import Applicability
from nn_lint.fixing.build import insert
from nn_lint.model.class_uses import (
    LAYER_NAMES,
    WITHOUT_STATE,
    ClassUse,
    applied_classes,
    class_attributes,
    is_layer_function,
    listed_classes,
    stored_classes,
)
from nn_lint.model.module_class import ModuleClass
from nn_lint.project.code_text import method_code
from nn_lint.project.extract import dotted
from nn_lint.project.facts import ClassFacts
from nn_lint.project.premises.nodes import last_name
from nn_lint.project.premises.trees import ClassTree
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report classes that are called, listed or applied like instances."""
    if not cls.is_module:
        return
    for use in (*stored_classes(cls), *class_attributes(cls)):
        written = cls.syntax.text(use.node)
        yield _finding(cls, use, f"`{written}` is a class, not a layer: calling it builds one and computes nothing")
    for use in listed_classes(cls):
        written = cls.syntax.text(use.node)
        what = "a class" if use.name else "a function"
        yield _finding(cls, use, f"`{written}` is {what}, not a layer: the container raises `TypeError`")
    for use in applied_classes(cls):
        written = cls.syntax.text(use.node)
        yield _finding(cls, use, f"`{written}(...)` builds a layer from the tensor and does not apply it")


def _finding(cls: ModuleClass, use: ClassUse, message: str) -> Finding:
    span = cls.syntax.span(use.node)
    plain = use.call is None or len(use.call.args) == 1
    can_mend = plain and (use.name in WITHOUT_STATE or (use.call is None and use.name.startswith("Dropout")))
    repair = Repair(f"Write `{cls.syntax.text(use.node)}()`", (insert(span.end, "()"),)) if can_mend else None
    return Finding(span, message, repair)


_STORED = re.compile(
    r"(?:\bself\.|^[ \t]*)\w+[ \t]*=[ \t]*(?:\w+\.)*([A-Z]\w*)[ \t]*(?:[;#\n\r]|$)",
    re.MULTILINE,
)
_CHOSEN = re.compile(r"\bself\.\w+\s*=[^=()]*\(?[^=()]*\bif\b")
_LISTED = re.compile(
    r"(?:\bpartial\(|\bisinstance\([^,()]*(?:\([^()]*\))*[^,()]*,|[,(\[:])\s*(?:\w+\.)*([A-Z]\w*)(?=\s*[,)\]}#])"
)
_FUNCTION = re.compile(r"[,(\[:]\s*(?:\w+\.)*[a-z]\w*\s*[,)\]}#]")
_APPLIED = re.compile(r"(?<!\w)([A-Z]\w*)\((?!\s*\))")
_CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")
_UNCALLED = re.compile(r"[A-Z]\w*(?=\s*[,)\]}#;\r\n]|[ \t]*$|[ \t]+if\b|[ \t]+else\b)")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A layer's class that may be used like a layer, or a container and a name that may be a function's."""
    if any(name in source for name in _CONTAINERS) and _FUNCTION.search(source) is not None:
        return True
    return _says_class(facts, source) or (_is_named(source) and _CHOSEN.search(source) is not None)


def _is_named(source: str) -> bool:
    return not LAYER_NAMES.isdisjoint(_UNCALLED.findall(source))


def _says_class(facts: ClassFacts, source: str) -> bool:
    """The name of a layer that is assigned or stands in a list without a call, or that forward calls."""
    if _is_named(source):
        if not LAYER_NAMES.isdisjoint(_STORED.findall(source)):
            return True
        found = _LISTED.finditer(source) if any(name in source for name in _CONTAINERS) else iter(())
        if any(item[1] in LAYER_NAMES and not item[0].startswith(("partial", "isinstance")) for item in found):
            return True
    return "forward" in source and not LAYER_NAMES.isdisjoint(_APPLIED.findall(method_code(facts, source, "forward")))


def _may_confuse(cls: ModuleClass) -> bool:
    """Whether a class is named that may be taken for a layer, or a function of torch without being called."""
    tree = cls.tree
    return tree is None or _says_class(cls.facts, cls.text) or _chooses_class(tree) or _names_function(cls, tree)


def _chooses_class(tree: ClassTree) -> bool:
    choices = [node for node in tree.nodes if isinstance(node, ast.IfExp)]
    return any(last_name(side) in LAYER_NAMES for node in choices for side in (node.body, node.orelse))


def _names_function(cls: ModuleClass, tree: ClassTree) -> bool:
    called = {node.func for node in tree.nodes if isinstance(node, ast.Call)}
    named = {dotted(node) for node in tree.nodes if isinstance(node, (ast.Attribute, ast.Name)) and node not in called}
    return any(is_layer_function(cls, name) for name in named)


RULE = Rule(
    code="NN211",
    name="class-not-instance",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    premise=_may_confuse,
    examples=(
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc1 = nn.Linear(4, 4)
                    self.fc2 = nn.Linear(4, 4)
                    self.act = nn.ReLU  # NN211
                def forward(self, x):
                    x = nn.GELU(self.fc1(x))  # NN211
                    return self.act(self.fc2(x))
            class Listed(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.net = nn.Sequential(
                        nn.Linear(4, 4),
                        nn.ReLU,  # NN211
                    )
                    self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Tanh])  # NN211
                def forward(self, x):
                    return self.net(x)
            class Branches(nn.Module):
                def __init__(self, wide):
                    super().__init__()
                    self.fc = nn.Linear(4, 8)
                    if wide:
                        self.norm = nn.LayerNorm(8)
                    else:
                        self.norm = nn.Identity  # NN211
                    self.gate = nn.Sigmoid  # NN211
                def forward(self, x):
                    a, b = self.norm(self.fc(x)).chunk(2, dim=-1)
                    return a * self.gate(b)
            class Bare(nn.Module):
                def forward(self, x):
                    return nn.ReLU(x)  # NN211
            """,
            fixed="""
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc1 = nn.Linear(4, 4)
                    self.fc2 = nn.Linear(4, 4)
                    self.act = nn.ReLU()
                def forward(self, x):
                    x = nn.GELU()(self.fc1(x))
                    return self.act(self.fc2(x))
            class Listed(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.net = nn.Sequential(
                        nn.Linear(4, 4),
                        nn.ReLU(),
                    )
                    self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Tanh()])
                def forward(self, x):
                    return self.net(x)
            class Branches(nn.Module):
                def __init__(self, wide):
                    super().__init__()
                    self.fc = nn.Linear(4, 8)
                    if wide:
                        self.norm = nn.LayerNorm(8)
                    else:
                        self.norm = nn.Identity()
                    self.gate = nn.Sigmoid()
                def forward(self, x):
                    a, b = self.norm(self.fc(x)).chunk(2, dim=-1)
                    return a * self.gate(b)
            class Bare(nn.Module):
                def forward(self, x):
                    return nn.ReLU()(x)
            """,
        ),
        Example(
            """
            from torch import nn
            class Head(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.soft = nn.Softmax  # NN211
                def forward(self, x, y):
                    x = nn.Dropout(self.fc(x))  # NN211
                    x = self.soft(x)
                    return nn.CrossEntropyLoss(x, y)  # NN211
            """
        ),
        Example(
            """
            from torch import nn
            class Built(nn.Module):
                act = nn.ReLU
                def __init__(self, dim, norm_layer=nn.LayerNorm, act_layer=nn.ReLU):
                    super().__init__()
                    self.norm_layer = nn.LayerNorm
                    self.norm = self.norm_layer(dim)
                    self.act_layer = act_layer
                    self.block = nn.ReLU
                    self.late = nn.ReLU
                    self.late = self.late()
                    self.layers = nn.ModuleList([self.block() for _ in range(3)])
                    self.types = [nn.ReLU, nn.GELU]
                    self.table = {"relu": nn.ReLU}
                    self.net = nn.Sequential(*[nn.ReLU(), act_layer()])
                def forward(self, x, p):
                    x = nn.Softmax(dim=-1)(x)
                    pool = nn.AdaptiveAvgPool2d(x.shape[-1])
                    act = nn.ReLU()
                    if isinstance(self.norm, nn.LayerNorm):
                        x = act(pool(x))
                    weight = nn.Parameter(self.net(self.late(x)))
                    return nn.ReLU(inplace=True)(x) * weight
            class Typed(nn.Module):
                def __init__(self, layer: nn.Module = nn.Linear):
                    super().__init__()
                    self.kind = nn.Linear
                    self.fc = layer(4, 4)
                def forward(self, x):
                    return self.fc(x) if isinstance(self.fc, self.kind) else x
            """
        ),
        Example(
            """
            from torch import nn
            def run(layer, x):
                return layer(x)
            class Sized(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.pool = nn.AdaptiveAvgPool2d
                    self.soft = nn.Softmax
                def forward(self, x, size, p=0.1):
                    soft = self.soft(size)
                    x = run(nn.Dropout(p), soft(self.pool(size)(x)))
                    up = nn.Sequential(nn.Upsample(size), nn.ReLU())
                    for layer in [nn.AdaptiveAvgPool2d(size), up]:
                        x = layer(x)
                    x = nn.AdaptiveMaxPool2d(size).forward(x)
                    return {"avg": nn.AdaptiveAvgPool2d(size), "max": nn.AdaptiveMaxPool2d(size)}["avg"](x)
            class Weighted(nn.Module):
                def forward(self, logits, target, weight=None):
                    first = nn.CrossEntropyLoss(weight) if weight is not None else nn.CrossEntropyLoss()
                    second, third = nn.CrossEntropyLoss(weight), nn.NLLLoss(weight + 1)
                    self.fourth = nn.CrossEntropyLoss(weight * 2)
                    fifth = nn.CrossEntropyLoss(weight * 2).to(logits.device)
                    if (sixth := nn.CrossEntropyLoss(weight * 2)) is not None:
                        target = target + 0 * sixth(logits, target)
                    losses = [loss(logits, target) for loss in (first, second, third, self.fourth, fifth)]
                    return sum(losses)
            class Factory(nn.Module):
                def forward(self, size):
                    return nn.AdaptiveAvgPool2d(size)
            class Table(nn.Module):
                def forward(self, count):
                    return nn.Embedding(count, 4).weight
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Chosen(nn.Module):
                gate = nn.Sigmoid  # NN211
                def __init__(self, gelu):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.act = (
                        nn.GELU  # NN211
                        if gelu
                        else nn.ReLU  # NN211
                    )
                    self.flatten = nn.Flatten  # NN211
                def forward(self, x):
                    x = self.fc(self.flatten(x))
                    return self.act(x) + self.gate(self.fc(x))
            class Listed(nn.Module):
                def __init__(self):
                    super().__init__()
                    layers = [nn.Linear(4, 4)]
                    layers.append(nn.ReLU)  # NN211
                    self.net = nn.Sequential(*layers)
                    self.acts = nn.ModuleDict({"relu": nn.ReLU, "gelu": nn.GELU()})  # NN211
                    self.other = nn.Sequential(nn.Linear(4, 4), F.relu)  # NN211
                def forward(self, x):
                    return self.other(self.net(self.acts["relu"](x)))
            class Applied(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    return self.fc(nn.BatchNorm1d(x))  # NN211
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Chosen(nn.Module):
                gate = nn.Sigmoid
                norm = nn.LayerNorm
                def __init__(self, gelu, act_layer=nn.GELU, last=nn.ReLU):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    act = nn.GELU if gelu else nn.ReLU
                    self.act = act()
                    self.kind = nn.GELU if gelu else nn.ReLU
                    self.made = self.kind()
                    if isinstance(act_layer, type):
                        act_layer = act_layer()
                    self.last = act_layer
                    self.kept = last
                    self.given = last() if isinstance(last, type) else last
                    self.first = self.norm(4)
                def forward(self, x):
                    return self.kept(self.first(self.given(self.last(self.act(self.gate(self.fc(x)))))))
            class Heir(Chosen):
                gate = nn.Tanh()
            class Listed(nn.Module):
                def __init__(self):
                    super().__init__()
                    layers = [nn.Linear, nn.Linear]
                    layers.append(nn.Linear)
                    self.net = nn.Sequential(*[layer(4, 4) for layer in layers])
                    kinds = [nn.ReLU]
                    kinds = [kind() for kind in kinds]
                    self.acts = nn.Sequential(*kinds)
                    self.table = {"relu": nn.ReLU}
                    self.function = F.relu
                def forward(self, x):
                    return self.function(self.acts(self.net(x)))
            """
        ),
    ),
)
