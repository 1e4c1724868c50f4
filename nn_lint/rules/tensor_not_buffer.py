"""
A constant tensor in an attribute that `forward` computes with, and that is no buffer.

## Why it hurts
`.to("cuda")` moves parameters and buffers, and no other tensors. The constant stays on the CPU, and the first call on a
GPU fails: `RuntimeError: Expected all tensors to be on the same device`.

## What is not reported
Tensors that get a device (`device=`, `.to(x.device)` where they or a local name for them are used, a new value in
`forward`), that only give sizes or indices (`x[self.order]`), or that hold one number, which go with every device;
tensors that want gradients, which are no constants (NN405); classes that move them themselves, by a name (`setattr`,
`vars`), a property or a `__setattr__` too.

## Fix safety
Unsafe: the tensor becomes a buffer with `persistent=False`. `state_dict` stays as it is, but `.half()` and `.double()`
cast the constant from then on, as they do with the parameters. No fix is offered where the attribute is also given
`None`, since torch refuses to register a name that is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.diagnostic import Applicability, Edit, Span
from nn_lint.fixing.build import insert
from nn_lint.model.joins import has_dimensions_there, meets_input, uses
from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.new_tensors import has_dimensions, is_shaped, kept_tensor, keywords
from nn_lint.model.occurrences import Chain, attribute_occurrences
from nn_lint.model.stores import Store, stores
from nn_lint.project.code_text import bare_code
from nn_lint.project.facts import ClassFacts
from nn_lint.project.premises.constants import may_keep_new_tensor
from nn_lint.rules.rule import Example, Finding, Repair, Rule

_MOVING = re.compile(r"\.\s*(?:to|cuda|cpu|type_as|to_device|numpy)\(|\bdevice\b|new_tensor|\bnumpy\b")
_OWN_WAYS = ("_apply", "to", "cuda", "__setattr__")
_BY_NAME = re.compile(r"\b(?:vars|setattr)\(|\b__dict__\b")
_BY_DEVICE = re.compile(r"\bwith\s[^\n]*device")


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each constant tensor that meets the input in `forward`."""
    init, forward = cls.init, cls.method("forward")
    if init is None or forward is None or not cls.is_module or any(map(cls.defines, _OWN_WAYS)):
        return
    if _BY_NAME.search(cls.text) or _BY_DEVICE.search(cls.syntax.text(init.node)):
        return
    for store in stores(init):
        call = kept_tensor(cls, init, store.value)
        if call is None or {"device", "out", "requires_grad", "**"} & keywords(call):
            continue
        if not _is_only_store(cls, store) or _is_registered(cls, store) or not _meets_input(cls, forward, store, call):
            continue
        message = (
            f"`self.{store.attribute}` is no buffer: it stays on the CPU when the model moves to a GPU, and `forward` "
            f"fails there"
        )
        yield Finding(cls.syntax.span(store.statement), message, _repair(cls, init, store))


def _is_only_store(cls: ModuleClass, store: Store) -> bool:
    """Whether the attribute is given nothing else but `None`."""
    owners = (cls, *cls.ancestors)
    counts = (owner.layers.assignments.get(store.attribute, 0) for owner in owners)
    empty = [
        item
        for method in cls.methods
        for item in stores(method)
        if item.attribute == store.attribute and isinstance(item.value, cst.Name) and item.value.value == "None"
    ]
    return sum(counts) - len(empty) == 1


def _is_registered(cls: ModuleClass, store: Store) -> bool:
    """Whether the class or a read ancestor registers the name, or has a property of it, or lets the tensor train."""
    attribute = store.attribute
    if cls.find_method(attribute) is not None:
        return True
    local = rf"|\b{store.value.value}" if isinstance(store.value, cst.Name) else ""
    if re.search(rf"(?:\.{attribute}{local})\s*\.\s*requires_grad", cls.text) is not None:
        return True
    named = re.compile(rf"register_\w+\(\s*(?:name\s*=\s*)?[\"']{attribute}[\"']")
    return any(named.search(owner.text) for owner in (cls, *cls.ancestors))


def _meets_input(cls: ModuleClass, forward: Method, store: Store, call: cst.Call) -> bool:
    """Whether every use in the class is plain, and one in `forward` joins the constant with a local value."""
    met = False
    assert cls.init is not None, "what is stored there was found in it"
    has_shape = has_dimensions(cls.init, call) or is_shaped(store.value)
    for method in cls.methods:
        for chain in _uses(method, store.attribute):
            statement = next((node for node in reversed(chain) if isinstance(node, cst.SimpleStatementLine)), chain[-2])
            if _MOVING.search(cls.syntax.text(statement)):
                return False
            has_shape = has_shape or has_dimensions_there(cls, chain)
            met = met or (method is forward and meets_input(cls, forward, chain))
    text = cls.definition.file.text.content
    return met and has_shape and re.search(rf"(?<!\bself)(?<!\btorch)\.{store.attribute}\b", text) is None


