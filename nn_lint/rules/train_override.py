"""
A `train` of its own that returns nothing, or that takes no `mode`.

## Why it hurts
`eval()` is `self.train(False)`, and both give the module back. Where an override returns nothing, `model =
Net().eval()` and `model.train().to(device)` give `None`. Where it takes no `mode`, `eval()` raises `TypeError: train()
takes 1 positional argument but 2 were given`, and so does `eval()` of every module that holds this one.

## What is not reported
An override that returns something, or that only raises; a `train` with parameters of another kind.

## Fix safety
Safe: `return self` becomes the last statement. Not offered where the method returns early, or takes no `mode`.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from nn_lint.diagnostic import Applicability, Severity, Span
from nn_lint.fixing.build import insert_after
from nn_lint.model.method import Method, names
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.receivers import takes_receiver
from nn_lint.model.syntax import walk
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule

_MODES = frozenset({"mode", "training", "is_train", "train", "flag", "is_training", "train_mode"})


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report a `train` that breaks what `nn.Module` promises of it."""
    method = cls.method("train")
    if not cls.is_module or method is None or method.is_abstract or method.is_static or method.is_class_method:
        return
    parameters = method.parameters[1:]
    returns = list(walk(method.node.body, cst.Return, cst.Yield, into_scopes=False))
    if not parameters and method.parameters and not cls.defines("eval"):
        message = f"`{cls.name}.train` takes no `mode`: `eval()` calls `train(False)` and raises `TypeError`"
        yield Finding(method.name_span, message)
    elif parameters and _is_mode(method) and not any(_gives(node) for node in returns):
        message = f"`{cls.name}.train` returns nothing: `{cls.name}(...).eval()` and `.train()` give `None`"
        repair = None if returns else _repair(cls, method)
        yield Finding(method.name_span, message, repair, Severity.WARNING)


def _is_mode(method: Method) -> bool:
    """Whether the first parameter is the mode: by its name, alone, and not gone through like a data set."""
    first, *others = method.parameters[1:]
    loops = (
        node.iter for node in walk(method.node.body, cst.For, cst.CompFor) if isinstance(node, (cst.For, cst.CompFor))
    )
    gone_through = {name.value for node in loops for name in names(node)}
    return first.name in _MODES and first.name not in gone_through and not any(item.required for item in others)


def _gives(node: cst.CSTNode) -> bool:
    return not isinstance(node, cst.Return) or node.value is not None


def _repair(cls: ModuleClass, method: Method) -> Repair | None:
    if not isinstance(method.node.body, cst.IndentedBlock) or not method.statements or not takes_receiver(cls, method):
        return None
    span = Span(cls.syntax.span(method.statements[0]).start, cls.syntax.span(method.statements[-1]).end)
    return Repair(
        f"Return `{method.receiver}`", (insert_after(cls.syntax.lines, span, (f"return {method.receiver}",)),)
    )


def sieve(facts: ClassFacts, source: str) -> bool:
    """A method of that name."""
    return facts.method("train") is not None


RULE = Rule(
    code="NN513",
    name="train-override",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class Frozen(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.norm = nn.BatchNorm1d(4)
                def forward(self, x):
                    return self.norm(x)
                def train(self, mode=True):  # NN513
                    super().train(mode)
                    if mode:
                        self.norm.eval()
            """,
            fixed="""
            from torch import nn
            class Frozen(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.norm = nn.BatchNorm1d(4)
                def forward(self, x):
                    return self.norm(x)
                def train(self, mode=True):
                    super().train(mode)
                    if mode:
                        self.norm.eval()
                    return self
            """,
        ),
        Example(
            """
            from torch import nn
            class Modeless(nn.Module):
                def forward(self, x):
                    return x
                def train(self):  # NN513
                    self.started = True
                    return super().train()
            class Early(nn.Module):
                def forward(self, x):
                    return x
                def train(self, mode: bool = True):  # NN513
                    if not mode:
                        return
                    super().train(mode)
            """,
        ),
        Example(
            """
            from torch import nn
            class Right(nn.Module):
                def train(self, mode=True):
                    super().train(mode)
                    return self
            class Handed(nn.Module):
                def train(self, mode=True):
                    return super().train(mode)
            class Starred(nn.Module):
                def train(self, *args, **kwargs):
                    super().train(*args, **kwargs)
            class Loop(nn.Module):
                def train(self, loader, epochs):
                    for batch in loader:
                        self(batch)
            class Never(nn.Module):
                def train(self, mode=True):
                    raise NotImplementedError
            class Plain:
                def train(self):
                    pass
            """
        ),
        Example(
            """
            from torch import nn
            class Engine(nn.Module):
                def __init__(self, parts):
                    super().__init__()
                    self.parts = nn.ModuleList(parts)
                def train(self):
                    for part in self.parts:
                        part.train()
                def eval(self):
                    for part in self.parts:
                        part.eval()
            """
        ),
        Example(
            """
            from torch import nn
            class Fitting(nn.Module):
                def train(self, train, validation):
                    self.fit(train)
                    self.check(validation)
            class Learning(nn.Module):
                def train(self, train):
                    for batch in train:
                        self(batch).backward()
            """
        ),
    ),
)
