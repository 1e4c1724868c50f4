"""
A `forward`, or a helper whose result is used, that computes its result and never returns it.

## Why it hurts
The call gives `None`, and nothing is raised there: the next layer fails with `TypeError: linear(): argument 'input'
(position 1) must be Tensor, not NoneType`, or a `Sequential` hands the `None` on.

## What is not reported
A `forward` that is declared `-> None`, that raises, yields or has no body yet, and one whose last statement has an
effect of its own: a tensor or buffer that is written in place, an attribute or an item that is set, a list that
grows, a call that nothing is known about. Where the annotation promises a tensor, such a call is reported if it is
that of a submodule, or all that is computed.

## Fix safety
Verified: `return` is put before the last expression, or a `return` of the name that was assigned last is added, and
kept only if the model then runs in torch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.diagnostic import Applicability, Edit
from nn_lint.fixing.build import insert, insert_after, replace, stands_alone
from nn_lint.model.endings import endings, is_print, returns
from nn_lint.model.expressions import Flow
from nn_lint.model.lost_results import (
    LostResult,
    has_effects,
    is_result_used,
    lost_result,
    nothing_is_meant,
    returns_on_purpose,
)
from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.never_returns import ends_the_run
from nn_lint.model.syntax import walk
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report the last statement of a forward, or of a helper whose result is used, that returns nothing on any path."""
    if not cls.is_module:
        return
    forward = cls.method("forward")
    if forward is not None and not nothing_is_meant(cls, forward) and cls.flow is not None:
        yield from _findings(cls, forward, cls.flow)
    for method in cls.methods:
        flow = cls.flow_of(method) if _is_helper(method) and is_result_used(cls, method.name) else None
        if flow is not None:
            yield from _findings(cls, method, flow)


def _is_helper(method: Method) -> bool:
    """Whether a method may be there for its result alone."""
    is_special = method.name == "forward" or method.name.startswith("__") or method.is_abstract
    return not (is_special or method.decorators or returns_on_purpose(method) or has_effects(method))


def _findings(cls: ModuleClass, method: Method, flow: Flow) -> Iterator[Finding]:
    if returns(method):
        return
    ends = [item for item in endings(method) if not item.is_skipped and not ends_the_run(cls, item.statement)]
    if not ends or any(not isinstance(item.statement, _MAKING) for item in ends):
        return
    lost = [lost_result(cls, method, flow, ending) for ending in ends]
    results = [item for item in lost if item is not None]
    if len(results) < len(lost) or _returns_early(method, results):
        return
    last = results[-1]
    what = f"`{last.name}`" if last.name else f"`{cls.syntax.text(last.ending.statement).rstrip('; ')}`"
    message = f"`{method.name}` of `{cls.name}` never returns {what}: every call gives `None`"
    edits = _edits(cls, results)
    repair = Repair(f"Return {what}", edits) if edits else None
    yield Finding(cls.syntax.span(last.ending.statement), message, repair)


_MAKING = (cst.Expr, cst.Assign, cst.AnnAssign, cst.AugAssign, cst.Return)


def _returns_early(forward: Method, results: list[LostResult]) -> bool:
    """Whether a `return` of nothing stands anywhere but at the end: then nothing is what the author wants."""
    last = {item.ending.statement for item in results}
    return any(node not in last for node in walk(forward.node.body, cst.Return, into_scopes=False))


def _edits(cls: ModuleClass, results: list[LostResult]) -> tuple[Edit, ...]:
    """`return` before the one expression, or behind the statement that assigns the name."""
    last, lines = results[-1], cls.syntax.lines
    span = cls.syntax.span(last.ending.statement)
    if any(item.name != last.name for item in results):
        return ()
    if last.name is None and is_print(last.ending.outermost):
        return ()
    if last.name is None:
        return tuple(insert(cls.syntax.span(item.ending.statement).start, "return ") for item in results)
    if isinstance(last.ending.statement, cst.Return):
        return (replace(span, f"return {last.name}"),)
    outermost = cls.syntax.span(last.ending.outermost)
    if not stands_alone(lines, outermost):
        return ()
    return (insert_after(lines, outermost, [f"return {last.name}"]),)


def sieve(facts: ClassFacts, source: str) -> bool:
    """A forward whose end may be reached, or another such method whose result is taken."""
    names = [method.name for method in facts.methods if method.falls_off]
    return "forward" in names or any(
        not name.startswith("__") and re.search(rf"[=(,+*][ \t(]*\w+\.{name}\(", source) for name in names
    )


