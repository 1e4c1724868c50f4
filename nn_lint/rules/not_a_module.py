"""
A class with layers and a `forward` that is no `nn.Module`.

## Why it hurts
Its layers are out of the model's sight. Stored in a module, they are not in `parameters()` and never train, stay on
the CPU after `.to("cuda")`, and are not saved. Calling the object fails: `TypeError: 'Projector' object is not
callable`. Where the text calls `.forward(x)` by hand nothing fails at all.

## What is not reported
Classes with any base but `object`, with a decorator, or with subclasses (a mixin for modules), and classes that handle
their layers themselves: that have a `parameters`, `to`, `train` or `state_dict`, a `__call__`, deal with an
optimizer, give their layers away or run without gradients.

## Fix safety
Unsafe: `nn.Module` becomes the base, and `super().__init__()` the first statement of `__init__` where it is missing.
The layers are registered from then on: `state_dict` of a model that holds the object gets new keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.diagnostic import Applicability, Edit
from nn_lint.fixing.build import insert, insert_before, replace
from nn_lint.model.layer_calls import holds_weights
from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.occurrences import attribute_occurrences
from nn_lint.model.syntax import self_attribute
from nn_lint.model.torch_spelling import spell_layer
from nn_lint.project.code_text import bare_code
from nn_lint.project.facts import ClassFacts
from nn_lint.project.hierarchy import ProjectClass
from nn_lint.rules.rule import Example, Finding, Repair, Rule

_OWN_WAYS = frozenset(
    (
        "__call__ __getattr__ parameters named_parameters to cuda cpu train eval state_dict load_state_dict save load "
        "fit step backward modules children apply"
    ).split()
)


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report a class without bases that has all of a module but the base."""
    if not sieve(cls.facts, cls.text):
        return
    init, forward = cls.init, cls.method("forward")
    if init is None or forward is None or forward.is_static or init.decorators or forward.is_abstract:
        return
    used = forward.attributes_of(forward.receiver) - _delegates(forward)
    kept = [name for name in _kept_layers(cls, init) if name in used]
    if not kept or _is_base(cls) or "no_grad" in "".join(forward.decorators):
        return
    if any(_is_handed_out(cls, name) for name in kept):
        return
    message = (
        f"`{cls.name}` has layers and a `forward`, and is no `nn.Module`: its layers are not in the `parameters()` of "
        f"any model, never train, are not moved and not saved"
    )
    yield Finding(cls.name_span, message, _repair(cls, init))


def _kept_layers(cls: ModuleClass, init: Method) -> Iterator[str]:
    """The attributes that get a new layer with weights."""
    for node in init.own_nodes:
        if isinstance(node, cst.Assign) and holds_weights(cls, init, node.value):
            for item in node.targets:
                name = self_attribute(item.target, init.receiver)
                if name is not None:
                    yield name


def _delegates(forward: Method) -> frozenset[str]:
    """The attributes whose own `forward` it calls: it stands for another object, and is no part of a model."""
    calls = (node.func for node in forward.own_nodes if isinstance(node, cst.Call))
    owners = (func.value for func in calls if isinstance(func, cst.Attribute) and func.attr.value == "forward")
    return frozenset(name for owner in owners if (name := self_attribute(owner, forward.receiver)) is not None)


def _is_handed_out(cls: ModuleClass, attribute: str) -> bool:
    """Whether a method gives the layer away, or code of the file takes it of an object."""
    for method in cls.methods:
        for chain in attribute_occurrences(method.node.body, method.receiver, attribute):
            if isinstance(chain[-2], (cst.Return, cst.Element)):
                return True
    return (
        re.search(rf"\w\.\w+\.{attribute}\b|(?<!\bself)\.{attribute}\b", cls.definition.file.text.content) is not None
    )


def _is_base(cls: ModuleClass) -> bool:
    """Whether a class of a file that mentions this one inherits from it, or `type()` makes one that does."""
    hierarchy = cls.registry.hierarchy
    if re.search(rf"\b{cls.name}\s*,[^)\n]*Module\b", cls.definition.file.text.content):
        return True
    return any(
        cls.definition in hierarchy.ancestry(ProjectClass(file, facts)).order
        for file in hierarchy.files.mentioning(cls.name, cls.definition.file)
        for facts in file.facts.classes
    )


def _repair(cls: ModuleClass, init: Method) -> Repair | None:
    base = spell_layer(cls, "Module")
    if base is None:
        return None
    node, edits = cls.syntax.node, list[Edit]()
    if isinstance(node.lpar, cst.LeftParen):
        start = cls.syntax.lines.offset(cls.name_span.end)
        empty = insert(cls.syntax.lines.position(cls.syntax.lines.text.index("(", start) + 1), base)
        edits.append(replace(cls.syntax.span(node.bases[0]), base) if node.bases else empty)
    else:
        edits.append(insert(cls.name_span.end, f"({base})"))
    if not init.parent_calls:
        if init.first_statement_span is None:
            return None
        edits.append(insert_before(cls.syntax.lines, init.first_statement_span.start, ("super().__init__()",)))
    return Repair(f"Make it an `{base}`; checkpoints get new keys", tuple(edits))


