"""
An in-place operation that spoils a residual addition: it overwrites the saved input before the addition, or the
addition itself overwrites what the backward pass needs.

## Why it hurts
`identity = x` copies nothing. When the branch begins with `nn.ReLU(inplace=True)`, `F.relu_(x)` or `x += ...`, the
identity changes with it: the block adds `relu(x)` where it says `x`, its negative half is lost, and the caller's tensor
is overwritten too. Nothing fails.

`out += identity`, or `out *= self.gate(out)`, right after a ReLU is the other way round: the values are right, but
torch takes the gradient of a ReLU (sigmoid, tanh, softmax) from its result, which is gone: `backward` raises
`RuntimeError: one of the variables needed for gradient computation has been modified by an inplace operation`.
`x += self.conv(x)` overwrites what the convolution was given, and its weights need that in the same way.

The first layer is also looked for in methods that `forward` calls, in a `Sequential` that is made of a list or grows by
`append` and `add_module`, in the items of a `ModuleList`, and in the `forward` of a class of the same file; that one is
reported without a fix.

## What is not reported
In-place operations on tensors of their own (`self.relu(self.bn(x))`), inputs that are cloned first, `x = self.relu(x)`
followed by a residual unit on the new `x`, a statement `x.relu_()` whose `x` is then added by the same name, writes
into items (`x[mask] = 0`), writes
under another condition than the addition, values that were rectified before, and `reshape`, `contiguous` or unknown
layers in between, which may copy. Layers that a base class builds are not looked at. Of the backward pass nothing is
said in a class that speaks of `no_grad`, `inference_mode` or `requires_grad`.

## Fix safety
Safe for an addition behind an activation: `out += identity` becomes `out = out + identity`, with the same values. So
does `x += self.conv(x)`, but as the caller's tensor stays what it was, a run in torch must confirm it. Verified for an
overwritten input: `inplace=True` becomes `inplace=False`, `relu_` becomes `relu`, `x += y` becomes
`x = x + y`. The block then computes another thing than before, what it says; weights that were trained with the mistake
may want to keep it. The fix is kept only if a run in torch shows that the input reached the output changed before, and
unchanged after. Where a tensor in the middle of `forward` is overwritten no run can show that, and the fix is unsafe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.diagnostic import Applicability
from nn_lint.fixing.inplace import work_out_of_place
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.gradients import SpoiledGradient, spoiled_gradients
from nn_lint.model.residual.mutated import MutatedIdentity, mutated_identities
from nn_lint.model.values import Kind
from nn_lint.project.code_text import bare_code
from nn_lint.project.facts import ClassFacts
from nn_lint.project.premises.reach import reached_code
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each write that changes what is added, and each sum that the backward pass trips over."""
    if not cls.is_module:
        return
    overwritten = tuple(mutated_identities(cls))
    for mutated in overwritten:
        yield _overwritten(cls, mutated)
    for spoiled in spoiled_gradients(cls):
        if all(spoiled.write.value is not mutated.write.value for mutated in overwritten):
            yield _untrainable(cls, spoiled)


def _overwritten(cls: ModuleClass, found: MutatedIdentity) -> Finding:
    write = found.write
    is_child = write.layer is not None and not write.layer.attribute
    place = write.node if is_child or write.value.node is None else write.value.node
    assert found.sum.node is not None, "a sum is made by a node"
    is_input = found.root.kind is Kind.INPUT
    what = f"`{found.root.name}`" if is_input else "a value"
    inner = f" (by `{write.inner}`)" if write.inner else ""
    message = (
        f"`{cls.syntax.text(write.node)}` overwrites {what} in place{inner}, "
        f"and `{cls.syntax.text(found.sum.node)}` adds it as if it were unchanged"
    )
    edits = work_out_of_place(cls, write)
    applicability = Applicability.VERIFIED if is_input else Applicability.UNSAFE
    repair = Repair("Leave the saved tensor as it is", edits, applicability) if edits else None
    return Finding(cls.syntax.span(place), message, repair)


