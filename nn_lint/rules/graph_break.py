"""
An activation or a parameter that is copied out of the graph: `torch.tensor(h)`, `.data`, `.item()`, `.numpy()`.

## Why it hurts
`torch.tensor(h)` copies numbers and knows nothing of where they came from; so does every way through `.data`, `.item()`
or numpy. The layers before it get no gradient: their weights stay what they were at the start, and the loss still
falls a little, since the layers behind learn. All that torch says is a `UserWarning` about the copy. A parameter that
is used by such a copy alone never changes. `requires_grad=True` on the copy begins a new graph and mends nothing.

## What is not reported
`detach()`, which says what it does; values under `no_grad`; a value that goes on by another way as well
(straight-through estimators); numbers that are returned as they are, or made in evaluation alone; parameters of
forward, which may be lists or arrays; layers that the class freezes, and targets and teachers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.model.breaks import graph_breaks
from nn_lint.model.module_class import ModuleClass
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each activation that leaves the graph."""
    if not cls.is_module:
        return
    for found in graph_breaks(cls):
        if found.is_parameter:
            message = (
                f"`{found.way}` takes the parameter `self.{found.layer}` out of the graph, and it is used nowhere "
                "else: it gets no gradient and never trains; use it itself"
            )
            yield Finding(cls.syntax.span(found.node), message)
            continue
        yield Finding(
            cls.syntax.span(found.node),
            f"`{found.way}` takes the output of `self.{found.layer}` out of the graph: `self.{found.layer}` and what "
            "stands before it get no gradient from here; use the value itself",
        )


_BREAK = re.compile(r"(?:[tT]ensor|from_numpy|FloatTensor)\s*\(|\.(?:data\b(?!\s*=)|(?:item|numpy|tolist)\s*\()")


def sieve(facts: ClassFacts, source: str) -> bool:
    """Any of these ways."""
    return _BREAK.search(source) is not None and facts.method("forward") is not None


RULE = Rule(
    code="NN512",
    name="graph-break",
    doc=__doc__,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch
            from torch import nn
            class Wrapped(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.a = nn.Linear(2, 2)
                    self.b = nn.Linear(2, 2)
                def forward(self, x):
                    h = torch.tensor(self.a(x))  # NN512
                    return self.b(h)
            class Data(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.a = nn.Linear(2, 2)
                    self.b = nn.Linear(2, 2)
                def forward(self, x):
                    h = self.a(x).relu()
                    h = h.data  # NN512
                    return self.b(h)
            class Scaled(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.a = nn.Linear(2, 1)
                def forward(self, x):
                    scale = self.a(x).mean().item()  # NN512
                    return x * scale
            class Numbers(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.a = nn.Linear(2, 2)
                    self.b = nn.Linear(2, 2)
                def forward(self, x):
                    h = self.a(x)
                    h = torch.from_numpy(h.detach().numpy())  # NN512
                    return self.b(h)
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.a = nn.Linear(2, 2)
                    self.b = nn.Linear(2, 2)
                def forward(self, x):
                    x = torch.tensor(x)
                    h = self.a(x)
                    self.last = h.mean().item()
                    print(h.max().item())
                    q = h.round()
                    h = h + (q - h).data
                    return self.b(h), self.b(h.detach())
            class Frozen(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.a = nn.Linear(2, 2)
                    self.b = nn.Linear(2, 2)
                    self.a.requires_grad_(False)
                def forward(self, x):
                    return self.b(self.a(x).data)
            class Sampled(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.a = nn.Linear(2, 2)
                    self.embed = nn.Embedding(2, 2)
                def forward(self, x):
                    scores = self.a(x)
                    best = scores.argmax(-1)
                    length = int(scores.shape[0])
                    with torch.no_grad():
                        y = torch.tensor(self.a(x))
                    return self.embed(torch.tensor(best)), y, length, torch.tensor(x.shape)
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Boxes(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 4)
                    self.monitor = nn.Linear(2, 4)
                def forward(self, x):
                    return self.fc(x).sigmoid().tolist(), self.monitor(x).mean().item()
            class Listing(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 4)
                def forward(self, x):
                    if not self.training:
                        return torch.tensor(self.fc(x).tolist())
                    return self.fc(x)
            class Values(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.online = nn.Linear(2, 4)
                    self.target_net = nn.Linear(2, 4)
                def forward(self, x, y):
                    return self.online(x) - self.target_net(y).data.max(1, keepdim=True)[0]
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Leaf(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.a = nn.Linear(2, 2)
                    self.b = nn.Linear(2, 2)
                def forward(self, x):
                    h = self.a(x)
                    h = torch.tensor(h, requires_grad=True)  # NN512
                    return self.b(h)
            class Rebuilt(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                    self.mse = nn.MSELoss()
                def forward(self, x, y):
                    loss = self.mse(self.fc(x), y).item()
                    return torch.tensor(loss, requires_grad=True)  # NN512
            class Array(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.a = nn.Linear(dim, dim)
                    self.b = nn.Linear(dim, dim)
                def forward(self, x):
                    h = torch.Tensor(self.a(x).cpu().detach().numpy())  # NN512
                    return self.b(h)
            class Weight(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.w = nn.Parameter(torch.ones(3))
                def forward(self, x):
                    return x * self.w.data  # NN512
            class Factor(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.alpha = nn.Parameter(torch.tensor(0.5))
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    return self.fc(x) * self.alpha.item()  # NN512
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Forces(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.embed = nn.Linear(dim, dim)
                    self.energy = nn.Linear(dim, 1)
                def forward(self, x):
                    h = torch.tensor(self.embed(x), requires_grad=True)
                    return torch.autograd.grad(self.energy(h).sum(), h)[0]
            class Averaged(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.mean = nn.Parameter(torch.zeros(3))
                    self.given = nn.Parameter(torch.ones(3), False)
                    self.scale = nn.Parameter(torch.ones(3))
                    self.count = nn.Parameter(torch.ones(1))
                    self.rate = nn.Parameter(torch.ones(1))
                def forward(self, x):
                    self.mean.data.mul_(0.9).add_(x.mean(0), alpha=0.1)
                    y = (x - self.mean.data) * self.given.data * self.scale + self.scale.data
                    return y[:, : int(self.count.item())] * self.rate.data
                def penalty(self):
                    return self.rate.abs().sum()
            """
        ),
    ),
)