def _uses(method: Method, attribute: str) -> Iterator[Chain]:
    """Where a method takes the attribute, or a local name for it."""
    for chain in attribute_occurrences(method.node.body, method.receiver, attribute):
        if not isinstance(chain[-2], cst.AssignTarget):
            yield from uses(method, chain)


def _repair(cls: ModuleClass, init: Method, store: Store) -> Repair | None:
    if cls.layers.assignments.get(store.attribute) != 1 or cls.defines(store.attribute):
        return None
    span, target = cls.syntax.span(store.statement), cls.syntax.span(store.target)
    lines = cls.syntax.lines
    is_after = any(cls.syntax.span(item.node).end <= span.start for item in init.parent_calls)
    sign = re.match(r"\s*=\s*", lines.slice(Span(target.end, span.end)))
    if not is_after or sign is None or not isinstance(store.statement, cst.Assign) or len(store.statement.targets) > 1:
        return None
    value = lines.position(lines.offset(target.end) + sign.end())
    edits = (
        Edit(Span(target.start, value), f'{init.receiver}.register_buffer("{store.attribute}", '),
        insert(span.end, ", persistent=False)"),
    )
    return Repair("Register it as a buffer that is not saved", edits)


_MADE = re.compile(
    r"empty|\w*Tensor|tensor|zeros|ones|randn?|full|eye|\w+space|arange|from_numpy|as_tensor|\w+_window|normal"
)
_MAKES = re.compile(rf"\b(?:{_MADE.pattern})\(")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A `forward`, and a new tensor, from which an attribute may be computed."""
    return facts.method("forward") is not None and _MAKES.search(bare_code(source)) is not None


def premise(cls: ModuleClass) -> bool:
    """Such a tensor in an attribute that forward takes."""
    return cls.tree is None or may_keep_new_tensor(cls.tree, _MADE)


RULE = Rule(
    code="NN403",
    name="tensor-not-buffer",
    doc=__doc__,
    fix=Applicability.UNSAFE,
    check=check,
    sieve=sieve,
    premise=premise,
    examples=(
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Normalize(nn.Module):
                def __init__(self, n):
                    super().__init__()
                    self.mean = torch.tensor([0.5, 0.5, 0.5]).view(1, 3, 1, 1)  # NN403
                    self.std = torch.ones(1, n, 1, 1)  # NN403
                    self.kernel = torch.rand(n, n, 3, 3)  # NN403
                    table = torch.zeros(n, 8)
                    table[:, 0] = 1
                    table = table.unsqueeze(0)
                    self.table = table  # NN403
                def forward(self, x):
                    x = (x - self.mean) / self.std + F.relu(x) * self.std
                    x = x + self.table[:, :, : x.size(3)].unsqueeze(2) if x.dim() == 3 else x + self.table[0, 0, 0]
                    return F.conv2d(x, self.kernel)
            class Positions(nn.Module):
                def __init__(self, n, d, mean):
                    super().__init__()
                    self.fc = nn.Linear(d, d)
                    self.weight = nn.Parameter(torch.zeros(d, d))
                    position = torch.arange(n).unsqueeze(1)
                    steps = torch.exp(torch.arange(0, d, 2).float() * -0.1)
                    table = torch.zeros(n, d)
                    table[:, 0::2] = torch.sin(position * steps)
                    table = 0.1 * table.unsqueeze(0)
                    self.table = table  # NN403
                    self.steps = 1.0 / (10000 ** (torch.arange(0, d).float() / d))  # NN403
                    self.eye = torch.eye(d)  # NN403
                    self.mean = torch.tensor(mean).view(1, 1, -1)  # NN403
                def forward(self, x):
                    y = self.fc(x)
                    y = y + self.table[:, : x.size(1)] - self.mean
                    return torch.matmul(y * self.steps, self.weight - self.weight.t() - 0.1 * self.eye)
            """,
            fixed="""
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Normalize(nn.Module):
                def __init__(self, n):
                    super().__init__()
                    self.register_buffer("mean", torch.tensor([0.5, 0.5, 0.5]).view(1, 3, 1, 1), persistent=False)
                    self.register_buffer("std", torch.ones(1, n, 1, 1), persistent=False)
                    self.register_buffer("kernel", torch.rand(n, n, 3, 3), persistent=False)
                    table = torch.zeros(n, 8)
                    table[:, 0] = 1
                    table = table.unsqueeze(0)
                    self.register_buffer("table", table, persistent=False)
                def forward(self, x):
                    x = (x - self.mean) / self.std + F.relu(x) * self.std
                    x = x + self.table[:, :, : x.size(3)].unsqueeze(2) if x.dim() == 3 else x + self.table[0, 0, 0]
                    return F.conv2d(x, self.kernel)
            class Positions(nn.Module):
                def __init__(self, n, d, mean):
                    super().__init__()
                    self.fc = nn.Linear(d, d)
                    self.weight = nn.Parameter(torch.zeros(d, d))
                    position = torch.arange(n).unsqueeze(1)
                    steps = torch.exp(torch.arange(0, d, 2).float() * -0.1)
                    table = torch.zeros(n, d)
                    table[:, 0::2] = torch.sin(position * steps)
                    table = 0.1 * table.unsqueeze(0)
                    self.register_buffer("table", table, persistent=False)
                    self.register_buffer("steps", 1.0 / (10000 ** (torch.arange(0, d).float() / d)), persistent=False)
                    self.register_buffer("eye", torch.eye(d), persistent=False)
                    self.register_buffer("mean", torch.tensor(mean).view(1, 1, -1), persistent=False)
                def forward(self, x):
                    y = self.fc(x)
                    y = y + self.table[:, : x.size(1)] - self.mean
                    return torch.matmul(y * self.steps, self.weight - self.weight.t() - 0.1 * self.eye)
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Fine(nn.Module):
                def __init__(self, n, device):
                    super().__init__()
                    self.register_buffer("mean", torch.zeros(n))
                    self.a = torch.zeros(n, device=device)
                    self.b = torch.zeros(n)
                    self.c = torch.tensor(0.5)
                    self.d = torch.arange(n)
                    self.e = torch.zeros(n)
                    self.f = nn.Parameter(torch.zeros(n))
                    self.g = torch.zeros(n)
                    self.h = torch.zeros(n)
                def forward(self, x):
                    x = x + self.a + self.b.to(x.device) + x * self.c + x[self.d] + x * self.f
                    self.e = self.e.to(x.device)
                    if self.h is not None:
                        x = x * self.e
                    return x + self.mean, self.g
            class Numbers(nn.Module):
                def __init__(self, n, value, given):
                    super().__init__()
                    self.fc = nn.Linear(n, n)
                    self.levels = torch.linspace(0, 1, n)
                    self.value = torch.tensor(value)
                    self.scale = torch.ones(n)
                    self.shift = torch.ones(n)
                    given = torch.zeros(n) if given is None else given
                    self.given = given * 2
                    self.there = torch.ones(n).to(given.device) * 2
                def forward(self, x, y):
                    x = self.fc(x) * self.levels[0] + self.levels[x.shape[0]] * self.fc(x) + x * self.value
                    n = x.shape[0] * self.scale
                    top = x.max().item() * self.shift + float(x.sum()) * self.shift
                    return x + x * self.given + x * self.there, n, top
            class Moves(nn.Module):
                def __init__(self, n):
                    super().__init__()
                    self.scale = torch.ones(n)
                def _apply(self, fn):
                    self.scale = fn(self.scale)
                    return super()._apply(fn)
                def forward(self, x):
                    return x * self.scale
            class Outside(nn.Module):
                def __init__(self, n):
                    super().__init__()
                    self.weights = torch.ones(n)
                def forward(self, x):
                    return x * self.weights
            def move(model, device):
                model.weights = model.weights.to(device)
            """
        ),
        Example(
            """
            import math
            import torch
            from torch import nn
            class Auto(nn.Module):
                def __setattr__(self, name, value):
                    if torch.is_tensor(value) and not isinstance(value, nn.Parameter):
                        self.register_buffer(name, value, persistent=False)
                    else:
                        super().__setattr__(name, value)
            class Registering(Auto):
                def __init__(self, dim):
                    super().__init__()
                    self.scale = torch.ones(dim)
                def forward(self, x):
                    return x * self.scale
            class Named(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.scale = torch.ones(dim)
                @property
                def scale(self):
                    return self._scale
                @scale.setter
                def scale(self, value):
                    self.register_buffer("_scale", value, persistent=False)
                def forward(self, x):
                    return x * self.scale
            class Placed(nn.Module):
                def __init__(self, dim, place):
                    super().__init__()
                    with torch.device(place):
                        self.scale = torch.ones(dim)
                def forward(self, x):
                    return x * self.scale
            class Moved(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.scale = torch.ones(dim)
                def forward(self, x):
                    for name, value in list(vars(self).items()):
                        if torch.is_tensor(value):
                            setattr(self, name, value + 0 * x.mean())
                    return x * self.scale
            class Sized(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.strides = torch.tensor([2, 4])
                    self.rates = torch.linspace(1, 2, 4)
                    self.scales = torch.tensor([1.0, 2.0])
                def forward(self, x):
                    sizes = torch.tensor(x.shape[-2:]) // self.strides
                    angles = torch.outer(torch.arange(x.shape[0]).float(), self.rates)
                    scales = self.scales * math.sqrt(x.size(-1))
                    return x[: int(sizes[0])], angles.type_as(x), scales.type_as(x)
            class Hosted(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.scale = torch.ones(dim)
                def forward(self, x):
                    x = x.cpu()
                    return x * self.scale
            """
        ),
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Causal(nn.Module):
                def __init__(self, n, d):
                    super().__init__()
                    self.qkv = nn.Linear(d, 3 * d)
                    self.seen = torch.tril(torch.ones(n, n))  # NN403
                    self.future = torch.triu(torch.ones(n, n), diagonal=1).bool()  # NN403
                    self.bias = torch.triu(torch.full((n, n), float("-inf")), diagonal=1)  # NN403
                    self.attn = nn.MultiheadAttention(d, 2, batch_first=True)
                def forward(self, x):
                    q, k, v = self.qkv(x).chunk(3, -1)
                    t = x.size(1)
                    scores = q @ k.transpose(-2, -1)
                    scores = scores.masked_fill(self.seen[:t, :t] == 0, float("-inf"))
                    future = ~self.future[:t, :t]
                    scores = scores.masked_fill(~future, float("-inf"))
                    return scores.softmax(-1) @ self.attn(x, x, v, attn_mask=self.bias)[0]
            class Rotary(nn.Module):
                def __init__(self, d, anchors=((10, 13), (16, 30))):
                    super().__init__()
                    self.rates = 1.0 / (10000 ** (torch.arange(0, d, 2).float() / d))  # NN403
                    self.order = torch.arange(d)  # NN403
                    self.anchors = torch.tensor(anchors).float()  # NN403
                    self.table = self.build(d)  # NN403
                    self.embed = nn.Embedding(d, d)
                def build(self, d):
                    table = torch.zeros(d, d)
                    table[0] = 1
                    return table.unsqueeze(0)
                def forward(self, x):
                    steps = torch.arange(x.shape[1], device=x.device)
                    angles = torch.outer(steps, self.rates)
                    y = self.embed(self.order) + self.table
                    return x * angles.cos() * self.anchors.view(1, -1, 2) + y
            class Chosen(nn.Module):
                def __init__(self, n, weight):
                    super().__init__()
                    self.fc = nn.Linear(n, n)
                    self.threshold = torch.full((n,), 0.5)  # NN403
                    self.first = torch.zeros(1, 1, n)  # NN403
                    if weight is not None:
                        self.weight = torch.tensor(weight, dtype=torch.float32)  # NN403
                    else:
                        self.weight = None
                def forward(self, x, y):
                    x = torch.where(self.fc(x) > self.threshold, x, torch.zeros_like(x))
                    first = self.first.expand(x.size(0), x.size(1), -1)
                    return F.cross_entropy(torch.cat([first, x], dim=-1), y, weight=self.weight)
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Moved(nn.Module):
                def __init__(self, n):
                    super().__init__()
                    self.fc = nn.Linear(n, n)
                    self.a = torch.tril(torch.ones(n, n))
                    self.b = torch.tril(torch.ones(n, n))
                    self.c = torch.tril(torch.ones(n, n))
                    self.d = torch.tril(torch.ones(n, n))
                    self.lengths = torch.full((n,), 2)
                    self.weight = torch.tensor(n)
                    self.w = torch.randn(n)
                    self.w.requires_grad = n > 1
                    self.there = self.build(n, "cuda")
                def build(self, n, place):
                    return torch.zeros(n).to(place)
                def forward(self, x, mask=None):
                    a = self.a[:4, :4]
                    x = x.masked_fill(a.to(x.device) == 0, 0)
                    b = self.b
                    b = b.type_as(x)
                    x = x.masked_fill(b == 0, 0)
                    if mask is None:
                        mask = self.c
                    x = x.masked_fill(mask == 0, 0) if self.d is not None else x
                    packed = nn.utils.rnn.pack_padded_sequence(self.fc(x), self.lengths)
                    steps = torch.arange(x.shape[1])
                    return packed, x * self.weight * self.w * self.there, torch.outer(steps, self.lengths)
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Options(nn.Module):
                def __init__(self, dim, place):
                    super().__init__()
                    options = {"device": place}
                    self.scale = torch.ones(dim, **options)
                def forward(self, x):
                    return x * self.scale
            """
        ),
    ),
)