RULE = Rule(
    code="NN205",
    name="forward-no-return",
    doc=__doc__,
    fix=Applicability.VERIFIED,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Block(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(3, 3, 1)
                def forward(self, x):
                    self.conv(x)  # NN205
            class InPlace(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.relu = nn.ReLU(inplace=True)
                    self.fc = nn.Linear(4, 2)
                def forward(self, x):
                    y = x + self.fc(x)
                    self.relu(y)  # NN205
            class Handed(InPlace):
                def encode(self, x):
                    return self.fc(x)
                def forward(self, x):
                    self.encode(x)  # NN205
            class Moved(InPlace):
                def forward(self, x):
                    x = self.fc(x)
                    x.to("cpu")  # NN205
            class Parent(nn.Linear):
                def forward(self, x):
                    x = super().forward(x)
                    x  # NN205
            class Printed(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 2)
                def forward(self, x):
                    x = self.fc(x)  # NN205
                    print(x.shape)
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.block = Block()
                    self.fc = nn.Linear(4, 2)
                    self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
                def forward(self, x):
                    for layer in self.layers:
                        x = F.relu(layer(x))
                    x = self.fc(x)  # NN205
            class Stack(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
                def forward(self, x):
                    for layer in self.layers:
                        x = layer(x)  # NN205
            class Named(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 2)
                def forward(self, x):
                    x = self.fc(x)
                    x  # NN205
            class Activated(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.net = Named()
                def forward(self, x):
                    torch.softmax(self.net(x), dim=1)  # NN205
            class Optional(nn.Module):
                def __init__(self, norm):
                    super().__init__()
                    self.fc = nn.Linear(4, 2)
                    self.norm = norm
                def forward(self, x):
                    x = self.fc(x)
                    if self.norm is not None:
                        x = self.norm(x)  # NN205
            class Sum(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    y = self.fc(x)
                    y += x  # NN205
            class Bare(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    x = self.fc(x)
                    return  # NN205
            class Annotated(nn.Module):
                def __init__(self, scale):
                    super().__init__()
                    self.scale = scale
                def forward(self, x: torch.Tensor) -> torch.Tensor:
                    scaled(x, self.scale)  # NN205
            def scaled(x, scale):
                return x * scale
            class Helped(Block):
                def encode(self, x):
                    h = self.conv(x).relu()  # NN205
                def forward(self, x):
                    z = self.encode(x)
                    return self.conv(z + self.conv(self.encode(z)))
            """,
            fixed="""
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Block(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(3, 3, 1)
                def forward(self, x):
                    return self.conv(x)
            class InPlace(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.relu = nn.ReLU(inplace=True)
                    self.fc = nn.Linear(4, 2)
                def forward(self, x):
                    y = x + self.fc(x)
                    return self.relu(y)
            class Handed(InPlace):
                def encode(self, x):
                    return self.fc(x)
                def forward(self, x):
                    return self.encode(x)
            class Moved(InPlace):
                def forward(self, x):
                    x = self.fc(x)
                    return x.to("cpu")
            class Parent(nn.Linear):
                def forward(self, x):
                    x = super().forward(x)
                    return x
            class Printed(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 2)
                def forward(self, x):
                    x = self.fc(x)
                    print(x.shape)
                    return x
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.block = Block()
                    self.fc = nn.Linear(4, 2)
                    self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
                def forward(self, x):
                    for layer in self.layers:
                        x = F.relu(layer(x))
                    x = self.fc(x)
                    return x
            class Stack(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
                def forward(self, x):
                    for layer in self.layers:
                        x = layer(x)
                    return x
            class Named(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 2)
                def forward(self, x):
                    x = self.fc(x)
                    return x
            class Activated(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.net = Named()
                def forward(self, x):
                    return torch.softmax(self.net(x), dim=1)
            class Optional(nn.Module):
                def __init__(self, norm):
                    super().__init__()
                    self.fc = nn.Linear(4, 2)
                    self.norm = norm
                def forward(self, x):
                    x = self.fc(x)
                    if self.norm is not None:
                        x = self.norm(x)
                    return x
            class Sum(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    y = self.fc(x)
                    y += x
                    return y
            class Bare(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    x = self.fc(x)
                    return x
            class Annotated(nn.Module):
                def __init__(self, scale):
                    super().__init__()
                    self.scale = scale
                def forward(self, x: torch.Tensor) -> torch.Tensor:
                    return scaled(x, self.scale)
            def scaled(x, scale):
                return x * scale
            class Helped(Block):
                def encode(self, x):
                    h = self.conv(x).relu()
                    return h
                def forward(self, x):
                    z = self.encode(x)
                    return self.conv(z + self.conv(self.encode(z)))
            """,
        ),
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            from elsewhere import run, log, wrapped
            class Tracker(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.register_buffer("total", torch.zeros(()))
                    self.relu = nn.ReLU(inplace=True)
                def forward(self, x):
                    self.total += x.sum()
            class InPlace(Tracker):
                def forward(self, x):
                    self.relu(x)
            class Scaled(Tracker):
                def forward(self, x, y):
                    x *= y.exp()
            class Filled(Tracker):
                def forward(self, x, out):
                    torch.add(x, 1, out=out)
            class Written(Tracker):
                def forward(self, batch):
                    batch["x"] = batch["x"] * 2
            class Collected(Tracker):
                def forward(self, x, outputs):
                    for layer in self.children():
                        x = layer(x)
                        outputs.append(x)
            class Looped(Tracker):
                def forward(self, x):
                    for layer in self.children():
                        self.total.add_(x.mean())
                        x = layer(x)
            class Called(Tracker):
                def forward(self, x):
                    run(x)
            class Recording(Tracker):
                def push(self, x):
                    self.seen.append(x)
                    return x
                def forward(self, x):
                    self.push(self.relu(x))
            class Moving(Tracker):
                def forward(self, batch):
                    batch.to(self.total)
            class Half(Tracker):
                def forward(self, x):
                    x = F.relu(x)
                    super().forward(x)
                    x = x + 1
            class Logged(Tracker):
                def forward(self, x):
                    y = F.relu(x)
                    log(y)
            class Declared(Tracker):
                def forward(self, x) -> None:
                    x = self.relu(x)
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            from elsewhere import wrapped, build
            class Abstract(nn.Module):
                def forward(self, x):
                    \"\"\"Override me.\"\"\"
            class Passing(nn.Module):
                def forward(self, x):
                    pass
            class Failing(nn.Module):
                def forward(self, x):
                    y = x + 1
                    raise NotImplementedError(y)
            class Yielding(nn.Module):
                def forward(self, x):
                    for row in x:
                        yield row
                    x = x + 1
            class Wrapped(nn.Module):
                @wrapped
                def forward(self, x):
                    x = x + 1
            class Handed(nn.Module):
                def __init__(self, backbone):
                    super().__init__()
                    self.backbone = backbone
                    self.quiet = Quiet()
                def forward(self, x):
                    self.backbone(x)
            class Quiet(nn.Module):
                def forward(self, x):
                    x.zero_()
            class Quieter(Handed):
                def forward(self, x):
                    self.quiet(x)
            class Kept(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def run(self, x):
                    self.hidden = self.fc(x)
                def look(self, x):
                    y = self.fc(x)
                    print(y.mean())
                def forward(self, x):
                    done = self.run(x)
                    if self.look(x) is None:
                        self.look(x)
                    return self.hidden if done is None else x
            class Watching(nn.Module):
                def forward(self, x) -> "torch.Tensor | None":
                    watch(x)
            class Written(nn.Module):
                def forward(self, x: torch.Tensor):
                    watch(x)
            def watch(x):
                print(x.shape)
            class Guarded(nn.Module):
                def forward(self, x):
                    if x is None:
                        return
                    x = x * 2
            class Chosen(nn.Module):
                def forward(self, x):
                    if self.training:
                        return x
                    else:
                        return x + 1
            class Hooked(nn.Module):
                def __call__(self, x):
                    return super().__call__(x) or {"hidden": self.hidden}
                def forward(self, x):
                    x = x * 2
            class Extended(Chosen):
                def forward(self, x):
                    super().forward(x)
                    x = x * 2
            class Inner(nn.Module):
                def forward(self, x):
                    def branch(y):
                        return y
                    with torch.no_grad():
                        return branch(x)
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Calibrating(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.bn = nn.BatchNorm1d(4)
                @torch.no_grad()
                def forward(self, x):
                    self.bn(x)
            class Written(nn.Module):
                def forward(self, x, weight, out):
                    y = torch.matmul(x, weight, out=out)
            class Refused(nn.Module):
                def refuse(self, x):
                    raise ValueError(x)
                def forward(self, x):
                    x = x + 1
                    x = self.refuse(x)
            """
        ),
        Example(
            """
            from torch import nn
            class Trainer(nn.Module):
                def __init__(self, net, runner):
                    super().__init__()
                    self.net = net
                    self.runner = runner
                def print(self, message):
                    return self.runner.print(message)
                def forward(self, batches):
                    for batch in batches:
                        self.runner.backward(self.net(batch).sum())
                    self.print(f"{len(batches)} batches")
            """
        ),
    ),
)
