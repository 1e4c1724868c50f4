"""
A residual addition of the bare input to a branch that changes its size: by a stride, by another number of channels, or
by kernels without their padding.

## Why it hurts
`RuntimeError: The size of tensor a must match the size of tensor b`, at best on the first run, at worst in the one
stage that has a stride. A single input channel does not even fail: torch spreads it over all channels of the branch.

## What it takes to be reported
`forward` adds its input, unchanged and without a condition, to a straight branch of known layers, and the sizes differ
whatever the arguments are (`stride=2`, `nn.Conv2d(8, 16, ...)`, `nn.Conv2d(c, 2 * c, ...)`), or for the arguments of a
call in the project (`Block(64, 128, stride=2)`). Or it adds to such a branch what a shortcut of another stride makes of
the input; that is reported only. An input that is cropped, padded, pooled, projected or added on a
condition, a second `return`, layers that are built on a condition, and layers of unknown kind silence the rule.

## Fix safety
Verified: a 1x1 convolution (or linear layer) of the same stride and widths projects the input, behind `nn.Identity`
where the arguments decide; kept only if a run in torch shows that the block failed before, works now, and that its
input reaches the output. Unsafe for a single channel, which arrives before as well. Kernels without their padding are
reported only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.diagnostic import Applicability, Severity
from nn_lint.fixing.misfits import project_input
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.leftovers import dead_attributes
from nn_lint.model.residual.misfits import MisfitSum, misfit_projections, misfit_sums
from nn_lint.project.code_text import aliases, method_code
from nn_lint.project.facts import ClassFacts
from nn_lint.project.premises.strides import may_differ_in_stride
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each sum of input and branch that cannot work, unless a shortcut lies unused beside it."""
    if not cls.is_module:
        return
    for total, misfit in misfit_projections(cls) if _may_project(cls.text) else ():
        assert total.node is not None, "a sum is made by a node"
        yield Finding(cls.syntax.span(total.node), f"{misfit.reason}, and the two are added")
    found = tuple(misfit_sums(cls))
    if not found or any(dead.raw_sum is not None for dead in dead_attributes(cls)):
        return
    for item in found:
        yield _finding(cls, item)


def _finding(cls: ModuleClass, found: MisfitSum) -> Finding:
    assert found.sum.node is not None, "a sum is made by a node"
    effect = "and torch spreads the input over them" if found.misfit.broadcasts else "and the input is added as it is"
    message = f"{found.misfit.reason}, {effect}"
    if found.instance is not None:
        message += f" (`{found.instance.text}`, {found.instance.file.path.name}:{found.instance.row})"
    edits = project_input(cls, found)
    repair = None
    if isinstance(edits, str):
        message += f"; no fix: {edits}"
    else:
        safety = Applicability.UNSAFE if found.misfit.broadcasts else Applicability.VERIFIED
        repair = Repair("Project the input before it is added", edits, safety)
    severity = Severity.WARNING if found.misfit.broadcasts else Severity.ERROR
    return Finding(cls.syntax.span(found.sum.node), message, repair, severity)


_STRIDE = re.compile(r"\bstride\s*=\s*\(?\s*[2-4]|,\s*\(?[2-4]\s*[,)]")
_PROJECTS = re.compile(r"(?:short_?cut|skip|downsample|identity|residual|proj)\w*\(", re.IGNORECASE)
_SIZED = re.compile(r"Conv|Pool|Linear")
_JOINS = re.compile(r"add|sub|sum|lerp")


def sieve(facts: ClassFacts, source: str) -> bool:
    """Layers that change sizes, and a forward that adds its parameter, or what was assigned it, by its bare name."""
    method = facts.method("forward")
    if method is None or facts.method("__init__") is None or _SIZED.search(source) is None:
        return False
    if _may_project(source):
        return True
    forward = method_code(facts, source, "forward")
    names = "|".join(map(re.escape, {*(name.lstrip("*") for name in method.parameters), *aliases(forward)}))
    added = rf"(?<![.\w])(?:{names})\s*[-+]|[-+]=?[\s\\]*(?:{names})\b(?!\s*[.(\[])"
    return _JOINS.search(forward) is not None or re.search(added, forward) is not None


def _may_project(source: str) -> bool:
    """Whether a class has a number for a stride, and calls something that has the name of a shortcut."""
    return _STRIDE.search(source) is not None and _PROJECTS.search(source) is not None


def premise(cls: ModuleClass) -> bool:
    """A sum of an input and a layer, or one of a branch and its shortcut where a convolution has a stride."""
    if cls.tree is None or cls.sum_sides.layer:
        return True
    return _may_project(cls.text) and may_differ_in_stride(cls.tree)