def _untrainable(cls: ModuleClass, found: SpoiledGradient) -> Finding:
    node = found.write.node
    text = cls.syntax.text(found.keeper.node) if found.keeper.node is not None else found.keeper.name
    source = f"the result of `{text}`" if found.keeps_result else f"what `{text}` was given"
    message = f"`{cls.syntax.text(node)}` overwrites {source}, which the backward pass needs: it will raise"
    edits = work_out_of_place(cls, found.write) if found.is_last_use else None
    safety = Applicability.SAFE if found.keeps_result else Applicability.VERIFIED
    return Finding(cls.syntax.span(node), message, Repair("Add into a new tensor", edits, safety) if edits else None)


_JOINS = re.compile(r"[-+]|add|sub|sum|lerp")
_WRITES = re.compile(r"\w_\s*\(|\binplace\b|[-+*/@%&|^]=|<<=|>>=")
_FLAG = re.compile(r"\binplace\s*=\s*True\b|[(,]\s*True\b")
_FLAG_OR_WRITE = re.compile(rf"{_FLAG.pattern}|relu_\s*\(")
_WORD = re.compile(r"\w+")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A class with a forward in which something is added."""
    return facts.method("forward") is not None and _JOINS.search(bare_code(source)) is not None


def premise(cls: ModuleClass) -> bool:
    """A sum in what forward reaches, and something that works in place: there, by an argument of a layer, or nearby."""
    reached = reached_code(cls.definition, cls.ancestry.project_classes)
    if not any(map(_JOINS.search, reached)):
        return False
    if any(map(_WRITES.search, reached)) or _FLAG.search(bare_code(cls.text)) is not None:
        return True
    return _has_writer_near(cls)


def _has_writer_near(cls: ModuleClass) -> bool:
    """Whether a class of the file that the class names, or one that such a class names, may work in place."""
    file = cls.definition.file
    pending, seen = [cls.text], {cls.name}
    while pending:
        words = set(_WORD.findall(pending.pop())) - seen
        for facts in (item for item in file.facts.classes if item.name in words):
            seen.add(facts.name)
            text = file.text.readable.rows(facts.first_row, facts.end_row)
            if _FLAG_OR_WRITE.search(text) is not None:
                return True
            pending.append(text)
    return False


RULE = Rule(
    code="NN305",
    name="residual-inplace-mutated",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    premise=premise,
    examples=(
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class PreActivation(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.branch = nn.Sequential(
                        nn.ReLU(inplace=True),  # NN305
                        nn.Conv2d(ch, ch, 3, padding=1),
                    )
                def forward(self, x):
                    return x + self.branch(x)
            class Untrainable(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    identity = x
                    out = F.relu(self.fc(x))
                    out += identity  # NN305
                    return out
            """,
            fixed="""
            import torch.nn.functional as F
            from torch import nn
            class PreActivation(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.branch = nn.Sequential(
                        nn.ReLU(inplace=False),
                        nn.Conv2d(ch, ch, 3, padding=1),
                    )
                def forward(self, x):
                    return x + self.branch(x)
            class Untrainable(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    identity = x
                    out = F.relu(self.fc(x))
                    out = out + identity
                    return out
            """,
        ),
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Shared(nn.Module):
                def __init__(self, ch, downsample=None):
                    super().__init__()
                    self.relu = nn.ReLU(True)
                    self.conv1 = nn.Conv2d(ch, ch, 3, padding=1)
                    self.conv2 = nn.Conv2d(ch, ch, 3, padding=1)
                    self.downsample = downsample
                def forward(self, x):
                    identity = x
                    out = self.relu(x)  # NN305
                    out = self.conv1(out)
                    out = self.conv2(self.relu(out))
                    if self.downsample is not None:
                        identity = self.downsample(x)
                    return out + identity
            class Functional(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv1 = nn.Conv2d(ch, ch, 3, padding=1)
                    self.conv2 = nn.Conv2d(ch, ch, 3, padding=1)
                def forward(self, x):
                    out = F.relu(x, inplace=True)  # NN305
                    out = self.conv2(F.leaky_relu_(self.conv1(out), 0.2))
                    return x + 0.1 * out
            class Underscore(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    residual = x
                    x.relu_()  # NN305
                    x = self.fc(x)
                    return x + residual
            class Encoded(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.place = nn.Linear(dim, dim)
                    self.mix = nn.Linear(dim, dim)
                    self.offset = nn.Parameter(torch.zeros(dim))
                def forward(self, x):
                    skip = x.transpose(0, 1)
                    x += self.place(x) + self.offset  # NN305
                    out = self.mix(x).transpose(0, 1)
                    return (out + skip).transpose(0, 1)
            """,
            fixed="""
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Shared(nn.Module):
                def __init__(self, ch, downsample=None):
                    super().__init__()
                    self.relu = nn.ReLU(inplace=False)
                    self.conv1 = nn.Conv2d(ch, ch, 3, padding=1)
                    self.conv2 = nn.Conv2d(ch, ch, 3, padding=1)
                    self.downsample = downsample
                def forward(self, x):
                    identity = x
                    out = self.relu(x)
                    out = self.conv1(out)
                    out = self.conv2(self.relu(out))
                    if self.downsample is not None:
                        identity = self.downsample(x)
                    return out + identity
            class Functional(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv1 = nn.Conv2d(ch, ch, 3, padding=1)
                    self.conv2 = nn.Conv2d(ch, ch, 3, padding=1)
                def forward(self, x):
                    out = F.relu(x, inplace=False)
                    out = self.conv2(F.leaky_relu_(self.conv1(out), 0.2))
                    return x + 0.1 * out
            class Underscore(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    residual = x
                    x = x.relu()
                    x = self.fc(x)
                    return x + residual
            class Encoded(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.place = nn.Linear(dim, dim)
                    self.mix = nn.Linear(dim, dim)
                    self.offset = nn.Parameter(torch.zeros(dim))
                def forward(self, x):
                    skip = x.transpose(0, 1)
                    x = x + (self.place(x) + self.offset)
                    out = self.mix(x).transpose(0, 1)
                    return (out + skip).transpose(0, 1)
            """,
        ),
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Ordered(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.act = nn.LeakyReLU(0.2, True)
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                    self.out = nn.Conv2d(ch, ch, 1)
                def forward(self, x):
                    x = self.conv(x)
                    y = self.act(x)  # NN305
                    return x + self.out(y)
            class Sigmoid(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Sequential(nn.Linear(dim, dim), nn.Sigmoid())
                def forward(self, x):
                    out = self.fc(x)
                    out.add_(x)  # NN305
                    return out
            class Stream(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm = nn.LayerNorm(dim)
                    self.mlp = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, dim))
                def forward(self, x):
                    x += self.mlp(self.norm(x))  # NN305
                    return x
            """,
            fixed="""
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Ordered(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.act = nn.LeakyReLU(0.2, inplace=False)
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                    self.out = nn.Conv2d(ch, ch, 1)
                def forward(self, x):
                    x = self.conv(x)
                    y = self.act(x)
                    return x + self.out(y)
            class Sigmoid(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Sequential(nn.Linear(dim, dim), nn.Sigmoid())
                def forward(self, x):
                    out = self.fc(x)
                    out = out.add(x)
                    return out
            class Stream(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm = nn.LayerNorm(dim)
                    self.mlp = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, dim))
                def forward(self, x):
                    x = x + self.mlp(self.norm(x))
                    return x
            """,
        ),
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class BasicBlock(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv1 = nn.Conv2d(ch, ch, 3, padding=1)
                    self.bn1 = nn.BatchNorm2d(ch)
                    self.conv2 = nn.Conv2d(ch, ch, 3, padding=1)
                    self.bn2 = nn.BatchNorm2d(ch)
                    self.relu = nn.ReLU(inplace=True)
                def forward(self, x):
                    identity = x
                    out = self.relu(self.bn1(self.conv1(x)))
                    out = self.bn2(self.conv2(out))
                    out += identity
                    return self.relu(out)
            class PreActivation(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.bn = nn.BatchNorm2d(ch)
                    self.relu = nn.ReLU(inplace=True)
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                    self.plain = nn.Sequential(nn.ReLU(inplace=False), nn.Conv2d(ch, ch, 1))
                def forward(self, x):
                    out = self.conv(self.relu(self.bn(x)))
                    x = x + out
                    return x + self.plain(x)
            class Cloned(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.branch = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(ch, ch, 3, padding=1))
                def forward(self, x):
                    identity = x.clone()
                    out = self.branch(x)
                    return out + identity
            class Rectified(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.relu = nn.ReLU(inplace=True)
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                def forward(self, x):
                    x = self.relu(x)
                    x = x + self.conv(x)
                    F.relu_(x)
                    y = self.relu(x)
                    return x + self.conv(y)
            class Stream(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm1 = nn.LayerNorm(dim)
                    self.norm2 = nn.LayerNorm(dim)
                    self.mix = nn.Linear(dim, dim)
                    self.mlp = nn.Linear(dim, dim)
                def forward(self, x):
                    shortcut = x
                    x = self.mix(self.norm1(x))
                    x += shortcut
                    shortcut = x
                    x = self.mlp(self.norm2(x))
                    x += shortcut
                    return x
            """
        ),
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Switched(nn.Module):
                def __init__(self, ch, first):
                    super().__init__()
                    self.first = first
                    self.relu = nn.ReLU(inplace=True)
                    self.bn = nn.BatchNorm2d(ch)
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                def forward(self, x):
                    if self.first:
                        out = self.relu(x)
                    else:
                        out = self.relu(self.bn(x))
                    return x + self.conv(out)
            class Flattened(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    out = F.relu_(x.reshape(x.shape[0], -1))
                    return x + self.fc(out)
            class Frozen(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                    self.fc.requires_grad_(False)
                def forward(self, x):
                    out = F.relu(self.fc(x))
                    out += x
                    return out
            class Concatenated(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.relu = nn.ReLU(inplace=True)
                    self.conv1 = nn.Conv2d(ch, ch, 1)
                    self.conv2 = nn.Conv2d(ch, ch, 1)
                def forward(self, x):
                    out = self.relu(x)
                    return self.conv1(out) + self.conv2(out)
            class Gelu(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    out = F.gelu(self.fc(x))
                    out += x
                    return out
            class Gated(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.act = nn.Sigmoid()
                    self.fc = nn.Linear(dim, dim)
                    self.place = nn.Parameter(torch.zeros(dim))
                def forward(self, x):
                    x += self.place
                    y = self.act(x)
                    x += y
                    out = self.fc(x)
                    out += y
                    return out
            class Stacked(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.layers = nn.ModuleList([nn.LSTM(dim, dim) for _ in range(3)])
                def forward(self, x):
                    for index in range(3):
                        residual = x
                        out, _ = self.layers[index](x)
                        if index > 0:
                            out += residual
                        x = out
                    return x
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Helped(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.act = nn.ReLU(inplace=True)
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                def branch(self, x):
                    return self.conv(self.act(x))  # NN305
                def forward(self, x):
                    return x + self.branch(x)
            class Listed(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    layers = []
                    layers.append(nn.ReLU(True))  # NN305
                    for _ in range(depth):
                        layers.append(nn.Linear(dim, dim))
                    self.body = nn.Sequential(*layers)
                    self.tail = nn.Sequential()
                    self.tail.add_module("act", nn.LeakyReLU(0.2, inplace=True))  # NN305
                    self.tail.add_module("fc", nn.Linear(dim, dim))
                def forward(self, x):
                    x = self.body(x) + x
                    return x + self.tail(x)
            class Stack(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.blocks = nn.ModuleList([
                        nn.Sequential(nn.ReLU(True), nn.Conv1d(ch, ch, 1)) for _ in range(3)  # NN305
                    ])
                def forward(self, x):
                    for block in self.blocks:
                        x = x + block(x)
                    return x
            class Projected(nn.Module):
                def __init__(self, cin, cout):
                    super().__init__()
                    self.relu = nn.ReLU(inplace=True)
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                    self.shortcut = nn.Conv2d(cin, cout, 1)
                def forward(self, x):
                    out = self.conv(self.relu(x))  # NN305
                    return out + self.shortcut(x)
            class Gated(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.gate = nn.Linear(dim, dim)
                def forward(self, x):
                    identity = x
                    x.mul_(self.gate(x).sigmoid())  # NN305
                    return x + identity
            class Weighed(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                    self.gate = nn.Sequential(nn.Linear(dim, dim), nn.Sigmoid())
                def forward(self, x):
                    out = F.relu(self.fc(x))
                    out *= self.gate(out)  # NN305
                    return out + x
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class PreConv(nn.Module):
                def __init__(self, cin, cout):
                    super().__init__()
                    self.relu = nn.ReLU(inplace=True)
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                def forward(self, x):
                    return self.conv(self.relu(x))
            class ConvAct(nn.Module):
                def __init__(self, cin, cout):
                    super().__init__()
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                    self.relu = nn.ReLU(inplace=True)
                def forward(self, x):
                    return F.relu(self.conv(x))
            class Block(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.first = PreConv(ch, ch)
                    self.second = nn.Sequential(PreConv(ch, ch), nn.BatchNorm2d(ch))
                def forward(self, x):
                    return x + self.second(self.first(x))  # NN305
            class Ended(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.first = ConvAct(ch, ch)
                    self.second = ConvAct(ch, ch)
                def forward(self, x):
                    out = self.second(self.first(x))
                    out += x  # NN305
                    return out
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class MaybePre(nn.Module):
                def __init__(self, cin, cout, pre):
                    super().__init__()
                    self.pre = pre
                    self.relu = nn.ReLU(inplace=True)
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                def forward(self, x):
                    if self.pre:
                        x = self.relu(x)
                    return self.conv(x)
            class ConvFirst(nn.Module):
                def __init__(self, cin, cout):
                    super().__init__()
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                    self.relu = nn.ReLU(inplace=True)
                def forward(self, x):
                    return self.relu(self.conv(x))
            class Block(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.first = MaybePre(ch, ch, False)
                    self.second = ConvFirst(ch, ch)
                def forward(self, x):
                    return x + self.second(self.first(x))
            class Rectified(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                    self.pre = nn.Sequential(nn.ReLU(True), nn.Conv2d(ch, ch, 1))
                def forward(self, x):
                    x = F.relu(self.conv(x))
                    return x + self.branch(x)
                def branch(self, x):
                    return self.pre(x)
            class Early(nn.Module):
                def __init__(self, ch, pre):
                    super().__init__()
                    self.pre = pre
                    self.relu = nn.ReLU(inplace=True)
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                def branch(self, x):
                    if not self.pre:
                        return self.conv(x)
                    return self.conv(self.relu(x))
                def forward(self, x):
                    return x + self.branch(x)
            class Listed(nn.Module):
                def __init__(self, dim, norm):
                    super().__init__()
                    layers = []
                    if norm:
                        layers.append(nn.LayerNorm(dim))
                    layers.append(nn.ReLU(True))
                    layers.append(nn.Linear(dim, dim))
                    self.body = nn.Sequential(*layers)
                    rest = [nn.ReLU(True), nn.Linear(dim, dim)]
                    rest.insert(0, nn.LayerNorm(dim))
                    self.rest = nn.Sequential(*rest)
                def forward(self, x):
                    x = self.body(x) + x
                    return x + self.rest(x)
            class Masked(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                    self.scale = nn.Parameter(self.fc.bias.detach().clone())
                def forward(self, x, mask):
                    residual = x
                    x[mask] = 0
                    x = residual + self.fc(x)
                    x.mul_(self.scale)
                    residual = x
                    return residual + self.fc(x)
            class Scaled(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                    self.gate = nn.Sequential(nn.Linear(dim, dim), nn.Sigmoid())
                def forward(self, x):
                    out = self.fc(x)
                    out = out * self.gate(out)
                    out *= 0.5
                    return out + x
            """
        ),
    ),
)