_OF_TENSOR = (
    r"\s*(?:device\s*=\s*|dtype\s*=\s*)?(?:(?!self\b)\w+\.(?:device|dtype)|torch\.(?:float|half|double)\w*)\s*[,)]"
)
_BY_HAND = re.compile(
    r"\.\s*(?:parameters|state_dict|load_state_dict|cuda|train|eval|backward|compile|requires_grad_?|jit(?!\.Final))\b|optim"
    rf"|\.\s*to\b(?!\({_OF_TENSOR})"
)


def sieve(facts: ClassFacts, source: str) -> bool:
    """No base that counts, an `__init__` and a `forward`, and no way of its own to handle layers."""
    names = {method.name for method in facts.methods}
    if (
        facts.bases not in ((), ("object",))
        or facts.decorators
        or facts.metaclass
        or not {"__init__", "forward"} <= names
    ):
        return False
    return not names & _OWN_WAYS and not facts.name.endswith("Mixin") and not _BY_HAND.search(bare_code(source))


RULE = Rule(
    code="NN413",
    name="not-a-module",
    doc=__doc__,
    fix=Applicability.UNSAFE,
    check=check,
    sieve=sieve,
    about_plain_classes=True,
    examples=(
        Example(
            """
            import torch
            from torch import nn
            class Projector:  # NN413
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    return self.fc(x)
            class Encoder(object):  # NN413
                def __init__(self, dim):
                    self.net = nn.Sequential(nn.Linear(dim, dim), nn.ReLU())
                def forward(self, x):
                    return self.net(x)
            class Mixed:  # NN413
                '''Trained by model.train() like all others.'''
                fused: torch.jit.Final[bool]
                def __init__(self, dim):
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x, mask):
                    return self.fc(x.to(torch.float32)).to(x.dtype) + mask.to(device=x.device)
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.head = Projector(4)
                    self.body = Encoder(4)
                def forward(self, x):
                    return self.head.forward(self.body.forward(x))
            """,
            fixed="""
            import torch
            from torch import nn
            class Projector(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    return self.fc(x)
            class Encoder(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.net = nn.Sequential(nn.Linear(dim, dim), nn.ReLU())
                def forward(self, x):
                    return self.net(x)
            class Mixed(nn.Module):
                '''Trained by model.train() like all others.'''
                fused: torch.jit.Final[bool]
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x, mask):
                    return self.fc(x.to(torch.float32)).to(x.dtype) + mask.to(device=x.device)
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.head = Projector(4)
                    self.body = Encoder(4)
                def forward(self, x):
                    return self.head.forward(self.body.forward(x))
            """,
        ),
        Example(
            """
            from torch import nn
            class Schedule:
                def __init__(self, steps):
                    self.steps = steps
                def forward(self, t):
                    return t / self.steps
            class Shared:
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    return self.fc(x)
            class Net(Shared, nn.Module):
                pass
            class Agent:
                def __init__(self, dim):
                    self.policy = nn.Linear(dim, dim)
                def forward(self, x):
                    return self.policy(x)
                def parameters(self):
                    return self.policy.parameters()
            class Runner:
                def __init__(self, dim):
                    self.net = nn.Linear(dim, dim).cuda()
                def forward(self, x):
                    return self.net(x)
            class Placed:
                def __init__(self, dim, device):
                    self.device = device
                    self.net = nn.Linear(dim, dim).to(device)
                def forward(self, x):
                    return self.net(x)
            class Moved:
                def __init__(self, dim):
                    self.net = nn.Linear(dim, dim)
                def forward(self, x):
                    return self.net.to(self.device)(x)
            class Factory:
                def __init__(self, dim):
                    self.layer = nn.Linear(dim, dim)
                def build(self):
                    return self.layer
            class Loss:
                def __init__(self):
                    self.loss = nn.MSELoss()
                def forward(self, x, y):
                    return self.loss(x, y)
            """
        ),
        Example(
            """
            from torch import nn
            class Remote:
                def __init__(self, width):
                    self.layer = nn.Linear(width, width)
                def forward(self, x):
                    return None if x is None else self.layer.forward(x)
                def weight(self):
                    return self.layer.weight
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Branch:
                def __init__(self, dim):
                    self.projection = nn.Linear(dim, dim)
                def forward(self, x):
                    return self.projection(x)
            class Expert:
                def __init__(self, dim):
                    self.up = nn.Linear(dim, dim)
                    self.down = nn.Linear(dim, dim)
                def forward(self, x):
                    return self.down(self.up(x))
                def layers(self):
                    return nn.ModuleList([self.up, self.down])
            class Mixture(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.branch = Branch(dim)
                    self.registered = self.branch.projection
                    self.experts = [Expert(dim) for _ in range(2)]
                    self.listed = nn.ModuleList(expert.layers() for expert in self.experts)
                def forward(self, x):
                    return sum(expert.forward(x) for expert in self.experts) + self.branch.forward(x)
            class Table:
                def __init__(self, dim):
                    self.rows = nn.Embedding(4, dim)
                @torch.no_grad()
                def forward(self, x):
                    return self.rows(x)
            class Part:
                def __init__(self, dim):
                    super().__init__()
                    self.layer = nn.Linear(dim, dim)
                def forward(self, x):
                    return self.layer(x)
            Whole = type("Whole", (Part, nn.Module), {})
            """
        ),
        Example(
            """
            from torch import nn
            class Extractor:
                def __init__(self):
                    self.net = nn.Linear(2, 2)
                def forward(self, x):
                    return self.net(x)
                def extract(self, x):
                    self.net.requires_grad_(False)
                    return self.forward(x)
            """
        ),
    ),
)