RULE = Rule(
    code="NN307",
    name="residual-shape-mismatch",
    doc=__doc__,
    fix=Applicability.VERIFIED,
    check=check,
    sieve=sieve,
    premise=premise,
    examples=(
        Example(
            """
            from torch import nn
            class Down(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv = nn.Conv2d(ch, ch, 3, stride=2, padding=1)
                def forward(self, x):
                    return self.conv(x) + x  # NN307
            class Block(nn.Module):
                def __init__(self, cin, cout, stride=1):
                    super().__init__()
                    self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
                    self.bn1 = nn.BatchNorm2d(cout)
                    self.relu = nn.ReLU()
                    self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
                    self.bn2 = nn.BatchNorm2d(cout)
                def forward(self, x):
                    identity = x
                    out = self.relu(self.bn1(self.conv1(x)))
                    out = self.bn2(self.conv2(out))
                    out += identity  # NN307
                    return self.relu(out)
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.layers = nn.Sequential(Block(64, 64), Block(64, 128, stride=2))
                def forward(self, x):
                    return self.layers(x)
            """,
            fixed="""
            from torch import nn
            class Down(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv = nn.Conv2d(ch, ch, 3, stride=2, padding=1)
                    self.shortcut = nn.Conv2d(ch, ch, kernel_size=1, stride=2, bias=False)
                def forward(self, x):
                    return self.conv(x) + self.shortcut(x)
            class Block(nn.Module):
                def __init__(self, cin, cout, stride=1):
                    super().__init__()
                    self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
                    self.bn1 = nn.BatchNorm2d(cout)
                    self.relu = nn.ReLU()
                    self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
                    self.bn2 = nn.BatchNorm2d(cout)
                    self.shortcut = nn.Identity()
                    if stride != 1 or cin != cout:
                        self.shortcut = nn.Sequential(
                            nn.Conv2d(cin, cout, kernel_size=1, stride=stride, bias=False),
                            nn.BatchNorm2d(cout),
                        )
                def forward(self, x):
                    identity = x
                    out = self.relu(self.bn1(self.conv1(x)))
                    out = self.bn2(self.conv2(out))
                    out += self.shortcut(identity)
                    return self.relu(out)
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.layers = nn.Sequential(Block(64, 64), Block(64, 128, stride=2))
                def forward(self, x):
                    return self.layers(x)
            """,
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Wider(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, 2 * dim))
                def forward(self, x):
                    return x + self.mlp(x)  # NN307
            class Grey(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(1, 16, 3, padding=1)
                def forward(self, x):
                    return F.relu(self.conv(x) + x)  # NN307
            """,
            fixed="""
            import torch.nn.functional as F
            from torch import nn
            class Wider(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, 2 * dim))
                    self.shortcut = nn.Linear(dim, 2 * dim, bias=False)
                def forward(self, x):
                    return self.shortcut(x) + self.mlp(x)
            class Grey(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(1, 16, 3, padding=1)
                    self.shortcut = nn.Conv2d(1, 16, kernel_size=1, bias=False)
                def forward(self, x):
                    return F.relu(self.conv(x) + self.shortcut(x))
            """,
        ),
        Example(
            """
            from torch import nn
            class Shrinking(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv1 = nn.Conv2d(ch, ch, 3)
                    self.conv2 = nn.Conv2d(ch, ch, (3, 3), padding="same")
                def forward(self, x):
                    return x + self.conv2(self.conv1(x))  # NN307
            class Pooled(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                    self.pool = nn.MaxPool2d(2)
                def forward(self, x):
                    return self.pool(self.conv(x)) + x  # NN307
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Block(nn.Module):
                def __init__(self, cin, cout, stride=1, padding=1):
                    super().__init__()
                    self.stride = stride
                    self.use_res_connect = stride == 1 and cin == cout
                    self.conv = nn.Conv2d(cin, cout, 3, stride, padding)
                    self.tail = nn.Conv2d(cin, cout, 3, padding=1)
                def forward(self, x):
                    return self.tail(x) + x
            class Guarded(Block):
                def __init__(self, cin, cout, stride=1):
                    super().__init__(cin, cout, stride)
                    self.conv = nn.Conv2d(cin, cout, 3, stride, 1)
                def forward(self, x):
                    if self.use_res_connect:
                        return x + self.conv(x)
                    return self.conv(x)
            class Early(Block):
                def __init__(self, cin, cout, stride=1):
                    super().__init__(cin, cout, stride)
                    self.conv = nn.Conv2d(cin, cout, 3, stride, 1)
                def forward(self, x):
                    out = self.conv(x)
                    if x.shape != out.shape:
                        return out
                    return x + out
            class Chosen(Block):
                def __init__(self, cin, cout, stride=1):
                    super().__init__(cin, cout, stride)
                    self.conv = nn.Conv2d(cin, cout, 3, stride, 1)
                def forward(self, x):
                    return self.conv(x) + (x if self.use_res_connect else 0)
            class Pooling(Block):
                def __init__(self, cin, cout):
                    super().__init__(cin, cout)
                    self.conv = nn.Conv2d(cin, cin, 3, 2, 1)
                def forward(self, x):
                    return self.conv(x) + F.avg_pool2d(x, 2)
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.block = Block(8, 8)
                    self.layers = nn.Sequential(Guarded(8, 16, 2), Early(16, 8, 2), Chosen(8, 16, stride=2))
                def forward(self, x):
                    return self.layers(self.block(x))
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Up(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.down = nn.Conv2d(ch, ch, 3, stride=2, padding=1)
                    self.up = nn.ConvTranspose2d(ch, ch, 4, stride=2, padding=1)
                def forward(self, x):
                    return x + self.up(self.down(x))
            class Spread(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.score = nn.Linear(64, 1)
                    self.squeeze = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(ch, ch, 1))
                def forward(self, x):
                    x = x + self.squeeze(x)
                    return x + self.score(x)
            class Whole(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.whole = nn.Conv2d(ch, ch, 7)
                def forward(self, x):
                    return x + self.whole(x)
            class Cropped(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv = nn.Conv1d(ch, ch, 3)
                def forward(self, x):
                    return x[..., 1:-1] + self.conv(x)
            class Padded(nn.Module):
                def __init__(self, ch, kernel):
                    super().__init__()
                    self.pad = nn.ReflectionPad2d(1)
                    self.conv = nn.Conv2d(ch, ch, 3)
                    self.wide = nn.Conv2d(ch, ch, kernel, padding=kernel // 2)
                def forward(self, x):
                    x = x + self.wide(x)
                    return x + self.conv(self.pad(x))
            class Computed(nn.Module):
                def __init__(self, ch, stride=2):
                    super().__init__()
                    stride = 1
                    self.conv = nn.Conv2d(ch, ch, 3, stride, 1)
                    if stride != 1:
                        self.conv2 = nn.Conv2d(ch, ch, 3, 2, 1)
                    else:
                        self.conv2 = nn.Conv2d(ch, ch, 3, 1, 1)
                def forward(self, x):
                    return x + self.conv2(self.conv(x))
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Block(nn.Module):
                def __init__(self, cin, cout):
                    super().__init__()
                    self.conv1 = nn.Conv2d(cin, cout, 3, stride=2, padding=1)
                    self.shortcut = nn.Conv2d(cin, cout, 1)
                def forward(self, x):
                    return F.relu(self.conv1(x) + self.shortcut(x))  # NN307
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Same(nn.Module):
                def __init__(self, cin, cout):
                    super().__init__()
                    self.conv1 = nn.Conv2d(cin, cout, 3, stride=2, padding=1)
                    self.conv2 = nn.Conv2d(cout, cout, 3, padding=1)
                    self.shortcut = nn.Conv2d(cin, cout, 1, 2)
                def forward(self, x):
                    return F.relu(self.conv2(self.conv1(x)) + self.shortcut(x))
            class Given(nn.Module):
                def __init__(self, cin, cout, stride=2):
                    super().__init__()
                    self.conv1 = nn.Conv2d(cin, cout, 3, stride=stride, padding=1)
                    self.shortcut = nn.Conv2d(cin, cout, 1)
                def forward(self, x):
                    return F.relu(self.conv1(x) + self.shortcut(x))
            class Pooled(nn.Module):
                def __init__(self, cin, cout):
                    super().__init__()
                    self.conv1 = nn.Conv2d(cin, cout, 3, stride=2, padding=1)
                    self.shortcut = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(cin, cout, 1))
                def forward(self, x):
                    return F.relu(self.conv1(x) + self.shortcut(x))
            class Resized(nn.Module):
                def __init__(self, cin, cout):
                    super().__init__()
                    self.conv1 = nn.Conv2d(cin, cout, 3, stride=2, padding=1)
                    self.shortcut = nn.Conv2d(cin, cout, 1)
                def forward(self, x):
                    short = F.avg_pool2d(x, 2)
                    return F.relu(self.conv1(x) + self.shortcut(short))
            """
        ),
    ),
)
